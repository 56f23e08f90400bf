// SPDX-License-Identifier: GPL-2.0
/*
 * Do mappings that show zero pages see what write() puts into the hole?
 *
 * The blocks may come from write(), from a write fault, or from a small extent that ext4
 * zeroes when a part of it is written. write() must unmap no other page.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "dax_file.h"

#define MAPPINGS	600
#define ROUNDS		100
#define RANGES		16

static size_t page;
static char *stored;
static atomic_int round_begun, round_done;

static void *store(void *arg)
{
	int round;

	(void)arg;
	for (;;) {
		do {
			round = atomic_load(&round_begun);
		} while (round == atomic_load(&round_done));
		if (round < 0)
			return NULL;
		stored[page / 2] = 1;
		atomic_store(&round_done, round);
	}
}

/* A write fault allocates the block; write() fills it before the fault ends. */
static void test_race(void)
{
	static char *maps[MAPPINGS];
	int fd = dax_empty_file(), round, i, stale = 0, all = rounds(ROUNDS);
	pthread_t thread;
	struct stat st;
	uint64_t value;

	if (ftruncate(fd, page))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page) &&
	    errno == EOPNOTSUPP) {
		ksft_test_result_skip("the filesystem punches no holes\n");
		return;
	}
	for (i = 0; i < MAPPINGS; i++) {
		maps[i] = (char *)mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
		if (maps[i] == MAP_FAILED)
			ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	}
	stored = (char *)mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0);
	if (stored == MAP_FAILED || pthread_create(&thread, NULL, store, NULL))
		ksft_exit_fail_msg("no mapping or thread\n");

	for (round = 1; round <= all; round++) {
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			      page))
			ksft_exit_fail_msg("punch: %s\n", strerror(errno));
		for (i = 0; i < MAPPINGS; i++)
			asm volatile("" : : "r" (*maps[i]));
		atomic_store(&round_begun, round);
		do {
			fstat(fd, &st);
		} while (!st.st_blocks);

		value = round | 1ULL << 32;
		if (pwrite(fd, &value, sizeof(value), 0) != sizeof(value))
			ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
		for (i = 0; i < MAPPINGS; i++) {
			if (memcmp(maps[i], &value, sizeof(value))) {
				stale++;
				break;
			}
		}
		while (atomic_load(&round_done) != round)
			;
	}
	atomic_store(&round_begun, -1);
	pthread_join(thread, NULL);
	ksft_test_result(!stale,
			 "no mapping shows a zero page after write() in a write fault (%d of %d rounds do)\n",
			 stale, all);
	close(fd);
}

/*
 * When a page of a small unwritten extent is written, ext4 zeroes the rest of the extent,
 * below the zero pages that are mapped there. A later write() must unmap these and no
 * other page.
 */
static void test_neighbours(void)
{
	size_t size = RANGES * PMD_SIZE, i;
	char *buffer = (char *)malloc(size), *small, *map;
	int fd = dax_file(size), good = 1;
	long before, again;

	if (!buffer)
		ksft_exit_fail_msg("no memory\n");
	memset(buffer, 5, size);
	small = (char *)mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			     fd, 0);
	if (small == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	for (i = 0; i < 8; i++)
		asm volatile("" : : "r" (small[i * page]));
	small[6 * page] = 1;
	map = dax_map(fd, size);
	for (i = 1; i < RANGES; i++)
		map[i * PMD_SIZE] = 1;

	if (pwrite(fd, buffer, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	for (i = 0; i < 8; i++)
		good &= small[i * page] == 5;
	ksft_test_result(good, "zero pages next to a written page show what write() wrote\n");

	if (vm_event("dax_fault_pmd") < 0) {
		ksft_test_result_skip("the kernel does not count dax_fault_pmd\n");
		return;
	}
	/* Map them again: the allocation may have unmapped some. write() must not. */
	for (i = 1; i < RANGES; i++)
		asm volatile("" : : "r" (map[i * PMD_SIZE]));
	before = vm_event("dax_fault_pmd");
	if (pwrite(fd, buffer, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	for (i = 1; i < RANGES; i++)
		asm volatile("" : : "r" (map[i * PMD_SIZE]));
	again = vm_event("dax_fault_pmd") - before;
	ksft_test_result(!again, "write() unmaps no range without zero pages (%ld of %d)\n",
			 again, RANGES - 1);
	close(fd);
}

/* More zero pages than one batch of the kernel, in a file that write() fills. */
static void test_many(void)
{
	size_t pages = 3 * 4096, size = pages * page, i, stale = 0;
	char *buffer = (char *)malloc(size), *map;
	int fd = dax_empty_file();

	if (!buffer || ftruncate(fd, size))
		ksft_exit_fail_msg("%s\n", strerror(errno));
	map = dax_map_small(fd, size);
	memset(buffer, 9, size);
	for (i = 0; i < pages; i++)
		asm volatile("" : : "r" (map[i * page]));
	/* in random order, so that some pages are stored to before the write() */
	for (i = 0; i < pages; i += 64)
		map[i * page] = 1;
	if (pwrite(fd, buffer, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	for (i = 0; i < pages; i++)
		stale += map[i * page] != 9;
	ksft_test_result(!stale, "every page shows what write() wrote (%zu of %zu do not)\n",
			 stale, pages);
	munmap(map, size);
	free(buffer);
	close(fd);
}

int main(void)
{
	ksft_print_header();
	page = sysconf(_SC_PAGESIZE);
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(4);
	test_neighbours();
	test_many();
	test_race();
	ksft_finished();
}
