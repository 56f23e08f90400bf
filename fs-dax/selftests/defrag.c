// SPDX-License-Identifier: GPL-2.0
/*
 * Does ext4 refuse to move blocks between DAX files?
 *
 * The ioctl of e4defrag fails, and both files keep their blocks, bytes and mappings. Also
 * for a file without DAX and a donor with it: with PMEM_TEST_NODAX_DIR, on a filesystem
 * where each file may have its own way (dax=inode, the default).
 */
#include <linux/ext4.h>

#include "dax_file.h"

#define FILE_SIZE	(8UL << 20)
#define MAX_EXTENTS	64

union layout {
	struct fiemap map;
	char space[sizeof(struct fiemap) +
		   MAX_EXTENTS * sizeof(struct fiemap_extent)];
};

static void get_layout(int fd, union layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	layout->map.fm_length = FILE_SIZE;
	layout->map.fm_extent_count = MAX_EXTENTS;
	if (ioctl(fd, FS_IOC_FIEMAP, &layout->map))
		ksft_exit_fail_msg("FIEMAP: %s\n", strerror(errno));
	if (!layout->map.fm_mapped_extents)
		ksft_exit_fail_msg("FIEMAP: no extents\n");
}

/* Whether each byte of the mapping is @value. */
static int all_bytes(const char *map, char value)
{
	size_t i;

	for (i = 0; i < FILE_SIZE; i++)
		if (map[i] != value)
			return 0;
	return 1;
}

/* A new file in @dir, empty and unlinked. */
static int file_in(const char *dir)
{
	int fd = open(dir, O_RDWR | O_TMPFILE, 0600);

	if (fd < 0)
		ksft_exit_fail_msg("open %s: %s\n", dir, strerror(errno));
	return fd;
}

/* A new file with DAX in a directory below @dir, or -1 if there can be none. */
static int dax_file_below(const char *dir)
{
	struct fsxattr attr;
	struct statx stx;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/dax.XXXXXX", dir);
	if (!mkdtemp(path))
		return -1;
	fd = open(path, O_RDONLY);
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attr))
		return -1;
	attr.fsx_xflags |= FS_XFLAG_DAX;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attr))
		return -1;
	close(fd);
	fd = file_in(path);
	rmdir(path);
	if (statx(fd, "", AT_EMPTY_PATH, 0, &stx) || !(stx.stx_attributes & STATX_ATTR_DAX))
		return -1;
	return fd;
}

static void test_mixed(void)
{
	const char *dir = getenv("PMEM_TEST_NODAX_DIR");
	int donor = dir ? dax_file_below(dir) : -1, fd, err;
	static char bytes[FILE_SIZE], read_back[FILE_SIZE];
	struct move_extent move = { 0 };

	if (donor < 0) {
		ksft_test_result_skip("no files with and without DAX on one filesystem\n");
		ksft_test_result_skip("no files with and without DAX on one filesystem\n");
		return;
	}
	fd = file_in(dir);
	memset(bytes, 'c', FILE_SIZE);
	if (fallocate(donor, 0, 0, FILE_SIZE) ||
	    pwrite(fd, bytes, FILE_SIZE, 0) != (ssize_t)FILE_SIZE || fsync(fd))
		ksft_exit_fail_msg("write: %s\n", strerror(errno));

	move.donor_fd = donor;
	move.len = FILE_SIZE / sysconf(_SC_PAGESIZE);
	err = ioctl(fd, EXT4_IOC_MOVE_EXT, &move) ? errno : 0;
	ksft_test_result(err == EOPNOTSUPP && !move.moved_len,
			 "a donor with DAX is refused (error %d, %llu blocks)\n", err,
			 (unsigned long long)move.moved_len);
	ksft_test_result(pread(fd, read_back, FILE_SIZE, 0) == (ssize_t)FILE_SIZE &&
			 !memcmp(bytes, read_back, FILE_SIZE),
			 "the file has its bytes\n");
	close(fd);
	close(donor);
}

int main(void)
{
	union layout before[2], after[2];
	struct move_extent move = { 0 };
	size_t huge[2];
	char *maps[2];
	int fds[2], i, err;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(6);

	for (i = 0; i < 2; i++) {
		fds[i] = dax_file(FILE_SIZE);
		maps[i] = dax_map(fds[i], FILE_SIZE);
		memset(maps[i], 'a' + i, FILE_SIZE);
		get_layout(fds[i], &before[i]);
		huge[i] = huge_bytes(maps[i], FILE_SIZE);
	}

	move.donor_fd = fds[1];
	move.len = FILE_SIZE / sysconf(_SC_PAGESIZE);
	err = ioctl(fds[0], EXT4_IOC_MOVE_EXT, &move) ? errno : 0;
	ksft_test_result(err == EOPNOTSUPP && !move.moved_len,
			 "EXT4_IOC_MOVE_EXT is refused (error %d)\n", err);

	for (i = 0; i < 2; i++)
		get_layout(fds[i], &after[i]);
	ksft_test_result(!memcmp(before, after, sizeof(before)),
			 "blocks did not move\n");
	ksft_test_result(huge[0] == huge_bytes(maps[0], FILE_SIZE) &&
			 huge[1] == huge_bytes(maps[1], FILE_SIZE),
			 "mappings keep their page sizes\n");
	ksft_test_result(all_bytes(maps[0], 'a') && all_bytes(maps[1], 'b'),
			 "bytes did not change\n");
	test_mixed();
	ksft_finished();
}
