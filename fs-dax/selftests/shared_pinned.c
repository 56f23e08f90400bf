// SPDX-License-Identifier: GPL-2.0
/*
 * Pins and files that share blocks (XFS)
 *
 * Truncate of a file must wait for pins, not until the other file is unmapped. A store to
 * a shared block replaces it, even if its page is pinned; when the block becomes part of
 * another file, the pin must not harm it. A clone waits for the pins of both files, and
 * can be killed meanwhile.
 */
#include <signal.h>
#include <sys/wait.h>

#include "dax_file.h"
#include "pins.h"

#define BLOCK		4096UL
#define NR		5UL	/* a block of the file */
#define WAIT_MS		500
#define HANG_MS		60000

static int child_status;

/* Does the child end within @ms milliseconds? */
static int ended(pid_t child, int ms)
{
	for (; ms > 0; ms -= 10) {
		if (waitpid(child, &child_status, WNOHANG) == child)
			return 1;
		usleep(10000);
	}
	return 0;
}

static int ends_well(pid_t child, int ms)
{
	return ended(child, ms) && child_status == 0;
}

static void unpin(const int *ends)
{
	close(ends[0]);
	close(ends[1]);
}

static void test_truncate(void)
{
	int fd = dax_file(BLOCK), clone, ends[2];
	char *map = dax_map(fd, BLOCK), *other;
	pid_t child;
	int waits;

	map[0] = 1;
	clone = dax_clone(fd);
	other = dax_map(clone, BLOCK);
	asm volatile("" : : "r" (map[0]), "r" (other[0]));
	pin(map, ends);
	child = truncate_in_child(fd, ends);
	waits = !ended(child, WAIT_MS);
	ksft_test_result(waits, "truncate waits for a pinned page that another file maps\n");
	unpin(ends);
	ksft_test_result(waits && ends_well(child, HANG_MS),
			 "truncate ends once the pin is gone, with the other file mapped\n");
	munmap(other, BLOCK);
	munmap(map, BLOCK);
	close(clone);
	close(fd);
}

/* A file of 2 MiB that has the block at @offset of the device, or -1 */
static int file_with(uint64_t offset)
{
	int tries, fd;

	for (tries = 0; tries < 64; tries++) {
		fd = aligned_dax_file(PMD_SIZE);
		if (file_to_device(fd, 0) == offset / PMD_SIZE * PMD_SIZE)
			return fd;
	}
	return -1;
}

static void test_replaced(void)
{
	int fd = aligned_dax_file(PMD_SIZE), clone, ends[2], none[2] = { -1, -1 };
	char *map = dax_map_small(fd, PMD_SIZE);
	uint64_t offset;
	pid_t child;
	int gone;

	offset = file_to_device(fd, NR * BLOCK);
	memset(map, 1, PMD_SIZE);
	clone = dax_clone(fd);
	asm volatile("" : : "r" (map[NR * BLOCK]));
	pin(map + NR * BLOCK, ends);
	map[NR * BLOCK] = 2;
	munmap(map, PMD_SIZE);
	/* nobody has the pinned block any more */
	if (ftruncate(clone, 0) || ftruncate(fd, 0) || fsync(fd))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	close(clone);
	close(fd);

	fd = file_with(offset);
	if (fd < 0) {
		ksft_test_result_skip("no new file has the pinned block\n");
		unpin(ends);
		return;
	}
	map = dax_map(fd, PMD_SIZE);
	map[0] = 3;
	ksft_print_msg("%zu bytes in huge pages\n", huge_bytes(map, PMD_SIZE));
	unpin(ends);
	munmap(map, PMD_SIZE);
	child = truncate_in_child(fd, none);
	gone = ended(child, HANG_MS);
	ksft_test_result(gone && !child_status,
			 "truncate ends after a pin of an earlier file is gone\n");
	if (!gone)
		kill(child, SIGKILL);
	close(fd);
}

/* The child shares the blocks of two files, and holds a pin of @pinned itself. */
static void test_clone(int from, int to, int pinned, const char *which)
{
	int ends[2], ready[2], waits;
	pid_t child;
	char byte;

	if (pipe(ready))
		ksft_exit_fail_msg("pipe: %s\n", strerror(errno));
	child = fork();
	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child) {
		char *map = dax_map(pinned, BLOCK);

		map[0] = 1;
		pin(map, ends);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		ioctl(to, FICLONE, from);
		_exit(0);
	}
	close(ready[1]);
	waits = read(ready[0], &byte, 1) == 1 && !ended(child, WAIT_MS);
	close(ready[0]);
	if (waits)
		kill(child, SIGKILL);
	ksft_test_result(waits && ended(child, HANG_MS) && WIFSIGNALED(child_status),
			 "a clone waits for a pin of the %s file, and can be killed\n", which);
}

static void test_clones(void)
{
	int fd = dax_file(BLOCK), other = dax_file(BLOCK);

	/* XFS locks the inode with the lower number first */
	test_clone(fd, other, fd, "first");
	test_clone(fd, other, other, "second");
}

int main(void)
{
	int fd;

	ksft_print_header();
	fd = dax_file(BLOCK);
	close(dax_clone(fd));
	close(fd);

	ksft_set_plan(5);
	test_truncate();
	test_replaced();
	test_clones();
	ksft_finished();
}
