// SPDX-License-Identifier: GPL-2.0
/*
 * Is a fallocated file mapped in 2 MiB pages wherever its blocks allow it?
 *
 * The blocks of a PMD range must be contiguous on the device and aligned to 2 MiB in memory.
 */
#include "dax_file.h"

#define FILE_SIZE	(8UL << 20)

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

	/* using the sum keeps the compiler from dropping the reads */
	huge = huge_bytes(map, FILE_SIZE);
	ksft_test_result(huge == FILE_SIZE && sum == (write ? 0 : nr),
			 "PMD ranges are mapped in 2 MiB pages: %zu of %zu when %s\n",
			 huge / PMD_SIZE, nr, how);
	munmap(map, FILE_SIZE);
}

int main(void)
{
	char *map;
	int fd;

	ksft_print_header();
	fd = aligned_dax_file(FILE_SIZE);
	ksft_set_plan(3);

	touch_and_count(fd, 1, "written");
	touch_and_count(fd, 0, "read");

	/* a page is not huge before it is touched, so this must be 0 */
	map = dax_map(fd, FILE_SIZE);
	ksft_test_result(huge_bytes(map, FILE_SIZE) == 0,
			 "a new mapping has no huge pages before a page is touched\n");
	ksft_finished();
}
