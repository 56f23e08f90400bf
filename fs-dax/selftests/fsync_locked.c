// SPDX-License-Identifier: GPL-2.0
/*
 * Does fsync() write back a page while another thread faults on it?
 *
 * Writeback write-protects the page, so the next store after fsync() must fault.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "dax_file.h"

#define ROUNDS	300

static int fd;
static atomic_int stop, pause_reader, paused;

static void *reader(void *arg)
{
	char *map = dax_map(fd, PMD_SIZE);

	(void)arg;
	while (!atomic_load(&stop)) {
		if (atomic_load(&pause_reader)) {
			atomic_store(&paused, 1);
			while (atomic_load(&pause_reader))
				;
			atomic_store(&paused, 0);
		}
		madvise(map, PMD_SIZE, MADV_DONTNEED);
		asm volatile("" : : "r" (map[PMD_SIZE / 2]));
	}
	return NULL;
}

static long faults(void)
{
	return vm_event("dax_fault_pmd") + vm_event("dax_fault_pte");
}

int main(void)
{
	int i, missed = 0, all = rounds(ROUNDS);
	pthread_t thread;
	long before;
	char *map;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	need_fault_counters();
	ksft_set_plan(1);
	fd = dax_file(PMD_SIZE);
	map = dax_map(fd, PMD_SIZE);
	map[0] = 1;
	if (pthread_create(&thread, NULL, reader, NULL))
		ksft_exit_fail_msg("no thread\n");

	for (i = 0; i < all; i++) {
		map[8] = i;
		if (fsync(fd))
			ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
		/* only this thread may fault now */
		atomic_store(&pause_reader, 1);
		while (!atomic_load(&paused))
			;
		before = faults();
		map[8] = i + 1;
		missed += faults() == before;
		atomic_store(&pause_reader, 0);
		while (atomic_load(&paused))
			;
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	ksft_test_result(!missed, "fsync() leaves no page writable (%d of %d rounds do)\n",
			 missed, all);
	ksft_finished();
}
