// SPDX-License-Identifier: GPL-2.0
/*
 * Is a device DAX device mapped in its own pages, with few faults and little memory for
 * page tables, and do mmap(), fork() and madvise() follow its rules?
 *
 * PMEM_TEST_DEV_DAX has at least three pages, of 1 GiB for the real thing.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "dev_dax.h"

/* Faults of the program itself: its own pages may come and go. */
#define OTHER_FAULTS	2

/* Above what one process needs for page tables of 2 GiB of 2 MiB pages. */
#define TABLES_MAX	(16UL << 10)
#define PROCESSES	200

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Bytes of page tables of this process. */
static long page_tables(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmPTE: %ld kB", &kib) == 1)
			break;
	if (kib < 0)
		ksft_exit_fail_msg("no VmPTE in /proc/self/status\n");
	fclose(file);
	return kib << 10;
}

struct cost {
	long faults;
	long tables;
};

/* Map all of the device, store to each 2 MiB, and unmap it. */
static struct cost touch_all(const struct dev_dax *dev, char value)
{
	long faults_before, tables_before = page_tables();
	char *map = map_dev_dax(dev, dev->size, 0);
	struct cost cost;
	size_t at;

	faults_before = faults();
	for (at = 0; at < dev->size; at += PMD_SIZE)
		map[at] = value;
	cost.faults = faults() - faults_before;
	cost.tables = page_tables() - tables_before;
	munmap(map, dev->size);
	return cost;
}

/* The most bytes of page tables: 2 MiB pages need a table for each GiB. */
static long tables_max(const struct dev_dax *dev)
{
	const unsigned long gib = 1UL << 30;

	return TABLES_MAX + (dev->page < gib ? (long)(dev->size / gib) * 4096 : 0);
}

static int is_cheap(const struct dev_dax *dev, const struct cost *cost)
{
	const long pages = dev->size / dev->page;

	if (cost->faults >= pages && cost->faults <= pages + OTHER_FAULTS &&
	    cost->tables <= tables_max(dev))
		return 1;
	ksft_print_msg("%ld faults for %ld pages, %ld bytes of page tables\n",
		       cost->faults, pages, cost->tables);
	return 0;
}

