// SPDX-License-Identifier: GPL-2.0
/*
 * Are adjacent blocks of a device adjacent in physical memory?
 *
 * The distance between the address of a block and its offset on the device is the same
 * for every block of a file.
 */
#include "dax_file.h"

#define FILES		4
#define FILE_SIZE	(4UL << 20)

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE), offset, strays = 0;
	uint64_t base = 0, address;
	char *map;
	int i, fd;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(1);

	for (i = 0; i < FILES; i++) {
		fd = dax_file(FILE_SIZE);
		map = dax_map(fd, FILE_SIZE);
		for (offset = 0; offset < FILE_SIZE; offset += page) {
			map[offset] = 1;
			address = physical_address(map + offset) -
				  file_to_device(fd, offset);
			if (!base)
				base = address;
			strays += address != base;
		}
	}

	ksft_test_result(!strays,
			 "%zu blocks of %d files have the same distance (%zu do not)\n",
			 FILES * FILE_SIZE / page, FILES, strays);
	ksft_finished();
}
