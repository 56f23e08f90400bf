// SPDX-License-Identifier: GPL-2.0
/*
 * Where files can share blocks (XFS), a store through a mapping goes to a copy of
 * a shared block, in small pages or in huge ones, and each file keeps its bytes.
 * Blocks become shared only when they are the same.
 *
 * The range is entered in one 2 MiB page, or in 4 KiB pages of which the fault of a
 * 2 MiB page might make one entry.  A store to a block that became shared afterwards
 * needs an entry of its own.
 */
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "dax_file.h"

#define BLOCK		4096UL
#define ROUNDS		16

/* Share the block at @offset of @from with @to. */
static int share(int to, int from, uint64_t offset)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_offset = offset,
		.src_length = BLOCK,
		.dest_offset = offset,
	};

	return ioctl(to, FICLONERANGE, &range);
}

/* Share the first block of @from with @to, if they are the same; -1 if not. */
static int dedupe(int to, int from)
{
	union {
		struct file_dedupe_range range;
		char space[sizeof(struct file_dedupe_range) +
			   sizeof(struct file_dedupe_range_info)];
	} u;

	memset(&u, 0, sizeof(u));
	u.range.src_length = BLOCK;
	u.range.dest_count = 1;
	u.range.info[0].dest_fd = to;
	if (ioctl(from, FIDEDUPERANGE, &u.range) || u.range.info[0].status < 0)
		ksft_exit_fail_msg("FIDEDUPERANGE: %s\n", strerror(errno));
	return u.range.info[0].status == FILE_DEDUPE_RANGE_SAME ? 0 : -1;
}

/* Put @data into the block of @fd that is not written yet, as if it had been there. */
static void write_below(int fd, const char *data)
{
	const char *device = test_variable("PMEM_TEST_DEV");
	int disk = open(device, O_WRONLY);

	if (disk < 0 || pwrite(disk, data, BLOCK, file_to_device(fd, 0)) !=
	    (ssize_t)BLOCK || fsync(disk))
		ksft_exit_fail_msg("%s: %s\n", device, strerror(errno));
	close(disk);
}

static int all_are(const char *bytes, size_t from, size_t to, char value)
{
	while (from < to && bytes[from] == value)
		from++;
	return from == to;
}

/*
 * What was in a block before must not count: FIDEDUPERANGE compares what read()
 * gives.
 */
static void test_dedupe(void)
{
	char data[BLOCK], got[BLOCK];
	int unwritten, written, hole, zeroes;

	memset(data, 6, BLOCK);
	unwritten = dax_empty_file();
	written = dax_empty_file();
	if (fallocate(unwritten, 0, 0, BLOCK) || fsync(unwritten) ||
	    pwrite(written, data, BLOCK, 0) != (ssize_t)BLOCK)
		ksft_exit_fail_msg("%s\n", strerror(errno));
	write_below(unwritten, data);
	ksft_test_result(dedupe(written, unwritten) &&
			 pread(written, got, BLOCK, 0) == (ssize_t)BLOCK &&
			 !memcmp(got, data, BLOCK),
			 "an unwritten block is not the same as what was in it\n");

	memset(data, 0, BLOCK);
	hole = dax_empty_file();
	zeroes = dax_empty_file();
	if (ftruncate(hole, BLOCK) ||
	    pwrite(zeroes, data, BLOCK, 0) != (ssize_t)BLOCK)
		ksft_exit_fail_msg("%s\n", strerror(errno));
	ksft_test_result(!dedupe(hole, zeroes) && !dedupe(zeroes, unwritten) &&
			 pread(zeroes, got, BLOCK, 0) == (ssize_t)BLOCK &&
			 !memcmp(got, data, BLOCK),
			 "a hole, unwritten and written zeroes are the same\n");
}

