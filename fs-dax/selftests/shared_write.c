// SPDX-License-Identifier: GPL-2.0
/*
 * Does write() leave all other bytes alone when it replaces shared blocks (XFS)?
 *
 * If it ends early, the new blocks must have the old bytes where nothing was written, never
 * what was on the disk before. If it begins after the end of the file, it zeroes the rest of
 * the last block, and mappings must show the block that the file has then.
 */
#include "dax_file.h"
#include "poison.h"

#define BLOCK		4096UL
#define NR_BLOCKS	16UL
#define FILE_SIZE	(NR_BLOCKS * BLOCK)
#define ROUNDS		8

/* A file with @value in @size bytes */
static int filled_file(size_t size, char value)
{
	int fd = dax_empty_file();
	char data[BLOCK];
	size_t offset;

	memset(data, value, BLOCK);
	for (offset = 0; offset < size; offset += BLOCK)
		if (pwrite(fd, data, BLOCK, offset) != (ssize_t)BLOCK)
			ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	return fd;
}

/* @size bytes that are followed by a page that cannot be read */
static char *buffer_that_ends(size_t size)
{
	size_t room = 4 * BLOCK;
	char *area = (char *)mmap(NULL, room + BLOCK, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED || mprotect(area + room, BLOCK, PROT_NONE))
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	memset(area, 6, room);
	return area + room - size;
}

static size_t differing(const char *bytes, size_t from, size_t to, char value)
{
	size_t nr = 0;

	for (; from < to; from++)
		nr += bytes[from] != value;
	return nr;
}

/* write() @wanted bytes at @offset from a buffer that has only @has */
static void test_short(const char *what, size_t offset, size_t wanted, size_t has)
{
	char got[FILE_SIZE], other[FILE_SIZE];
	int fd = filled_file(FILE_SIZE, 5), clone = dax_clone(fd);
	size_t end = offset, bad;
	ssize_t len;

	len = pwrite(fd, buffer_that_ends(has), wanted, offset);
	if (len > 0)
		end += len;
	if (pread(fd, got, FILE_SIZE, 0) != (ssize_t)FILE_SIZE ||
	    pread(clone, other, FILE_SIZE, 0) != (ssize_t)FILE_SIZE)
		ksft_exit_fail_msg("pread: %s\n", strerror(errno));
	bad = differing(got, 0, offset, 5) + differing(got, offset, end, 6) +
	      differing(got, end, FILE_SIZE, 5) + differing(other, 0, FILE_SIZE, 5);
	ksft_test_result(len > 0 && len <= (ssize_t)has && !bad,
			 "%s: write() of %zu of %zu bytes returns %zd; %zu wrong bytes, the first after it %#x\n",
			 what, has, wanted, len, bad, got[end]);
	close(clone);
	close(fd);
}

/*
 * Only the first block is shared. But when a store replaces it, XFS may allocate blocks for
 * copies of the next ones, too. Is a store to the last block, after a write() has zeroed
 * the rest of it, seen by read()?
 */
static int store_is_seen(void)
{
	const size_t last = 5 * BLOCK, size = last + 100;
	struct file_clone_range range = { .src_length = BLOCK };
	int fd = dax_file(size), clone = dax_file(BLOCK), seen = 0;
	char *map = dax_map_small(fd, size), got = 0;

	memset(map, 5, size);
	range.src_fd = fd;
	if (fsync(fd) || ioctl(clone, FICLONERANGE, &range))
		ksft_exit_fail_msg("FICLONERANGE: %s\n", strerror(errno));
	map[last] = 1;
	map[0] = 1;
	if (pwrite(fd, "6", 1, 2 * size) != 1)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	if (!sigsetjmp(after_signal, 1)) {
		map[last] = 2;
		asm volatile("" : : : "memory");
		seen = pread(fd, &got, 1, last) == 1 && got == 2;
	}
	munmap(map, size);
	close(clone);
	close(fd);
	return seen;
}

static void test_zeroes(void)
{
	int round, seen = 0;

	survive_sigbus();
	for (round = 0; round < ROUNDS; round++)
		seen += store_is_seen();
	ksft_test_result(seen == ROUNDS,
			 "a store after write() has zeroed a part of the block is seen in %d of %d rounds\n",
			 seen, ROUNDS);
}

int main(void)
{
	int fd;

	ksft_print_header();
	fd = dax_file(BLOCK);
	close(dax_clone(fd));
	close(fd);

	ksft_set_plan(3);
	test_zeroes();

	/* fill free blocks, so that a block that is not copied has wrong bytes */
	fd = filled_file(64UL << 20, 0x77);
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	close(fd);

	test_short("misaligned", 1000, 3 * BLOCK, 5000);
	test_short("aligned", BLOCK, 3 * BLOCK, 5000);
	ksft_finished();
}
