// SPDX-License-Identifier: GPL-2.0
/*
 * Does truncate wait until no page of the file is pinned?
 *
 * It must also wait after write() has overwritten the page, after write() has filled
 * neighbours that a mapping shows as zero pages, and after the page was unmapped.
 */
#include <sys/wait.h>

#include "dax_file.h"
#include "pins.h"

/* So small that ext4 zeroes all of it when one page is written. */
#define FILE_SIZE	(8 * PAGE)

#define WAIT_MS		500
#define HANG_MS		60000

/* Does @child still run after @ms milliseconds?  If not, *@status is its exit status. */
static int runs(pid_t child, int ms, int *status)
{
	pid_t done;

	while ((done = waitpid(child, status, WNOHANG)) == 0 && ms > 0) {
		usleep(10000);
		ms -= 10;
	}
	if (done < 0)
		ksft_exit_fail_msg("waitpid: %s\n", strerror(errno));
	return done == 0;
}

/* Say in which function of the kernel @child sleeps; 0 if it does not sleep. */
static void print_wait_channel(pid_t child)
{
	char path[64], name[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/wchan", child);
	file = fopen(path, "r");
	if (!file)
		return;
	if (fscanf(file, "%63s", name) == 1)
		ksft_print_msg("truncate sleeps in %s\n", name);
	fclose(file);
}

static void test_truncate(int fd, const int *ends, const char *what)
{
	pid_t child = truncate_in_child(fd, ends);
	int status = 0, waits, hangs = 0;

	waits = runs(child, WAIT_MS, &status);
	ksft_test_result(waits, "%s: truncate waits for a pinned page\n", what);
	close(ends[0]);
	close(ends[1]);
	if (waits)
		hangs = runs(child, HANG_MS, &status);
	if (hangs)
		print_wait_channel(child);
	else if (status)
		ksft_print_msg("truncate has ended with wait status %#x\n", status);
	ksft_test_result(!hangs && !status,
			 "%s: truncate ends once the pin is gone\n", what);
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
	/* do not fault on the pinned page: that would restore a removed entry */
	ksft_test_result(!memcmp(map + PAGE, buffer, FILE_SIZE - PAGE),
			 "a mapping with a pinned page shows what write() wrote\n");

	test_truncate(fd, ends, "overwritten");
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
