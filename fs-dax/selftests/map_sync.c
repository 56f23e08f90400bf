// SPDX-License-Identifier: GPL-2.0
/*
 * MAP_SYNC, the promise that a store needs no fsync() to be found again, is
 * given for files on these devices and not for files on the same filesystem
 * without DAX. PMEM_TEST_NODAX_DIR is a directory on one of those; without it the
 * second half is skipped.
 */
#include "dax_file.h"

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

int main(void)
{
	const char *dir;
	char byte = 0;
	int fd, err;

	ksft_print_header();
	fd = dax_file(FILE_SIZE);
	ksft_set_plan(3);

	err = map_sync(fd);
	ksft_test_result(!err, "MAP_SYNC on DAX works (error %d)\n", -err);
	ksft_test_result(pread(fd, &byte, 1, FILE_SIZE - 1) == 1 &&
			 byte == 0x5a, "and the file has what was stored\n");

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