/* Run @body in a child. Returns whether it returned true. */
static int in_child(int (*body)(const struct dev_dax *dev), const struct dev_dax *dev)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child)
		_exit(!body(dev));
	waitpid(child, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static int second_process(const struct dev_dax *dev)
{
	struct cost cost = touch_all(dev, 2);

	return is_cheap(dev, &cost);
}

static void test_cost(const struct dev_dax *dev)
{
	struct cost cost = touch_all(dev, 1);

	ksft_print_msg("%zu MiB in pages of %zu MiB: %ld faults, %ld bytes of page tables\n",
		       dev->size >> 20, dev->page >> 20, cost.faults, cost.tables);
	ksft_test_result(is_cheap(dev, &cost), "one fault maps a page of the device\n");
	ksft_test_result(in_child(second_process, dev),
			 "a second process has the same cost\n");
}

/* Each process holds its mapping until all have one. Returns the sum of page tables. */
static void test_many(const struct dev_dax *dev)
{
	int hold[2], report[2], i, done = 0;
	/* with pages of 4 KiB, a table for each 2 MiB */
	const long small = PROCESSES * (long)(dev->size / PMD_SIZE) * 4096;
	long tables, sum = 0;
	char byte, *map;
	pid_t child;
	size_t at;

	if (pipe(hold) || pipe(report))
		ksft_exit_fail_msg("pipe: %s\n", strerror(errno));
	for (i = 0; i < PROCESSES; i++) {
		child = fork();
		if (child < 0)
			ksft_exit_fail_msg("fork: %s\n", strerror(errno));
		if (child)
			continue;
		close(hold[1]);
		close(report[0]);
		tables = page_tables();
		map = map_dev_dax(dev, dev->size, 0);
		for (at = 0; at < dev->size; at += PMD_SIZE)
			map[at] = 1;
		tables = page_tables() - tables;
		if (write(report[1], &tables, sizeof(tables)) != sizeof(tables))
			_exit(1);
		_exit(read(hold[0], &byte, 1) ? 1 : 0);
	}
	close(hold[0]);
	close(report[1]);
	for (i = 0; i < PROCESSES; i++)
		if (read(report[0], &tables, sizeof(tables)) == sizeof(tables)) {
			sum += tables;
			done++;
		}
	close(hold[1]);
	while (wait(NULL) > 0)
		;
	ksft_test_result(done == PROCESSES && sum <= PROCESSES * tables_max(dev) &&
			 sum <= small / 10,
			 "%d processes map it at once, with %ld bytes of page tables, %ld with small pages\n",
			 done, sum, small);
}

static int fails(int err, int result)
{
	return result == -1 && errno == err;
}

static void test_rules(const struct dev_dax *dev)
{
	char *map, *copy;

	copy = (char *)mmap(NULL, dev->page, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			    dev->fd, 0);
	ksft_test_result(copy == MAP_FAILED && errno == EINVAL,
			 "a private mapping is EINVAL\n");
	map = (char *)mmap(NULL, dev->page - PAGE, PROT_READ, MAP_SHARED, dev->fd, 0);
	ksft_test_result(map == MAP_FAILED && errno == EINVAL,
			 "a mapping of part of a page is EINVAL\n");

	map = (char *)mmap(NULL, 2 * dev->page, PROT_READ | PROT_WRITE,
			   MAP_SHARED_VALIDATE | MAP_SYNC, dev->fd, 0);
	ksft_test_result(map != MAP_FAILED, "MAP_SYNC is accepted\n");
	if (map == MAP_FAILED)
		map = map_dev_dax(dev, 2 * dev->page, 0);
	ksft_test_result(!((uintptr_t)map % dev->page),
			 "mmap() aligns to a page of the device\n");
	map[0] = 3;
	map[dev->page] = 4;
	ksft_test_result(fails(EINVAL, munmap(map + PAGE, PAGE)) && map[0] == 3,
			 "munmap() of part of a page is EINVAL\n");
	ksft_test_result(fails(EINVAL, mprotect(map, PAGE, PROT_READ)) && map[0] == 3,
			 "mprotect() of part of a page is EINVAL\n");
	ksft_test_result(!munmap(map, dev->page) && map[dev->page] == 4,
			 "munmap() of a whole page leaves the next one\n");
	munmap(map + dev->page, dev->page);
}

static char *shared;

static int store_in_child(const struct dev_dax *dev)
{
	shared[dev->page + 1] = 6;
	return shared[0] == 5;
}

static int is_unmapped(const struct dev_dax *dev)
{
	unsigned char vec;

	return fails(ENOMEM, mincore(shared, dev->page, &vec));
}

static void test_fork(const struct dev_dax *dev)
{
	shared = map_dev_dax(dev, 2 * dev->page, 0);
	shared[0] = 5;
	ksft_test_result(in_child(store_in_child, dev) && shared[dev->page + 1] == 6,
			 "parent and child of a fork share the mapping\n");
	madvise(shared, 2 * dev->page, MADV_DONTFORK);
	ksft_test_result(in_child(is_unmapped, dev), "after MADV_DONTFORK the child has none\n");
	munmap(shared, 2 * dev->page);
}

static void test_madvise(const struct dev_dax *dev)
{
	char *map = map_dev_dax(dev, dev->size, 0);
	long before;
	size_t at;

	map[0] = 7;
	ksft_test_result(!madvise(map, dev->page, MADV_DONTNEED) && map[0] == 7,
			 "MADV_DONTNEED drops the mapping, and no data\n");
	ksft_test_result(madvise(map, dev->page, MADV_REMOVE) && map[0] == 7,
			 "MADV_REMOVE fails\n");
	ksft_test_result(madvise(map, dev->page, MADV_FREE) && map[0] == 7,
			 "MADV_FREE fails\n");
	madvise(map, dev->size, MADV_DONTNEED);
	if (madvise(map, dev->size, MADV_POPULATE_WRITE)) {
		ksft_test_result_fail("MADV_POPULATE_WRITE: %s\n", strerror(errno));
	} else {
		before = faults();
		for (at = 0; at < dev->size; at += PMD_SIZE)
			map[at] = 8;
		ksft_test_result(faults() - before <= OTHER_FAULTS,
				 "after MADV_POPULATE_WRITE no store faults\n");
	}
	munmap(map, dev->size);
}

int main(void)
{
	struct dev_dax dev;

	ksft_print_header();
	dev = open_dev_dax();
	if (dev.size <= OTHER_FAULTS * dev.page)
		ksft_exit_skip("the device has less than three pages\n");
	ksft_set_plan(16);
	test_cost(&dev);
	test_many(&dev);
	test_rules(&dev);
	test_fork(&dev);
	test_madvise(&dev);
	close(dev.fd);
	ksft_finished();
}
