// SPDX-License-Identifier: GPL-2.0
/*
 * A shared mapping of a fallocated file is made of 2 MiB pages wherever the
 * filesystem laid the file out for it: 2 MiB in one piece, and at the same
 * offset from a 2 MiB border in the file and in memory.
 *
 * Where a file lands is the filesystem's choice, and it does not promise
 * alignment. So this fills the space up to the next border and tries again,
 * until it has a file that is aligned throughout.
 */
#include "dax_file.h"

#define MAX_FILES	64
#define FILE_SIZE	(8UL << 20)

/* The device itself starts on a 2 MiB border, so device offsets will do. */
static size_t windows(int fd, size_t size)
{
	size_t offset, nr = 0;

	for (offset = 0; offset < size; offset += PMD_SIZE) {
		struct fiemap_extent extent = file_extent(fd, offset, PMD_SIZE);

		nr += file_to_device(fd, offset) % PMD_SIZE == 0 &&
		      extent.fe_logical + extent.fe_length >= offset + PMD_SIZE;
	}
	return nr;
}

static int aligned_file(void)
{
	int fd, i;

	for (i = 0; i < MAX_FILES; i++) {
		fd = dax_file(FILE_SIZE);
		if (windows(fd, FILE_SIZE) == FILE_SIZE / PMD_SIZE) {
			ksft_print_msg("file %d is aligned\n", i);
			return fd;
		}
		/* all of it but what lies before the border; stays open */
		if (ftruncate(fd, PMD_SIZE - file_to_device(fd, 0) % PMD_SIZE))
			ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	}
	ksft_exit_skip("none of %d files is aligned\n", MAX_FILES);
}

static void touch_and_count(int fd, int write, const char *how)
{
	size_t nr = FILE_SIZE / PMD_SIZE, offset, huge, sum = 0;
	char *map = dax_map(fd, FILE_SIZE);

	for (offset = 0; offset < FILE_SIZE; offset += PMD_SIZE) {
		if (write)
			map[offset] = 1;
		else
			sum += map[offset];
	}

	/* the sum is also what keeps the compiler from leaving the reads out */
	huge = huge_bytes(map, FILE_SIZE);
	ksft_test_result(huge == FILE_SIZE && sum == (write ? 0 : nr),
			 "%zu of %zu mappings are of 2 MiB when %s\n",
			 huge / PMD_SIZE, nr, how);
	munmap(map, FILE_SIZE);
}

int main(void)
{
	char *map;
	int fd;

	ksft_print_header();
	fd = aligned_file();
	ksft_set_plan(3);

	touch_and_count(fd, 1, "written");
	touch_and_count(fd, 0, "read");

	/* that the count can be zero: a page is not huge before it is touched */
	map = dax_map(fd, FILE_SIZE);
	ksft_test_result(huge_bytes(map, FILE_SIZE) == 0,
			 "nothing is mapped before it is touched\n");
	ksft_finished();
}
