// SPDX-License-Identifier: GPL-2.0
/*
 * Does read() see zeroes in unwritten blocks while a fault converts them?
 *
 * The blocks hold old data, perhaps of another file, until the filesystem has zeroed
 * them.
 */
#include <pthread.h>

#include "dax_file.h"

#define OLD	0xa5

static int file;
static int running;
static long stale;

static void *read_last_page(void *unused)
{
	unsigned char page[4096];
	size_t i;

	(void)unused;
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		if (pread(file, page, sizeof(page), PMD_SIZE - sizeof(page)) !=
		    (ssize_t)sizeof(page))
			ksft_exit_fail_msg("pread: %s\n", strerror(errno));
		for (i = 0; i < sizeof(page) && !page[i]; i++)
			;
		stale += i < sizeof(page);
	}
	return NULL;
}

int main(void)
{
	int stop = rounds(300);
	int round, bad = 0, huge = 0;
	char *old, *map;
	pthread_t reader;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(1);
	file = aligned_dax_file(PMD_SIZE);
	map = dax_map(file, PMD_SIZE);
	old = (char *)malloc(PMD_SIZE);
	if (!old)
		ksft_exit_fail_msg("malloc: %s\n", strerror(errno));
	memset(old, OLD, PMD_SIZE);

	for (round = 0; round < stop; round++) {
		if (pwrite(file, old, PMD_SIZE, 0) != (ssize_t)PMD_SIZE)
			ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
		if (fallocate(file, FALLOC_FL_ZERO_RANGE, 0, PMD_SIZE))
			ksft_exit_skip("no FALLOC_FL_ZERO_RANGE: %s\n", strerror(errno));
		stale = 0;
		__atomic_store_n(&running, 1, __ATOMIC_RELEASE);
		errno = pthread_create(&reader, NULL, read_last_page, NULL);
		if (errno)
			ksft_exit_fail_msg("pthread_create: %s\n", strerror(errno));
		usleep(1000);
		__atomic_store_n(map, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&running, 0, __ATOMIC_RELEASE);
		pthread_join(reader, NULL);
		bad += stale != 0;
		huge += huge_bytes(map, PMD_SIZE) == PMD_SIZE;
	}
	ksft_print_msg("%d of %d faults map 2 MiB\n", huge, stop);
	ksft_test_result(!bad, "read() sees no old data (%d of %d rounds do)\n", bad, stop);
	ksft_finished();
}