/* Does process_vm_readv() of a page that two files share return? */
static void test_read_pin(void)
{
	int fd = aligned_dax_file(PMD_SIZE), other = dax_file(PMD_SIZE);
	char *map = dax_map(fd, PMD_SIZE), *buffer = (char *)malloc(PMD_SIZE);
	int status = -1, ms;
	pid_t child;

	memset(map, 8, PMD_SIZE);
	if (share(other, fd, 0) || !buffer)
		ksft_exit_fail_msg("FICLONERANGE: %s\n", strerror(errno));
	/* a store has the page of the copy known as one of several files */
	map[0] = 9;
	if (share(other, fd, 0))
		ksft_exit_fail_msg("FICLONERANGE: %s\n", strerror(errno));
	asm volatile("" : : "r" (map[0]));

	child = fork();
	if (!child) {
		struct iovec to = { .iov_base = buffer, .iov_len = BLOCK };
		struct iovec from = { .iov_base = map, .iov_len = BLOCK };

		_exit(process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)BLOCK ||
		      buffer[0] != 9 || buffer[1] != 8);
	}
	for (ms = 0; ms < 10000 && !waitpid(child, &status, WNOHANG); ms += 10)
		usleep(10000);
	if (ms >= 10000) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	ksft_test_result(!status, "process_vm_readv() of a shared page returns\n");
	munmap(map, PMD_SIZE);
	close(other);
	close(fd);
}

int main(void)
{
	char *first, *map, *bytes, *other;
	size_t shared, round, good = 0;
	int fd, clone;

	ksft_print_header();
	fd = aligned_dax_file(PMD_SIZE);
	clone = dax_file(PMD_SIZE);
	if (share(clone, fd, 0))
		ksft_exit_skip("FICLONERANGE: %s\n", strerror(errno));
	close(fd);
	ksft_set_plan(5);

	bytes = (char *)malloc(PMD_SIZE);
	other = (char *)malloc(BLOCK);
	if (!bytes || !other)
		ksft_exit_fail_msg("no memory\n");

	for (round = 0; round < ROUNDS; round++) {
		fd = aligned_dax_file(PMD_SIZE);
		first = round % 2 ? dax_map(fd, PMD_SIZE) : dax_map_small(fd, PMD_SIZE);
		memset(first, 1, PMD_SIZE);
		munmap(first, PMD_SIZE);

		map = dax_map(fd, PMD_SIZE);
		asm volatile("" : : "r" (map[0]));
		shared = round * 31 % (PMD_SIZE / BLOCK) * BLOCK;
		if (share(clone, fd, shared))
			ksft_exit_fail_msg("FICLONERANGE: %s\n", strerror(errno));
		map[shared] = 2;
		if (pread(fd, bytes, PMD_SIZE, 0) != (ssize_t)PMD_SIZE ||
		    pread(clone, other, BLOCK, shared) != (ssize_t)BLOCK)
			ksft_exit_fail_msg("pread: %s\n", strerror(errno));
		good += all_are(bytes, 0, shared, 1) && bytes[shared] == 2 &&
			all_are(bytes, shared + 1, PMD_SIZE, 1) &&
			all_are(other, 0, BLOCK, 1) &&
			!memcmp(map, bytes, PMD_SIZE);
		munmap(map, PMD_SIZE);
		close(fd);
	}
	ksft_test_result(good == ROUNDS,
			 "a store after a block was shared: both files are right in %zu of %d rounds\n",
			 good, ROUNDS);

	/* shared before it is mapped at all */
	fd = aligned_dax_file(PMD_SIZE);
	memset(bytes, 3, PMD_SIZE);
	if (pwrite(fd, bytes, PMD_SIZE, 0) != (ssize_t)PMD_SIZE ||
	    share(clone, fd, BLOCK))
		ksft_exit_fail_msg("%s\n", strerror(errno));
	map = dax_map(fd, PMD_SIZE);
	memset(map, 4, 3 * BLOCK);
	if (pread(clone, other, BLOCK, BLOCK) != (ssize_t)BLOCK)
		ksft_exit_fail_msg("pread: %s\n", strerror(errno));
	ksft_test_result(all_are(other, 0, BLOCK, 3) &&
			 all_are(map, 0, 3 * BLOCK, 4) &&
			 all_are(map, 3 * BLOCK, PMD_SIZE, 3),
			 "a store to what was shared before leaves the other file alone\n");
	test_dedupe();
	test_read_pin();
	ksft_finished();
}
