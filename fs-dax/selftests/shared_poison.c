// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a store if one of the shared blocks (XFS) is poisoned?
 *
 * A store to the poisoned block fails, and its copy is not used. Other blocks can be
 * stored to, and write() to all of the block gives the file a good one. The block for the
 * copy may go to another file, whose pages are no concern of this one.
 */
#include <sys/uio.h>
#include <sys/wait.h>

#include "dax_file.h"
#include "poison.h"

#define BLOCK		4096UL
#define NR_BLOCKS	(PMD_SIZE / BLOCK)
#define BAD		100UL	/* block of the file */
#define NR_OTHERS	64
#define WAIT_MS		10000

/* Store @value. Returns the si_code of the SIGBUS, or 0 if there was none. */
static int store(char *address, char value)
{
	signal_code = 0;
	if (!sigsetjmp(after_signal, 1)) {
		*address = value;
		asm volatile("" : : : "memory");
	}
	return signal_code;
}

static int share_all(int to, int from)
{
	struct file_clone_range range = {
		.src_fd = from,
		.src_length = PMD_SIZE,
	};

	return ioctl(to, FICLONERANGE, &range);
}

/* Count the blocks of @fd with @value in every byte; a poisoned one has not. */
static size_t blocks_of(int fd, char value)
{
	char block[BLOCK];
	size_t nr, i, good = 0;

	for (nr = 0; nr < NR_BLOCKS; nr++) {
		if (pread(fd, block, BLOCK, nr * BLOCK) != (ssize_t)BLOCK)
			continue;
		for (i = 0; i < BLOCK && block[i] == value; i++)
			;
		good += i == BLOCK;
	}
	return good;
}

static void test_store(const char *device, int small)
{
	const char *how = small ? "4 KiB" : "2 MiB";
	char *first, *map, data[3 * BLOCK];
	int fd, clone, code;

	fd = aligned_dax_file(PMD_SIZE);
	clone = dax_file(PMD_SIZE);
	first = dax_map(fd, PMD_SIZE);
	memset(first, 5, PMD_SIZE);
	munmap(first, PMD_SIZE);
	if (fsync(fd) || share_all(clone, fd))
		ksft_exit_skip("FICLONERANGE: %s\n", strerror(errno));
	inject(device, file_to_device(fd, BAD * BLOCK), BLOCK);

	map = small ? dax_map_small(fd, PMD_SIZE) : dax_map(fd, PMD_SIZE);
	if (small) {
		code = store(map + BAD * BLOCK, 6);
		ksft_test_result(code, "%s: a store to the poisoned block is SIGBUS (%d)\n",
				 how, code);
		code = store(map, 6);
		ksft_test_result(!code,
				 "%s: a store to another block after a SIGBUS succeeds (%d)\n",
				 how, code);
	} else {
		code = store(map, 6);
		ksft_test_result(!code, "%s: a store to another block succeeds (%d)\n",
				 how, code);
		code = store(map + BAD * BLOCK, 6);
		ksft_test_result(code, "%s: a store to the poisoned block is SIGBUS (%d)\n",
				 how, code);
	}
	ksft_test_result(blocks_of(fd, 5) == NR_BLOCKS - 2 &&
			 blocks_of(clone, 5) == NR_BLOCKS - 1,
			 "%s: other blocks keep their bytes: %zu of %zu, and %zu of %zu\n",
			 how, blocks_of(fd, 5), NR_BLOCKS - 2,
			 blocks_of(clone, 5), NR_BLOCKS - 1);

	memset(data, 7, sizeof(data));
	ksft_test_result(pwrite(fd, data, sizeof(data), (BAD - 1) * BLOCK) ==
			 (ssize_t)sizeof(data) &&
			 blocks_of(fd, 7) == 3 && blocks_of(clone, 7) == 0 &&
			 !touch(map + BAD * BLOCK) && map[BAD * BLOCK] == 7,
			 "%s: write() of the whole block repairs the file\n", how);
	ksft_test_result(pwrite(clone, data, BLOCK, BAD * BLOCK) == (ssize_t)BLOCK &&
			 blocks_of(clone, 7) == 1,
			 "%s: write() of the whole block repairs the other file\n", how);
	munmap(map, PMD_SIZE);
	close(clone);
	close(fd);
}

/* A new file of one block; a pipe holds its page. */
static void pinned_block(void)
{
	int fd = dax_file(BLOCK), ends[2];
	char *map = dax_map(fd, BLOCK);
	struct iovec vec = { .iov_base = map, .iov_len = BLOCK };

	map[0] = 1;
	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)BLOCK)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));
	munmap(map, BLOCK);
}

/* After a store that failed, other files get the block for the copy, and pin it. */
static void test_discarded(const char *device)
{
	int fd = dax_file(PMD_SIZE), clone = dax_file(PMD_SIZE), status, ms, nr;
	char *map = dax_map_small(fd, PMD_SIZE);
	pid_t child;

	memset(map, 5, PMD_SIZE);
	if (fsync(fd) || share_all(clone, fd))
		ksft_exit_fail_msg("FICLONERANGE: %s\n", strerror(errno));
	inject(device, file_to_device(fd, BAD * BLOCK), BLOCK);
	if (!store(map + BAD * BLOCK, 6) || fsync(fd))
		ksft_exit_fail_msg("a store to a poisoned block succeeds\n");
	munmap(map, PMD_SIZE);
	for (nr = 0; nr < NR_OTHERS; nr++)
		pinned_block();

	child = fork();
	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child)
		_exit(ftruncate(fd, 0) ? 1 : 0);
	status = -1;
	for (ms = 0; ms < WAIT_MS && !waitpid(child, &status, WNOHANG); ms += 10)
		usleep(10000);
	if (ms >= WAIT_MS) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	ksft_test_result(status == 0,
			 "truncate does not wait for pins of files that got the discarded copy\n");
	close(clone);
	close(fd);
}

int main(void)
{
	const char *device;
	int fd, clone;

	ksft_print_header();
	device = test_variable("PMEM_TEST_DEV");
	test_variable("PMEM_TEST_DIR");
	fd = dax_file(PMD_SIZE);
	clone = dax_file(PMD_SIZE);
	if (share_all(clone, fd))
		ksft_exit_skip("FICLONERANGE: %s\n", strerror(errno));
	close(clone);
	close(fd);

	survive_sigbus();
	ksft_set_plan(11);
	test_store(device, 0);
	test_store(device, 1);
	test_discarded(device);
	ksft_finished();
}
