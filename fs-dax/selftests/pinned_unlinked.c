// SPDX-License-Identifier: GPL-2.0
/*
 * Does an unlinked file keep its blocks while one of its pages is pinned?
 *
 * It must also keep them if the task that closes the file holds the pin. The blocks are
 * freed once the pin is gone, at the latest by an unmount.
 */
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "dax_file.h"

#define FILE_SIZE	(8UL << 20)
#define WAIT_MS		10000

static unsigned long long free_bytes(void)
{
	const char *dir = test_variable("PMEM_TEST_DIR");
	struct statvfs fs;
	int fd = open(dir, O_RDONLY);

	/* freed blocks count after the journal has committed */
	if (fd < 0 || syncfs(fd) || syncfs(fd) || fstatvfs(fd, &fs))
		ksft_exit_fail_msg("%s: %s\n", dir, strerror(errno));
	close(fd);
	return (unsigned long long)fs.f_bfree * fs.f_frsize;
}

/* An unlinked file; the pipe of @ends holds one page of it. */
static void close_pinned(int *ends)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = dax_file(FILE_SIZE);
	char *map = dax_map(fd, FILE_SIZE);
	struct iovec vec = { .iov_base = map + FILE_SIZE / 2, .iov_len = page };

	memset(map, 1, FILE_SIZE);
	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)page)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));
	munmap(map, FILE_SIZE);
	close(fd);
}

/* Does close() return in a task that holds the pin itself? */
static int close_returns(void)
{
	pid_t child = fork();
	int ends[2], status, ms;

	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child) {
		close_pinned(ends);
		_exit(0);
	}
	for (ms = 0; ms < WAIT_MS; ms += 10) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status == 0;
		usleep(10000);
	}
	return 0;
}

int main(void)
{
	unsigned long long before, pinned, after;
	char byte = 0;
	int ends[2], ms;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(4);

	ksft_test_result(close_returns(), "close() does not wait for the task's own pin\n");
	/* wait until its blocks are freed */
	sleep(3);

	before = free_bytes();
	close_pinned(ends);
	pinned = free_bytes();
	ksft_test_result(before - pinned >= FILE_SIZE / 2,
			 "blocks stay in use while a page is pinned\n");
	ksft_test_result(read(ends[0], &byte, 1) == 1 && byte == 1,
			 "the pinned page keeps its data\n");
	close(ends[0]);
	close(ends[1]);
	for (ms = 0; ms < WAIT_MS; ms += 500) {
		after = free_bytes();
		if (after + FILE_SIZE / 8 >= before)
			break;
		usleep(500000);
	}
	ksft_test_result(after + FILE_SIZE / 8 >= before,
			 "blocks are freed once the pin is gone\n");

	/*
	 * Leave two unlinked files to the next unmount: the child still holds the pin of
	 * one, and the pin of the other is dropped when this process exits.
	 */
	if (!fork()) {
		close_pinned(ends);
		fclose(stdout);
		for (ms = 0; ms < 3; ms++)
			close(ms);
		sleep(60);
		_exit(0);
	}
	close_pinned(ends);
	ksft_finished();
}
