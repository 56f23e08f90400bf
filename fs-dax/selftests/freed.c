// SPDX-License-Identifier: GPL-2.0
/*
 * Space of small files that was freed is used again before the journal's next
 * commit is due, so that hardly any 2 MiB windows are broken in its place.
 */
#include "dax_file.h"

/* Half of them are more than is left to wait for a commit, which is 64 MiB. */
#define FILES		192
#define FILE_SIZE	(1024 * 1024UL)

/* How often a small request had to break a window, by mb_stats. */
static long windows_broken(const char *disk)
{
	char path[128], line[128];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/fs/ext4/%s/mb_stats", disk);
	file = fopen(path, "r");
	if (!file)
		ksft_exit_skip("%s: %s\n", path, strerror(errno));
	while (count < 0 && fgets(line, sizeof(line), file))
		sscanf(line, " piece_misses: %ld", &count);
	fclose(file);
	if (count < 0)
		ksft_exit_skip("%s has no piece_misses\n", path);
	return count;
}

static void count_windows(const char *disk)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/mb_stats", disk);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		ksft_exit_skip("%s: %s\n", path, strerror(errno));
	close(fd);
}

/* Make every @step-th of the files, and tell how many windows that broke. */
static long create(int dir, const char *disk, int step)
{
	long before = windows_broken(disk);
	char name[32];
	int i, fd;

	for (i = 0; i < FILES; i += step) {
		snprintf(name, sizeof(name), "freed.%d", i);
		fd = openat(dir, name, O_RDWR | O_CREAT, 0600);
		if (fd < 0 || fallocate(fd, 0, 0, FILE_SIZE))
			ksft_exit_fail_msg("%s: %s\n", name, strerror(errno));
		close(fd);
		/* time for the commit that the first one starts */
		if (!i)
			sleep(1);
	}
	return windows_broken(disk) - before;
}

static void unlink_files(int dir, int step)
{
	char name[32];
	int i;

	for (i = 0; i < FILES; i += step) {
		snprintf(name, sizeof(name), "freed.%d", i);
		unlinkat(dir, name, 0);
	}
}

int main(void)
{
	const char *device, *disk, *path;
	long first, again;
	int dir;

	ksft_print_header();
	device = test_variable("PMEM_TEST_DEV");
	path = test_variable("PMEM_TEST_DIR");
	disk = strrchr(device, '/') ? strrchr(device, '/') + 1 : device;
	dir = open(path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	count_windows(disk);

	ksft_set_plan(2);
	first = create(dir, disk, 1);
	ksft_test_result(first > 0, "%d files break %ld windows, so no piece is left\n",
			 FILES, first);
	sync();
	unlink_files(dir, 2);
	again = create(dir, disk, 2);
	ksft_test_result(again <= FILES / 16,
			 "half of them break %ld when they are made again, at most %d\n",
			 again, FILES / 16);
	unlink_files(dir, 1);
	close(dir);
	ksft_finished();
}
