// SPDX-License-Identifier: GPL-2.0
/*
 * Is a file mapped in 2 MiB pages, however its blocks were allocated?
 *
 * For each way of making a file, store once to each PMD range through an aligned mapping.
 * PAGEMAP_SCAN and dax_fault_pmd say how many ranges are mapped in 2 MiB pages. The others
 * are lost. A file that begins small may lose its first range, which may share a chunk with
 * small files.
 *
 * On an empty filesystem, good results may be luck. So repeat the test after the free space
 * has been cut into fragments of 8 to 12 MiB at random positions. Then much of the space is
 * in partial chunks, and a file that is written without its size being known may lose its
 * first two ranges.
 *
 * Finally, repeat the test with the placement turned off (mb_dax_pmd in sysfs of ext4): more
 * ranges must be lost.
 */
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "dax_file.h"

#define MIB		(1024UL * 1024)
#define MAX_FILES	8
/* largest file if PMEM_TEST_QUICK is set */
#define QUICK_SIZE	(8 * MIB)
/* free space between two pages in use, and how much it varies */
#define GAP		(8 * MIB)
#define GAP_SPREAD	(4 * MIB)
/* for the filesystem itself; ext4 reserves up to 16 MiB */
#define LEFT_FREE	(20 * MIB)

static size_t page;
static char *buffer;

struct way {
	const char *name;
	/* gives @nr empty files @size bytes each */
	void (*make)(const int *fds, int nr, size_t size);
	size_t size;
	int files;
	/* PMD ranges of each file that may be lost: in one extent, in fragments */
	size_t lost, lost_in_fragments;
};

/* Store to all PMD ranges, return how many are not mapped in 2 MiB pages. */
static size_t lost_ranges(int fd, size_t size)
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
			ksft_exit_fail_msg("%zu ranges are huge, dax_fault_pmd says %ld\n",
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

/* Take turns if there are several files. */
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
 * Visit each page of the file once, in pseudo-random order: the number of pages is a
 * power of two and the factor is odd, so no page is left out.
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

/* lost_ranges() stores to each range and so allocates it. */
static void by_faults(const int *fds, int nr, size_t size)
{
	int i;

	for (i = 0; i < nr; i++)
		set_size(fds[i], size);
}

/*
 * A page at a time, through a mapping that cannot use huge pages. This leaves PTE
 * entries. Inserting and collapsing a range removes the entries and keeps the blocks.
 */
static void by_small_faults(const int *fds, int nr, size_t size)
{
	size_t offset;
	char *map;
	int i;

	for (i = 0; i < nr; i++) {
		set_size(fds[i], size);
		map = dax_map_small(fds[i], size);
		for (offset = 0; offset < size; offset += page)
			map[offset] = 1;
		munmap(map, size);
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
	{ "appends of a page to files in turn", by_appends, 4 * MIB, MAX_FILES, 1, 2 },
	{ "appends by several processes", by_processes, 4 * MIB, MAX_FILES, 1, 2 },
	{ "writes of a page backwards", backwards, 8 * MIB, 1, 1, 1 },
	{ "random writes of a page", at_random, 8 * MIB, 1, 1, 1 },
	{ "random writes of a page after the last page",
	  at_random_after_the_last, 8 * MIB, 1, 1, 1 },
	{ "faults of 2 MiB", by_faults, 64 * MIB, 1, 0, 0 },
	{ "faults of a page", by_small_faults, 8 * MIB, 1, 1, 1 },
	{ "truncate and appends", by_regrowing, 8 * MIB, 1, 1, 2 },
};

/* A debug kernel takes minutes for all of it. */
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

/* Make files this way, return how many ranges the worst one has lost. */
static size_t worst_of(const struct way *way)
{
	size_t lost, worst = 0;
	int fds[MAX_FILES], i;

	for (i = 0; i < way->files; i++)
		fds[i] = dax_empty_file();
	way->make(fds, way->files, way->size);
	for (i = 0; i < way->files; i++) {
		lost = lost_ranges(fds[i], way->size);
		if (lost > worst)
			worst = lost;
	}
	for (i = 0; i < way->files; i++)
		close(fds[i]);
	return worst;
}

/* Return how many ranges are lost in total. */
static size_t try_ways(const char *where, int fragments)
{
	size_t i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way way = quick(&ways[i]);
		size_t lost = worst_of(&way);
		size_t most = fragments ? way.lost_in_fragments : way.lost;

		ksft_test_result(lost <= most,
				 "%s, %s: %zu of %zu ranges lost, at most %zu, worst of %d files of %zu MiB\n",
				 way.name, where, lost, way.size / PMD_SIZE,
				 most, way.files, way.size / MIB);
		sum += lost;
	}
	return sum;
}

/*
 * Allocate nearly all free space and free it again, except a page here and there.
 * The file stays open until the end.
 */
static void fragment_free_space(void)
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
	/* the journal must commit before freed blocks can be used */
	if (syncfs(fd))
		ksft_exit_fail_msg("syncfs: %s\n", strerror(errno));
}

/*
 * Inserting or collapsing a range shifts all blocks after it. A shift by whole PMD
 * ranges keeps them aligned; any other shift loses all ranges after it.
 */
static void try_shifts(void)
{
	const size_t size = 16 * MIB, at = 4 * MIB;
	int fd = dax_file(size);
	size_t lost;

	change(fd, FALLOC_FL_INSERT_RANGE, at, 2 * PMD_SIZE);
	lost = lost_ranges(fd, size + 2 * PMD_SIZE);
	ksft_test_result(!lost, "insert of two ranges keeps the others aligned: %zu lost\n", lost);

	change(fd, FALLOC_FL_COLLAPSE_RANGE, PMD_SIZE, PMD_SIZE);
	lost = lost_ranges(fd, size + PMD_SIZE);
	ksft_test_result(!lost, "collapse of a range keeps the others aligned: %zu lost\n", lost);

	change(fd, FALLOC_FL_INSERT_RANGE, at, page);
	lost = lost_ranges(fd, size + PMD_SIZE);
	ksft_test_result(lost == (size + PMD_SIZE - at) / PMD_SIZE,
			 "insert of a page loses all ranges after it: %zu lost\n",
			 lost);

	change(fd, FALLOC_FL_COLLAPSE_RANGE, at, page);
	lost = lost_ranges(fd, size + PMD_SIZE);
	ksft_test_result(!lost, "collapse of an inserted page aligns all ranges again: %zu lost\n",
			 lost);
	close(fd);
}

/* mb_dax_pmd of the filesystem on PMEM_TEST_DEV, or NULL. */
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

/* Turn off the placement and repeat; with it, @on ranges were lost. */
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
			 "mb_dax_pmd=0 loses more ranges: %zu without the placement, %zu with it\n",
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
	try_ways("empty filesystem", 0);
	try_shifts();
	fragment_free_space();
	lost = try_ways("fragmented filesystem", 1);
	/* short files show little of the difference */
	if (!getenv("PMEM_TEST_QUICK"))
		try_switch(lost);
	ksft_finished();
}
