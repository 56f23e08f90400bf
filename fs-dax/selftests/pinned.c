// SPDX-License-Identifier: GPL-2.0
/*
 * A file keeps the blocks of a page that is pinned: truncate waits until the pin
 * has gone. That holds too after write() has written over the page, and over its
 * neighbours, of which a mapping shows zero pages, and when the page is not mapped
 * any more.
 */
#include <sys/uio.h>
#include <sys/wait.h>

#include "dax_file.h"

#define PAGE		4096UL

/* So little that ext4 gives blocks to all of it when one page is written. */
#define FILE_SIZE	(8 * PAGE)

#define WAIT_MS		500

/* Has the child ended with 0 within @ms milliseconds? */
static int ends_well(pid_t child, int ms)
{
	int status, done;

	while ((done = waitpid(child, &status, WNOHANG)) == 0 && ms > 0) {
		usleep(10000);
		ms -= 10;
	}
	return done == child && status == 0;
}

/* The child has no part in the pipe of @ends, which would hold the pin too. */
static pid_t truncate_in_child(int fd, const int *ends)
{
	pid_t child = fork();

	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child) {
		close(ends[0]);
		close(ends[1]);
		_exit(ftruncate(fd, 0) ? 1 : 0);
	}
	return child;
}

/* Pin the first page of a mapping of @fd; the pipe in @ends holds it. */
static void pin(const char *map, int *ends)
{
	struct iovec vec = { .iov_base = (void *)map, .iov_len = PAGE };

	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)PAGE)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));
}

static void test_truncate(int fd, const int *ends, const char *what)
{
	pid_t child = truncate_in_child(fd, ends);

	ksft_test_result(!ends_well(child, WAIT_MS),
			 "%s: truncate waits for a page that is pinned\n", what);
	close(ends[0]);
	close(ends[1]);
	ksft_test_result(ends_well(child, 20 * WAIT_MS),
			 "%s: and ends when the pin has gone\n", what);
}

static void test_unmapped(void)
{
	int fd = dax_file(FILE_SIZE), ends[2];
	char *map = dax_map(fd, FILE_SIZE);

	map[0] = 1;
	pin(map, ends);
	munmap(map, FILE_SIZE);
	test_truncate(fd, ends, "unmapped");
	close(fd);
}

static void test_written(void)
{
	char buffer[FILE_SIZE], *map;
	int fd, ends[2];
	size_t offset;

	fd = dax_file(FILE_SIZE);
	map = dax_map(fd, FILE_SIZE);
	for (offset = 0; offset < FILE_SIZE; offset += PAGE)
		asm volatile("" : : "r" (map[offset]));
	map[0] = 1;
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	pin(map, ends);

	memset(buffer, 2, FILE_SIZE);
	if (pwrite(fd, buffer, FILE_SIZE, 0) != (ssize_t)FILE_SIZE)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	/* a fault of the pinned page would hide that its entry was removed */
	ksft_test_result(!memcmp(map + PAGE, buffer, FILE_SIZE - PAGE),
			 "the mapping shows what was written\n");

	test_truncate(fd, ends, "written over");
	munmap(map, FILE_SIZE);
	close(fd);
}

int main(void)
{
	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(5);
	test_written();
	test_unmapped();
	ksft_finished();
}
