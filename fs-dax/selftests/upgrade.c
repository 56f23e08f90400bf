// SPDX-License-Identifier: GPL-2.0
/*
 * Can a range that was mapped in 4 KiB pages be mapped in a 2 MiB page later?
 *
 * The next mapping that can use 2 MiB pages gets them, with the same bytes.
 */
#include <sys/uio.h>

#include "dax_file.h"

#define RANGES		4
#define FILE_SIZE	(RANGES * PMD_SIZE)
#define TRACING		"/sys/kernel/tracing/"

static size_t page;

static char mark(size_t offset)
{
	return 1 + offset / page % 251;
}

/* A file of written blocks, not only of unwritten ones. */
static int written_file(void)
{
	int fd = aligned_dax_file(FILE_SIZE);
	char *zeroes = (char *)calloc(1, FILE_SIZE);

	if (!zeroes || pwrite(fd, zeroes, FILE_SIZE, 0) != (ssize_t)FILE_SIZE)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	free(zeroes);
	return fd;
}

/* Store to @pages pages of each PMD range, starting at @first, through 4 KiB pages. */
static void enter_small(int fd, size_t first, size_t pages)
{
	char *map = dax_map_small(fd, FILE_SIZE);
	size_t range, i, offset;

	for (range = 0; range < FILE_SIZE; range += PMD_SIZE) {
		for (i = first; i < first + pages; i++) {
			offset = range + i * page;
			map[offset] = mark(offset);
		}
	}
	if (huge_bytes(map, FILE_SIZE))
		ksft_exit_fail_msg("the misaligned mapping has huge pages\n");
	munmap(map, FILE_SIZE);
}

static int marks_are_there(const char *map, size_t first, size_t pages)
{
	size_t range, i, offset;

	for (range = 0; range < FILE_SIZE; range += PMD_SIZE) {
		for (i = 0; i < PMD_SIZE / page; i++) {
			offset = range + i * page;
			if (map[offset] == (i >= first && i < first + pages ?
					    mark(offset) : 0))
				continue;
			ksft_print_msg("byte %zu is %d\n", offset, map[offset]);
			return 0;
		}
	}
	return 1;
}

/* Read or write one byte of each PMD range. */
static void touch(char *map, int write)
{
	size_t range;

	for (range = 0; range < FILE_SIZE; range += PMD_SIZE) {
		char *byte = map + range + PMD_SIZE - 1;

		if (write)
			*byte = 7;
		else
			asm volatile("" : : "r" (*byte));
	}
}

static void test_upgrade(size_t first, size_t pages, const char *what)
{
	int fd = written_file();
	long pmd, fallback;
	char *map;

	enter_small(fd, first, pages);
	pmd = vm_event("dax_fault_pmd");
	fallback = vm_event("dax_fault_pmd_fallback");
	map = dax_map(fd, FILE_SIZE);
	touch(map, 0);
	ksft_test_result(huge_bytes(map, FILE_SIZE) == FILE_SIZE &&
			 vm_event("dax_fault_pmd") == pmd + RANGES &&
			 vm_event("dax_fault_pmd_fallback") == fallback &&
			 marks_are_there(map, first, pages),
			 "%s: data intact, %zu of %lu bytes in 2 MiB pages\n",
			 what, huge_bytes(map, FILE_SIZE), FILE_SIZE);
	munmap(map, FILE_SIZE);
	close(fd);
}

/* The other mapping can use 4 KiB pages only, and sees the same bytes. */
static void test_other_mapping(void)
{
	int fd = written_file();
	char *small = dax_map_small(fd, FILE_SIZE), *map;
	size_t offset;
	int good = 1;

	for (offset = 0; offset < FILE_SIZE; offset += page)
		small[offset] = 3;
	map = dax_map(fd, FILE_SIZE);
	touch(map, 1);
	good = huge_bytes(map, FILE_SIZE) == FILE_SIZE;
	for (offset = 0; offset < FILE_SIZE; offset += page) {
		good &= small[offset] == 3;
		small[offset] = 4;
		good &= map[offset] == 4;
	}
	good &= huge_bytes(map, FILE_SIZE) == FILE_SIZE;
	ksft_test_result(good, "a 4 KiB mapping in use sees the same bytes after the upgrade\n");
	munmap(small, FILE_SIZE);
	munmap(map, FILE_SIZE);
	close(fd);
}

/* A write fault converts unwritten blocks, a read fault does not. */
static void test_unwritten(void)
{
	int fd = aligned_dax_file(FILE_SIZE);
	char *map;

	enter_small(fd, 3, 2);
	map = dax_map(fd, FILE_SIZE);
	touch(map, 0);
	ksft_test_result(!huge_bytes(map, FILE_SIZE) && marks_are_there(map, 3, 2),
			 "a read fault upgrades no unwritten blocks\n");
	munmap(map, FILE_SIZE);

	map = dax_map(fd, FILE_SIZE);
	touch(map, 1);
	ksft_test_result(huge_bytes(map, FILE_SIZE) == FILE_SIZE && map[3 * page] &&
			 !map[100 * page] && map[PMD_SIZE - 1] == 7,
			 "a write fault upgrades unwritten blocks: %zu of %lu bytes in 2 MiB pages\n",
			 huge_bytes(map, FILE_SIZE), FILE_SIZE);
	munmap(map, FILE_SIZE);
	close(fd);
}

