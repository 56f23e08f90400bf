// SPDX-License-Identifier: GPL-2.0
/*
 * Does poison in a device DAX device cost a program one SIGBUS, with the address and the
 * size of the large page, and nothing else of the device?
 *
 * Needs root, CONFIG_MEMORY_FAILURE, and two pages in PMEM_TEST_DEV_DAX.
 */
#include "dev_dax.h"
#include "poison.h"

int main(void)
{
	char *map, *lost;
	struct dev_dax dev;
	int code;

	ksft_print_header();
	dev = open_dev_dax();
	survive_sigbus();
	map = map_dev_dax(&dev, 2 * dev.page, 0);
	map[0] = 1;
	map[dev.page] = 2;
	map[2 * dev.page - 1] = 3;
	lost = map + dev.page;

	code = poison_mapping(lost + 3 * PAGE);
	if (code < 0)
		ksft_exit_skip("MADV_HWPOISON: %s\n", strerror(errno));

	ksft_set_plan(3);
	ksft_test_result(code == BUS_MCEERR_AR && signal_address == lost &&
			 dev.page >> signal_shift == 1,
			 "SIGBUS names the large page (%d, %td, %d)\n", code,
			 (char *)signal_address - map, signal_shift);
	ksft_test_result(!touch(map) && map[0] == 1,
			 "the large page before it can be touched\n");
	ksft_test_result(!touch(map + dev.page) && map[dev.page] == 2 &&
			 map[2 * dev.page - 1] == 3,
			 "so can the rest of that page\n");
	munmap(map, 2 * dev.page);
	close(dev.fd);
	ksft_finished();
}
