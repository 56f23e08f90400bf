// SPDX-License-Identifier: GPL-2.0
/*
 * However blocks come to a file, the file is mapped in 2 MiB pages.
 *
 * Each way of making a file of whole 2 MiB windows is tried; then each window is
 * stored to once through an aligned mapping, and PAGEMAP_SCAN and /proc/vmstat
 * say how many of them are in 2 MiB pages. A file that begins small may have its
 * first window where small files are.
 *
 * On an empty filesystem much of that is so by luck. So it is all done again
 * when the free space is in pieces that begin and end anywhere, of four or five
 * windows each. Then much of it is in half empty chunks, and the first two ranges of
 * a file that is written without its size being known are put there.
 *
 * ext4 does it as long as mb_dax_pmd in sysfs is 1. The last test sets it to
 * 0: what it is good for has to be seen, too.
 */
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "dax_file.h"

#define MIB		(1024UL * 1024)
#define MAX_FILES	8
/* of a file, at most, where PMEM_TEST_QUICK is set */
#define QUICK_SIZE	(8 * MIB)
/* what is free between two pages that are not, and how much that varies */
#define GAP		(8 * MIB)
#define GAP_SPREAD	(4 * MIB)
/* for what the filesystem itself needs meanwhile; ext4 reserves up to 16 MiB */
#define LEFT_FREE	(20 * MIB)

static size_t page;
static char *buffer;

struct way {
	const char *name;
	/* gives @nr empty files @size bytes each */
	void (*make)(const int *fds, int nr, size_t size);
	size_t size;
	int files;
	/* how many windows of each file need not be huge, and if free space is in pieces */
	size_t lost, lost_in_pieces;
};

/* Stores to all windows. Returns how many of them are not in huge pages then. */
static size_t lost_windows(int fd, size_t size)
{
	long events = vm_event("dax_fault_pmd");
	size_t offset, huge;
	char *map = dax_map(fd, size);

	for (offset = 0; offset < size; offset += PMD_SIZE)
		map[offset] = 1;
	huge = huge_bytes(map, size) / PMD_SIZE;
	munmap(map, size);

	if (events >= 0) {
		events = vm_event("dax_fault_pmd") - events;
		if (events != (long)huge)
			ksft_exit_fail_msg("%zu windows are huge, dax_fault_pmd says %ld\n",
					   huge, events);
	}
	return size / PMD_SIZE - huge;
}

static void write_at(int fd, size_t length, off_t offset)
{
	if (pwrite(fd, buffer, length, offset) != (ssize_t)length)
		ksft_exit_fail_msg("write %zu bytes at %lld: %s\n", length,
				   (long long)offset, strerror(errno));
}

static void set_size(int fd, size_t size)
{
	if (ftruncate(fd, size))
		ksft_exit_fail_msg("ftruncate to %zu: %s\n", size,
				   strerror(errno));
}

static void change(int fd, int mode, size_t offset, size_t length)
{
	if (fallocate(fd, mode, offset, length))
		ksft_exit_fail_msg("fallocate mode %#x at %zu: %s\n", mode,
				   offset, strerror(errno));
}

static void by_fallocate(const int *fds, int nr, size_t size)
{
	int i;

	for (i = 0; i < nr; i++)
		change(fds[i], 0, 0, size);
}

/* By turns, if there are several. */
static void append(const int *fds, int nr, size_t from, size_t to, size_t step)
{
	size_t offset;
	int i;

	for (offset = from; offset < to; offset += step)
		for (i = 0; i < nr; i++)
			write_at(fds[i], step, offset);
}

static void by_large_writes(const int *fds, int nr, size_t size)
{
	append(fds, nr, 0, size, MIB);
}

static void by_appends(const int *fds, int nr, size_t size)
{
	append(fds, nr, 0, size, page);
}

static void by_processes(const int *fds, int nr, size_t size)
{
	int i, status, failed = 0;

	for (i = 0; i < nr; i++) {
		pid_t child = fork();

		if (child < 0)
			ksft_exit_fail_msg("fork: %s\n", strerror(errno));
		if (!child) {
			append(fds + i, 1, 0, size, page);
			_exit(0);
		}
	}
	for (i = 0; i < nr; i++)
		failed |= wait(&status) < 0 || status;
	if (failed)
		ksft_exit_fail_msg("a process could not append\n");
}

static void backwards(const int *fds, int nr, size_t size)
{
	size_t offset;
	int i;

	for (offset = size; offset > 0; offset -= page)
		for (i = 0; i < nr; i++)
			write_at(fds[i], page, offset - page);
}

/*
 * Each page of the file once, in an order that looks random: an odd factor
 * leaves no page out, as the number of pages is a power of two.
 */
static size_t shuffled(size_t i, size_t size)
{
	return (i * 2654435761U + 12345) % (size / page) * page;
}