/* A hole in the range prevents the upgrade, and is not allocated. */
static void test_hole(void)
{
	int fd = written_file();
	struct stat before, after;
	char *map;

	enter_small(fd, 0, 1);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      PMD_SIZE / 2, 2 * page))
		ksft_exit_fail_msg("punch hole: %s\n", strerror(errno));
	fstat(fd, &before);
	map = dax_map(fd, FILE_SIZE);
	map[0] = 1;
	fstat(fd, &after);
	ksft_test_result(!huge_bytes(map, PMD_SIZE) &&
			 before.st_blocks == after.st_blocks,
			 "a range with a hole is not upgraded, and the hole stays\n");
	munmap(map, FILE_SIZE);
	close(fd);
}

static void test_pinned(void)
{
	int fd = written_file(), ends[2];
	char *small, *map;
	struct iovec vec;
	size_t huge, pin = PMD_SIZE + 5 * page;

	enter_small(fd, 0, PMD_SIZE / page);
	small = dax_map_small(fd, FILE_SIZE);
	vec.iov_base = small + pin;
	vec.iov_len = page;
	asm volatile("" : : "r" (small[pin]));
	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)page)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));

	/* kernels whose DAX pages are folios leave the pinned one as it is */
	map = dax_map(fd, FILE_SIZE);
	touch(map, 1);
	huge = huge_bytes(map, FILE_SIZE);
	ksft_test_result(huge >= FILE_SIZE - PMD_SIZE && map[pin] == mark(pin) &&
			 map[PMD_SIZE - 1] == 7,
			 "data intact with a pinned page, %zu of %lu bytes in 2 MiB pages\n",
			 huge, FILE_SIZE);
	close(ends[0]);
	close(ends[1]);
	munmap(map, FILE_SIZE);
	map = dax_map(fd, FILE_SIZE);
	touch(map, 1);
	huge = huge_bytes(map, FILE_SIZE);
	ksft_test_result(huge == FILE_SIZE && map[pin] == mark(pin),
			 "without the pin, all is upgraded: %zu of %lu bytes\n",
			 huge, FILE_SIZE);
	munmap(map, FILE_SIZE);
	munmap(small, FILE_SIZE);
	close(fd);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t len = -1;

	if (fd >= 0) {
		len = write(fd, text, strlen(text));
		close(fd);
	}
	return len == (ssize_t)strlen(text);
}

/* Pages that the tracepoint has reported as written back. */
static unsigned long pages_written(void)
{
	unsigned long sum = 0;
	char line[512], *at;
	FILE *file;

	file = fopen(TRACING "trace", "r");
	while (file && fgets(line, sizeof(line), file)) {
		at = strstr(line, "dax_writeback_one:");
		at = at ? strstr(at, "pglen ") : NULL;
		if (at)
			sum += strtoul(at + 6, NULL, 0);
	}
	if (file)
		fclose(file);
	return sum;
}

/*
 * One page of each range is dirty when a read fault upgrades it. fsync() must then
 * write back the whole PMD entry; the tracepoint reports what it wrote.
 */
static void test_fsync(void)
{
	const char *what = "fsync() writes back what was dirty before the upgrade";
	int fd = written_file();
	unsigned long first, second;
	char *map;

	if (!write_file(TRACING "events/fs_dax/dax_writeback_one/enable", "1")) {
		ksft_test_result_skip("%s: no tracefs\n", what);
		return;
	}
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	enter_small(fd, 9, 1);
	map = dax_map(fd, FILE_SIZE);
	touch(map, 0);
	write_file(TRACING "trace", "");
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	first = pages_written();
	write_file(TRACING "trace", "");
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	second = pages_written();
	write_file(TRACING "events/fs_dax/dax_writeback_one/enable", "0");
	ksft_test_result(huge_bytes(map, FILE_SIZE) == FILE_SIZE &&
			 first == FILE_SIZE / page && second == 0,
			 "%s: %lu pages, then %lu\n", what, first, second);
	munmap(map, FILE_SIZE);
	close(fd);
}

/* Does the filesystem on @device support upgrades? */
static int may_upgrade(const char *device)
{
	const char *slash = strrchr(device, '/');
	char path[128];

	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/dax_upgrade",
		 slash ? slash + 1 : device);
	return !access(path, F_OK);
}

int main(void)
{
	ksft_print_header();
	page = sysconf(_SC_PAGESIZE);
	test_variable("PMEM_TEST_DIR");
	if (!may_upgrade(test_variable("PMEM_TEST_DEV")))
		ksft_exit_skip("the filesystem does not support upgrades\n");
	need_fault_counters();
	ksft_set_plan(10);

	test_upgrade(0, PMD_SIZE / page, "all pages stored to, then upgraded");
	test_upgrade(0, PMD_SIZE / page - 1, "all but one page stored to, then upgraded");
	test_upgrade(100, 1, "one page stored to, then upgraded");
	test_unwritten();
	test_other_mapping();
	test_hole();
	test_pinned();
	test_fsync();
	ksft_finished();
}
