// SPDX-License-Identifier: GPL-2.0
/*
 * Is MAP_SYNC granted for DAX files, and refused on a filesystem without DAX?
 *
 * MAP_SYNC promises that a store survives a crash without fsync(). PMEM_TEST_NODAX_DIR is
 * a directory on a filesystem without DAX; if it is not set, the last test is skipped.
 */
#include "dax_file.h"

#include <sys/resource.h>

#define FILE_SIZE	(2UL << 20)

static int map_sync(int fd)
{
	char *map = (char *)mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	memset(map, 0x5a, FILE_SIZE);
	munmap(map, FILE_SIZE);
	return 0;
}

static long faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		ksft_exit_fail_msg("getrusage: %s\n", strerror(errno));
	return usage.ru_minflt + usage.ru_majflt;
}

/*
 * Store through a MAP_SYNC mapping of 4 KiB pages to a range that another mapping has
 * as a huge page, each time with file metadata to commit.
 */
static void test_huge_page(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const int stores = 64;
	int fd = aligned_dax_file(PMD_SIZE), i;
	char *huge = dax_map(fd, PMD_SIZE), *small = dax_map_small(fd, PMD_SIZE);
	long before;

	memset(huge, 1, PMD_SIZE);
	if (huge_bytes(huge, PMD_SIZE) != PMD_SIZE) {
		ksft_test_result_skip("the filesystem has no huge page for the file\n");
		return;
	}
	if (mmap(small, PMD_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED_VALIDATE | MAP_SYNC | MAP_FIXED, fd, 0) == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	/* warm up, so that the first calls do not count */
	if (pwrite(fd, "", 1, PMD_SIZE + 2 * stores * page) != 1)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	small[stores * page] = 2;

	before = faults();
	for (i = 0; i < stores; i++) {
		if (pwrite(fd, "", 1, PMD_SIZE + 2 * i * page) != 1)
			ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
		small[i * page] = 2;
	}
	ksft_test_result(faults() - before == stores,
			 "a MAP_SYNC store through a 4 KiB mapping faults once: %d stores, %ld faults\n",
			 stores, faults() - before);
}

int main(void)
{
	const char *dir;
	char byte = 0;
	int fd, err;

	ksft_print_header();
	fd = dax_file(FILE_SIZE);
	ksft_set_plan(4);

	err = map_sync(fd);
	ksft_test_result(!err, "MAP_SYNC on DAX works (error %d)\n", -err);
	ksft_test_result(pread(fd, &byte, 1, FILE_SIZE - 1) == 1 &&
			 byte == 0x5a, "read() returns what a MAP_SYNC mapping stored\n");
	test_huge_page();

	dir = getenv("PMEM_TEST_NODAX_DIR");
	if (!dir) {
		ksft_test_result_skip("PMEM_TEST_NODAX_DIR is not set\n");
	} else {
		fd = open(dir, O_RDWR | O_TMPFILE, 0600);
		if (fd < 0 || ftruncate(fd, FILE_SIZE))
			ksft_exit_fail_msg("%s: %s\n", dir, strerror(errno));
		err = map_sync(fd);
		ksft_test_result(err == -EOPNOTSUPP,
				 "MAP_SYNC without DAX is refused (error %d)\n",
				 -err);
	}
	ksft_finished();
}
