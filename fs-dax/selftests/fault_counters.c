// SPDX-License-Identifier: GPL-2.0
/*
 * Do the DAX fault counters in /proc/vmstat count each fault once, in the right counter?
 *
 * They count for the whole machine, so nothing else may map DAX files meanwhile.
 */
#include "dax_file.h"

#define RANGES		4
#define FILE_SIZE	(RANGES * PMD_SIZE)

enum { PTE, PMD, PMD_FALLBACK, COUNTERS };

static const char * const names[COUNTERS] = {
	"dax_fault_pte", "dax_fault_pmd", "dax_fault_pmd_fallback",
};

static long before[COUNTERS];

static void start(void)
{
	int i;

	for (i = 0; i < COUNTERS; i++)
		before[i] = vm_event(names[i]);
}

/*
 * Whether the counters have gone up by these numbers since start(). A fault that falls
 * back under the VMA lock is repeated under mmap_lock, and falls back again.
 */
static void went_up(long pte, long pmd, long fallback,
		    const char *what)
{
	const long expected[COUNTERS] = { pte, pmd, fallback };
	int i, good = 1;

	for (i = 0; i < COUNTERS; i++) {
		long change = vm_event(names[i]) - before[i];

		if (change == expected[i] ||
		    (i == PMD_FALLBACK && change == 2 * expected[i]))
			continue;
		ksft_print_msg("%s went up by %ld, not %ld\n", names[i], change,
			       expected[i]);
		good = 0;
	}
	ksft_test_result(good, "%s\n", what);
}

static void touch_ranges(char *map, int write)
{
	size_t offset;

	for (offset = 0; offset < FILE_SIZE; offset += PMD_SIZE) {
		if (write)
			map[offset] = 1;
		else
			asm volatile("" : : "r" (map[offset]));
	}
}

static void test_private(int fd)
{
	char *map = dax_map(fd, FILE_SIZE);

	/* in the place of the shared one, which is aligned */
	map = (char *)mmap(map, FILE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	start();
	map[0] = 2;
	went_up(0, 0, 1, "a private copy counts as a fallback only");
	munmap(map, FILE_SIZE);
}

static void test_hole(void)
{
	int fd = dax_file(PMD_SIZE);
	char *map;

	if (ftruncate(fd, 0) || ftruncate(fd, PMD_SIZE))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	map = dax_map(fd, PMD_SIZE);
	start();
	asm volatile("" : : "r" (*map));
	went_up(0, 1, 0, "a read of a hole counts as a fault of 2 MiB");
	munmap(map, PMD_SIZE);
	close(fd);
}

static void test_sync(void)
{
	int fd = aligned_dax_file(FILE_SIZE);
	char *map = dax_map(fd, FILE_SIZE);

	map = (char *)mmap(map, FILE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED_VALIDATE | MAP_SYNC | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	start();
	touch_ranges(map, 1);
	went_up(0, RANGES, 0, "a MAP_SYNC fault of 2 MiB counts once");
	munmap(map, FILE_SIZE);
	close(fd);
}

int main(void)
{
	char *map;
	int fd;

	ksft_print_header();
	need_fault_counters();
	fd = aligned_dax_file(FILE_SIZE);
	ksft_set_plan(6);

	map = dax_map(fd, FILE_SIZE);
	start();
	touch_ranges(map, 1);
	went_up(0, RANGES, 0, "a fault of an aligned range counts as one of 2 MiB");
	start();
	touch_ranges(map, 1);
	went_up(0, 0, 0, "a store to a mapped page counts as no fault");
	munmap(map, FILE_SIZE);

	map = dax_map_small(fd, FILE_SIZE);
	start();
	touch_ranges(map, 0);
	went_up(RANGES, 0, RANGES,
		"a fault of a misaligned mapping counts as a fallback and as one of 4 KiB");
	munmap(map, FILE_SIZE);

	test_private(fd);
	test_hole();
	test_sync();
	ksft_finished();
}