static void at_random(const int *fds, int nr, size_t size)
{
	size_t i;
	int file;

	for (file = 0; file < nr; file++) {
		set_size(fds[file], size);
		for (i = 0; i < size / page; i++)
			write_at(fds[file], page, shuffled(i, size));
	}
}

static void at_random_after_the_last(const int *fds, int nr, size_t size)
{
	size_t i;
	int file;

	for (file = 0; file < nr; file++) {
		write_at(fds[file], page, size - page);
		for (i = 0; i < size / page; i++)
			write_at(fds[file], page, shuffled(i, size));
	}
}

/* The test itself stores to each window first. */
static void by_faults(const int *fds, int nr, size_t size)
{
	int i;

	for (i = 0; i < nr; i++)
		set_size(fds[i], size);
}

/*
 * A page at a time, through a mapping that cannot have huge pages. What was
 * mapped so is remembered as small by the file, and would stay so; a range that
 * is inserted and taken away again makes it forget, and leaves the blocks.
 */
static void by_small_faults(const int *fds, int nr, size_t size)
{
	size_t offset;
	char *map;
	int i;

	for (i = 0; i < nr; i++) {
		set_size(fds[i], size);
		map = dax_map(fds[i], size + page);
		map = (char *)mmap(map + page, size, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fds[i], 0);
		if (map == MAP_FAILED)
			ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
		for (offset = 0; offset < size; offset += page)
			map[offset] = 1;
		munmap(map - page, size + page);
		change(fds[i], FALLOC_FL_INSERT_RANGE, 0, PMD_SIZE);
		change(fds[i], FALLOC_FL_COLLAPSE_RANGE, 0, PMD_SIZE);
	}
}

static void by_regrowing(const int *fds, int nr, size_t size)
{
	size_t rest = size / 3 / page * page + page / 2;
	int i;

	for (i = 0; i < nr; i++) {
		append(fds + i, 1, 0, size, MIB);
		set_size(fds[i], rest);
		append(fds + i, 1, rest, size - page, page);
		write_at(fds[i], page, size - page);
	}
}

static const struct way ways[] = {
	{ "fallocate", by_fallocate, 2 * MIB, MAX_FILES, 0, 0 },
	{ "fallocate", by_fallocate, 6 * MIB, MAX_FILES, 0, 0 },
	{ "fallocate", by_fallocate, 16 * MIB, MAX_FILES, 0, 0 },
	{ "fallocate", by_fallocate, 62 * MIB, 1, 0, 0 },
	{ "fallocate", by_fallocate, 250 * MIB, 1, 0, 0 },
	{ "writes of 1 MiB", by_large_writes, 2 * MIB, MAX_FILES, 0, 2 },
	{ "writes of 1 MiB", by_large_writes, 6 * MIB, MAX_FILES, 0, 2 },
	{ "writes of 1 MiB", by_large_writes, 16 * MIB, MAX_FILES, 0, 2 },
	{ "writes of 1 MiB", by_large_writes, 62 * MIB, 1, 0, 2 },
	{ "writes of 1 MiB", by_large_writes, 250 * MIB, 1, 0, 2 },
	{ "appends of a page", by_appends, 16 * MIB, 1, 1, 2 },
	{ "appends of a page by turns", by_appends, 4 * MIB, MAX_FILES, 1, 2 },
	{ "processes that append", by_processes, 4 * MIB, MAX_FILES, 1, 2 },
	{ "writes of a page backwards", backwards, 8 * MIB, 1, 1, 1 },
	{ "writes of a page at random", at_random, 8 * MIB, 1, 1, 1 },
	{ "writes of a page at random, the last one first",
	  at_random_after_the_last, 8 * MIB, 1, 1, 1 },
	{ "faults of 2 MiB", by_faults, 64 * MIB, 1, 0, 0 },
	{ "faults of a page", by_small_faults, 8 * MIB, 1, 1, 1 },
	{ "truncate and appends", by_regrowing, 8 * MIB, 1, 1, 2 },
};

/* A kernel that checks itself takes minutes for all of it. */
static struct way quick(const struct way *way)
{
	struct way less = *way;

	if (getenv("PMEM_TEST_QUICK")) {
		less.files = 1;
		if (less.size > QUICK_SIZE)
			less.size = QUICK_SIZE;
	}
	return less;
}

/* Makes files that way. Returns how many windows of the worst one are lost. */
static size_t worst_of(const struct way *way)
{
	size_t lost, worst = 0;
	int fds[MAX_FILES], i;

	for (i = 0; i < way->files; i++)
		fds[i] = dax_empty_file();
	way->make(fds, way->files, way->size);
	for (i = 0; i < way->files; i++) {
		lost = lost_windows(fds[i], way->size);
		if (lost > worst)
			worst = lost;
	}
	for (i = 0; i < way->files; i++)
		close(fds[i]);
	return worst;
}

