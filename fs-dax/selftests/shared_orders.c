// SPDX-License-Identifier: GPL-2.0
/*
 * Can two files that share blocks (XFS) be mapped at the same time, one with huge pages,
 * the other without?
 *
 * The order of the entries is that of the folio, which both files use. So PMD entries
 * must not be used for shared blocks.
 */
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "dax_file.h"
#include "poison.h"

#define BLOCK		4096UL
#define NR_BLOCKS	(PMD_SIZE / BLOCK)
#define HANG_MS		60000

/* An aligned file of one PMD range with the number of the block in each block. */
static int numbered_file(void)
{
	int fd = aligned_dax_file(PMD_SIZE);
	char *map = dax_map(fd, PMD_SIZE);
	size_t nr;

	for (nr = 0; nr < NR_BLOCKS; nr++)
		memset(map + nr * BLOCK, 1 + nr % 100, BLOCK);
	munmap(map, PMD_SIZE);
	return fd;
}

/* Does each block have its number? Not if a SIGBUS comes. */
static int numbered(const char *map)
{
	size_t nr;

	for (nr = 0; nr < NR_BLOCKS; nr++)
		if (touch(map + nr * BLOCK) || map[nr * BLOCK] != (char)(1 + nr % 100))
			return 0;
	return 1;
}

/* Does the child exit with 0, and soon? A BUG() in the kernel kills it. */
static int ends_well(pid_t child)
{
	int status, ms;

	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	for (ms = 0; ms < HANG_MS; ms += 10) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status == 0;
		usleep(10000);
	}
	kill(child, SIGKILL);
	return 0;
}

/* Does ftruncate() of the file to 0 return? */
static int truncate_returns(int fd)
{
	pid_t child = fork();

	if (!child)
		_exit(ftruncate(fd, 0) ? 1 : 0);
	return ends_well(child);
}

/* Touch block @nr of a clone that is mapped by PTEs, then the file. */
static void test_small_first(size_t nr)
{
	int fd = numbered_file(), clone = dax_clone(fd);
	char *map = dax_map(fd, PMD_SIZE), *small = dax_map_small(clone, PMD_SIZE);
	int code = touch(small + nr * BLOCK);

	ksft_test_result(!code && numbered(map) && numbered(small),
			 "block %zu in a small page first: both files can be read (%d)\n",
			 nr, signal_code);
	munmap(small, PMD_SIZE);
	munmap(map, PMD_SIZE);
	/* leave both files open: if truncate hangs, close() does, too */
	ksft_test_result(truncate_returns(clone) && truncate_returns(fd),
			 "block %zu in a small page first: truncate returns\n", nr);
}

/* The same with the file first. */
static void test_huge_first(void)
{
	int fd = numbered_file(), clone = dax_clone(fd);
	char *map = dax_map(fd, PMD_SIZE), *small = dax_map_small(clone, PMD_SIZE);
	int code = touch(map);

	ksft_test_result(!code && numbered(small) && numbered(map),
			 "the aligned mapping first: both files can be read (%d)\n",
			 signal_code);
	munmap(map, PMD_SIZE);
	munmap(small, PMD_SIZE);
	ksft_test_result(truncate_returns(fd) && truncate_returns(clone),
			 "the aligned mapping first: truncate returns\n");
	close(clone);
	close(fd);
}

/* After a read fault in 2 MiB that are shared, a store must replace one block only. */
static void test_store(void)
{
	int fd = numbered_file(), clone = dax_clone(fd);
	char *map = dax_map(fd, PMD_SIZE), *fresh, *small;

	touch(map);
	map[7 * BLOCK] = 123;
	fresh = dax_map(fd, PMD_SIZE);
	small = dax_map_small(clone, PMD_SIZE);
	ksft_test_result(map[7 * BLOCK] == 123 && fresh[7 * BLOCK] == 123 &&
			 fresh[7 * BLOCK + 1] == 8,
			 "a store to a shared block is seen by all mappings\n");
	map[7 * BLOCK] = 8;
	ksft_test_result(numbered(map) && numbered(fresh) && numbered(small),
			 "a store to a shared block leaves all others\n");
	munmap(small, PMD_SIZE);
	munmap(fresh, PMD_SIZE);
	munmap(map, PMD_SIZE);
	ksft_test_result(truncate_returns(fd) && truncate_returns(clone),
			 "a store to a shared block: truncate returns\n");
	close(clone);
	close(fd);
}

/* Leave no free extent of 2 MiB. */
static int fill_all(void)
{
	int fill = dax_empty_file();
	size_t size, step, offset;
	struct statvfs fs;

	if (fstatvfs(fill, &fs))
		ksft_exit_fail_msg("statvfs: %s\n", strerror(errno));
	size = fs.f_bavail * fs.f_bsize / PMD_SIZE * PMD_SIZE;
	while (size && fallocate(fill, 0, 0, size))
		size -= PMD_SIZE;
	for (step = PMD_SIZE; step >= 16 * BLOCK; step /= 2)
		while (!fallocate(fill, 0, size, step))
			size += step;
	for (offset = 0; offset < size; offset += 32 * PMD_SIZE)
		if (fallocate(fill, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      offset, PMD_SIZE / 2))
			ksft_exit_fail_msg("fallocate: %s\n", strerror(errno));
	return fill;
}

/*
 * The same when no PMD entry can map a copy: the entry of the read fault must not be a
 * PMD entry, or else the count of the file's entries gets wrong.
 */
static void test_store_fragmented(void)
{
	int fd = numbered_file(), clone = dax_clone(fd), fill = fill_all();
	pid_t child = fork();

	if (!child) {
		char *map = dax_map(fd, PMD_SIZE);

		touch(map);
		map[7 * BLOCK] = 8;
		_exit(!numbered(map));
	}
	ksft_test_result(ends_well(child),
			 "without free extents of 2 MiB: a store leaves all other blocks\n");
	child = fork();
	if (!child) {
		/* the other copy of the file descriptor is closed by then */
		sleep(1);
		close(fd);
		_exit(0);
	}
	close(fd);
	ksft_test_result(ends_well(child),
			 "without free extents of 2 MiB: close() returns\n");
	/* XFS frees the blocks of a file in the background when it is closed */
	if (ftruncate(fill, 0) || fsync(fill))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	close(fill);
	close(clone);
}

int main(void)
{
	int fd;

	ksft_print_header();
	survive_sigbus();
	fd = numbered_file();
	close(dax_clone(fd));
	close(fd);

	ksft_set_plan(11);
	test_huge_first();
	test_store();
	test_store_fragmented();
	test_small_first(0);
	test_small_first(5);
	ksft_finished();
}
