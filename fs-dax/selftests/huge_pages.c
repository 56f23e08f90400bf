// SPDX-License-Identifier: GPL-2.0
/*
 * A shared mapping of a fallocated file is made of 2 MiB pages wherever the
 * filesystem laid the file out for it: 2 MiB in one piece, and at the same
 * offset from a 2 MiB border in the file and in memory.
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
	fd = aligned_dax_file(FILE_SIZE);
	ksft_set_plan(3);

	touch_and_count(fd, 1, "written");
	touch_and_count(fd, 0, "read");

	/* that the count can be zero: a page is not huge before it is touched */
	map = dax_map(fd, FILE_SIZE);
	ksft_test_result(huge_bytes(map, FILE_SIZE) == 0,
			 "nothing is mapped before it is touched\n");
	ksft_finished();
}
