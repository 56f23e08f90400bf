// SPDX-License-Identifier: GPL-2.0
/*
 * Is a DAX file whole after a crash that follows EXT4_IOC_MOVE_EXT, in the middle of
 * EXT4_IOC_DAX_PLACE?
 *
 * The first run moves a file in PMEM_TEST_DIR, writes to the donor, and stores through a
 * mapping with MAP_SYNC. Then it moves the file on and on, while a thread makes fast commits
 * and at last shuts the filesystem down without writing the journal. After it was mounted
 * again, the second run compares.
 */
#include <linux/ext4.h>
#include <pthread.h>

#include "dax_file.h"

#define FILE_SIZE	(8UL << 20)

/* Where the store is made after the move, beside all other bytes, which are 'f'. */
#define PLACE		(3 * PMD_SIZE + 5 * PAGE + 7)

static int named_file(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", test_variable("PMEM_TEST_DIR"), name);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	return fd;
}

static void write_all(int fd, char byte)
{
	static char bytes[FILE_SIZE];

	memset(bytes, byte, FILE_SIZE);
	if (pwrite(fd, bytes, FILE_SIZE, 0) != (ssize_t)FILE_SIZE)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
}

/* Write and fsync() another file for a while, then crash. */
static void *commit_and_crash(void *arg)
{
	unsigned int how = EXT4_GOING_FLAGS_NOLOGFLUSH;
	int fd = *(int *)arg, i;

	for (i = 0; i < 300; i++)
		if (pwrite(fd, "x", 1, i * PAGE) != 1 || fsync(fd))
			ksft_exit_fail_msg("other file: %s\n", strerror(errno));
	if (ioctl(fd, EXT4_IOC_SHUTDOWN, &how))
		ksft_exit_fail_msg("EXT4_IOC_SHUTDOWN: %s\n", strerror(errno));
	return NULL;
}

/* Take it out of its chunks, then give it new ones, until the filesystem is gone. */
static unsigned long place(int fd)
{
	struct ext4_dax_place place = { .len = FILE_SIZE };
	unsigned long times = 0;
	int err;

	do {
		place.how = times++ % 2 ? EXT4_DAX_COLLAPSE : EXT4_DAX_EVACUATE;
		err = ioctl(fd, EXT4_IOC_DAX_PLACE, &place) ? errno : 0;
	} while (!err || err == ENOSPC);
	return times;
}

static void move_and_crash(int fd, int donor)
{
	int other = named_file("other");
	pthread_t thread;
	struct move_extent move = { .donor_fd = donor, .len = FILE_SIZE / PAGE };
	char *map;

	write_all(fd, 'f');
	if (fallocate(donor, 0, 0, FILE_SIZE) || fsync(fd) || fsync(donor))
		ksft_exit_fail_msg("files: %s\n", strerror(errno));
	if (ioctl(fd, EXT4_IOC_MOVE_EXT, &move) || move.moved_len != FILE_SIZE / PAGE)
		ksft_exit_fail_msg("EXT4_IOC_MOVE_EXT: %s\n", strerror(errno));

	/* to the old blocks of the file */
	write_all(donor, 'd');
	map = (char *)mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	map[PLACE] = 's';
	__builtin_ia32_clflush(map + PLACE);
	if (pthread_create(&thread, NULL, commit_and_crash, &other))
		ksft_exit_fail_msg("pthread_create\n");
	ksft_print_msg("%lu moves\n", place(fd));
	pthread_join(thread, NULL);
	ksft_test_result_pass("the filesystem is shut down\n");
}

static void compare(int fd)
{
	static char bytes[FILE_SIZE];
	size_t at, wrong = 0;

	if (pread(fd, bytes, FILE_SIZE, 0) != (ssize_t)FILE_SIZE)
		ksft_exit_fail_msg("pread: %s\n", strerror(errno));
	for (at = 0; at < FILE_SIZE; at++)
		wrong += bytes[at] != (at == PLACE ? 's' : 'f');
	ksft_test_result(!wrong, "all bytes are there (%zu wrong)\n", wrong);
}

int main(void)
{
	struct stat st;
	int fd;

	ksft_print_header();
	ksft_set_plan(1);
	fd = named_file("file");
	if (fstat(fd, &st))
		ksft_exit_fail_msg("stat: %s\n", strerror(errno));
	if (st.st_size)
		compare(fd);
	else
		move_and_crash(fd, named_file("donor"));
	ksft_finished();
}