/* Returns how many windows are lost in all. */
static size_t try_ways(const char *where, int pieces)
{
	size_t i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way way = quick(&ways[i]);
		size_t lost = worst_of(&way);
		size_t most = pieces ? way.lost_in_pieces : way.lost;

		ksft_test_result(lost <= most,
				 "%s, %s: %zu of %zu windows are lost, at most %zu, of %d times %zu MiB\n",
				 way.name, where, lost, way.size / PMD_SIZE,
				 most, way.files, way.size / MIB);
		sum += lost;
	}
	return sum;
}

/*
 * Takes nearly all that is free and gives it back, but for a page here and there.
 * The file stays open until the end.
 */
static void break_free_space(void)
{
	int fd = dax_empty_file(), i = 0;
	size_t offset, size, gap;
	struct statvfs stats;

	if (fstatvfs(fd, &stats))
		ksft_exit_fail_msg("statvfs: %s\n", strerror(errno));
	size = (geteuid() ? stats.f_bavail : stats.f_bfree) * stats.f_bsize;
	size -= LEFT_FREE;
	change(fd, 0, 0, size);
	for (offset = 0; offset < size; offset += gap + page) {
		gap = GAP + shuffled(i++, GAP_SPREAD);
		change(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
		       gap);
	}
	/* with a journal, blocks can be used again after a commit */
	if (syncfs(fd))
		ksft_exit_fail_msg("syncfs: %s\n", strerror(errno));
}

/*
 * What is behind a range that comes or goes moves by the length of it: by whole
 * windows it stays as it is, otherwise nothing behind is huge any more.
 */
static void try_shifts(void)
{
	const size_t size = 16 * MIB, at = 4 * MIB;
	int fd = dax_file(size);
	size_t lost;

	change(fd, FALLOC_FL_INSERT_RANGE, at, 2 * PMD_SIZE);
	lost = lost_windows(fd, size + 2 * PMD_SIZE);
	ksft_test_result(!lost, "insert of two windows: %zu are lost\n", lost);

	change(fd, FALLOC_FL_COLLAPSE_RANGE, PMD_SIZE, PMD_SIZE);
	lost = lost_windows(fd, size + PMD_SIZE);
	ksft_test_result(!lost, "collapse of a window: %zu are lost\n", lost);

	change(fd, FALLOC_FL_INSERT_RANGE, at, page);
	lost = lost_windows(fd, size + PMD_SIZE);
	ksft_test_result(lost == (size + PMD_SIZE - at) / PMD_SIZE,
			 "insert of a page: all behind it, %zu windows, are lost\n",
			 lost);

	change(fd, FALLOC_FL_COLLAPSE_RANGE, at, page);
	lost = lost_windows(fd, size + PMD_SIZE);
	ksft_test_result(!lost, "collapse of that page: %zu are lost\n", lost);
	close(fd);
}

/* The switch of the filesystem on PMEM_TEST_DEV; nothing where there is none. */
static FILE *open_switch(void)
{
	const char *device = strrchr(test_variable("PMEM_TEST_DEV"), '/');
	char path[256];

	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/mb_dax_pmd",
		 device ? device + 1 : "");
	return fopen(path, "r+");
}

static void set_switch(FILE *file, char value)
{
	rewind(file);
	if (fputc(value, file) == EOF || fflush(file))
		ksft_exit_fail_msg("mb_dax_pmd: %s\n", strerror(errno));
}

/* The same ways once more without the switch; with it @on windows were lost. */
static void try_switch(size_t on)
{
	FILE *file = open_switch();
	size_t i, off = 0;

	if (!file) {
		ksft_test_result_skip("ext4 has no mb_dax_pmd\n");
		return;
	}
	set_switch(file, '0');
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way way = quick(&ways[i]);

		off += worst_of(&way);
	}
	set_switch(file, '1');
	fclose(file);
	ksft_test_result(off > on,
			 "without mb_dax_pmd %zu windows are lost, with it %zu\n",
			 off, on);
}

int main(void)
{
	size_t lost;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	test_variable("PMEM_TEST_DEV");
	page = sysconf(_SC_PAGESIZE);
	buffer = (char *)calloc(1, MIB);
	if (!buffer)
		ksft_exit_fail_msg("no memory\n");

	ksft_set_plan(2 * ARRAY_SIZE(ways) + 4 +
		      !getenv("PMEM_TEST_QUICK"));
	try_ways("all free", 0);
	try_shifts();
	break_free_space();
	lost = try_ways("free in pieces", 1);
	/* short files keep little of what the switch does for long ones */
	if (!getenv("PMEM_TEST_QUICK"))
		try_switch(lost);
	ksft_finished();
}
