// SPDX-License-Identifier: GPL-2.0
/*
 * Do two files that share a block (XFS) keep their own bytes when one is written to?
 *
 * A store through a mapping goes to a copy of the block, in 4 KiB and in 2 MiB pages.
 * FIDEDUPERANGE shares blocks only if they are equal.
 *
 * The range is mapped in one 2 MiB page, or in 4 KiB pages that a PMD fault might replace
 * by one. A store to a block that is shared after that needs a PTE entry of its own.
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

/* Share the first block of @from with @to if they are equal; -1 if they are not. */
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

/* Put @data into the unwritten block of @fd through the disk, as old contents. */
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
 * FIDEDUPERANGE must compare what read() returns, not the old contents of a block.
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
			 "an unwritten block differs from its previous contents\n");

	memset(data, 0, BLOCK);
	hole = dax_empty_file();
	zeroes = dax_empty_file();
	if (ftruncate(hole, BLOCK) ||
	    pwrite(zeroes, data, BLOCK, 0) != (ssize_t)BLOCK)
		ksft_exit_fail_msg("%s\n", strerror(errno));
	ksft_test_result(!dedupe(hole, zeroes) && !dedupe(zeroes, unwritten) &&
			 pread(zeroes, got, BLOCK, 0) == (ssize_t)BLOCK &&
			 !memcmp(got, data, BLOCK),
			 "a hole, unwritten blocks and written zeroes are equal\n");
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
	/* after a store, the page of the copy is marked as shared */
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

/* Does the mapping show the block that the file has at @offset? */
static int maps_own_block(int fd, const char *map, uint64_t offset)
{
	return physical_address(map + offset) % PMD_SIZE ==
	       file_to_device(fd, offset) % PMD_SIZE;
}

/*
 * write() to a shared block, with a mapping of the same block as buffer: the copy
 * faults while the block is being replaced.
 */
static void test_write_from_itself(void)
{
	size_t nr, seen = 0, good = 0;
	int fd, clone;
	char *map;

	for (nr = 0; nr < ROUNDS; nr++) {
		fd = aligned_dax_file(PMD_SIZE);
		clone = dax_file(PMD_SIZE);
		map = nr % 2 ? dax_map(fd, PMD_SIZE) : dax_map_small(fd, PMD_SIZE);
		memset(map, 1, PMD_SIZE);
		memset(map, 2, BLOCK / 2);
		if (share(clone, fd, 0) ||
		    pwrite(fd, map, BLOCK / 2, BLOCK / 2) != (ssize_t)(BLOCK / 2))
			ksft_exit_fail_msg("%s\n", strerror(errno));
		seen += all_are(map, 0, BLOCK, 2);
		good += maps_own_block(fd, map, 0);
		munmap(map, PMD_SIZE);
		close(clone);
		close(fd);
	}
	ksft_test_result(seen == ROUNDS && good == ROUNDS,
			 "write() from a mapping of its block is seen in %zu of %d rounds, %zu in the file's block\n",
			 seen, ROUNDS, good);
}

/* The same with a write() that appends to the shared block at the end of the file. */
static void test_append_from_itself(void)
{
	int fd = dax_empty_file(), clone = dax_empty_file();
	char data[BLOCK / 2], *map;

	memset(data, 2, sizeof(data));
	if (pwrite(fd, data, sizeof(data), 0) != (ssize_t)sizeof(data) ||
	    ioctl(clone, FICLONE, fd))
		ksft_exit_fail_msg("FICLONE: %s\n", strerror(errno));
	map = (char *)mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED ||
	    pwrite(fd, map, BLOCK / 2, BLOCK / 2) != (ssize_t)(BLOCK / 2))
		ksft_exit_fail_msg("%s\n", strerror(errno));
	ksft_test_result(all_are(map, 0, BLOCK, 2) && maps_own_block(fd, map, 0),
			 "a write() that appends to a shared block is seen by the mapping\n");
	munmap(map, BLOCK);
	close(clone);
	close(fd);
}

/* Open a file of the device in sysfs. */
static FILE *open_attribute(const char *name, const char *mode)
{
	const char *device = test_variable("PMEM_TEST_DEV");
	const char *slash = strrchr(device, '/');
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/%s",
		 slash ? slash + 1 : device, name);
	file = fopen(path, mode);
	if (!file)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	return file;
}

/* Drivers of RAM do not count I/O unless somebody asks. */
static void count_device_io(void)
{
	FILE *file = open_attribute("queue/iostats", "w");

	if (fputs("1", file) < 0 || fclose(file))
		ksft_exit_fail_msg("queue/iostats: %s\n", strerror(errno));
}

/* Writes of the device so far; each commit is at least one. */
static long device_writes(void)
{
	FILE *file = open_attribute("stat", "r");
	long writes;

	if (fscanf(file, "%*d %*d %*d %*d %ld", &writes) != 1)
		ksft_exit_fail_msg("stat: %s\n", strerror(errno));
	fclose(file);
	return writes;
}

/*
 * With MAP_SYNC, a store is durable once the CPU has flushed it. For a shared block this
 * requires that the fault commits the copy.
 */
static void test_sync_fault(void)
{
	/* smaller than a PMD range, so it is copied block by block */
	const size_t size = PMD_SIZE / 2;
	int fd = dax_file(size), clone = dax_file(size);
	size_t nr, committed = 0;
	long before;
	char *map;

	map = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("MAP_SYNC: %s\n", strerror(errno));
	memset(map, 1, size);
	if (ioctl(clone, FICLONE, fd))
		ksft_exit_fail_msg("FICLONE: %s\n", strerror(errno));
	count_device_io();
	for (nr = 0; nr < ROUNDS; nr++) {
		/* leave nothing else to commit */
		fsync(fd);
		before = device_writes();
		map[nr * BLOCK] = 2;
		committed += device_writes() > before;
	}
	ksft_test_result(committed == ROUNDS,
			 "a MAP_SYNC store to a shared block commits, %zu of %d times\n",
			 committed, ROUNDS);
	munmap(map, size);
	close(clone);
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
	ksft_set_plan(8);

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
			 "a store after sharing changes one file only, in %zu of %d rounds\n",
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
			 "a store to a block shared before it was mapped changes one file only\n");
	test_dedupe();
	test_read_pin();
	test_write_from_itself();
	test_append_from_itself();
	test_sync_fault();
	ksft_finished();
}
