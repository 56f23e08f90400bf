// SPDX-License-Identifier: GPL-2.0
/*
 * Does XFS_IOC_SWAPEXT refuse to exchange blocks whose pages are pinned?
 *
 * Afterwards, the block of the pinned page would belong to a file that has no entry for
 * it. A truncate would free it, and the pin would show what the next file writes.
 */
#include <sys/uio.h>

#include "dax_file.h"

#define NR		5UL	/* the page that is pinned */
#define SECRET		0x77

/* struct xfs_bstime, xfs_bstat and xfs_swapext of fs/xfs/libxfs/xfs_fs.h, not in uapi */
struct bstime {
	long sec;
	int32_t nsec;
};

struct bstat {
	uint64_t ino;
	uint16_t mode;
	uint16_t nlink;
	uint32_t ids[3];
	int32_t blksize;
	int64_t size;
	struct bstime atime;
	struct bstime mtime;
	struct bstime ctime;
	int64_t blocks;
	uint32_t rest[10];
};

struct swapext {
	int64_t version;
	int64_t fdtarget;
	int64_t fdtmp;
	int64_t offset;
	int64_t length;
	char pad[16];
	struct bstat stat;	/* only mtime and ctime are compared */
};

#define SWAPEXT		_IOWR('X', 109, struct swapext)

static int swap_extents(int fd, int other, size_t size)
{
	struct swapext swap;
	struct stat st;

	if (fsync(fd) || fsync(other) || fstat(fd, &st))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	memset(&swap, 0, sizeof(swap));
	swap.fdtarget = fd;
	swap.fdtmp = other;
	swap.length = size;
	swap.stat.mtime.sec = st.st_mtim.tv_sec;
	swap.stat.mtime.nsec = st.st_mtim.tv_nsec;
	swap.stat.ctime.sec = st.st_ctim.tv_sec;
	swap.stat.ctime.nsec = st.st_ctim.tv_nsec;
	return ioctl(fd, SWAPEXT, &swap);
}

/* A mapping of an aligned file with @value in each byte. */
static char *filled_file(int *fd, char value, int small)
{
	char *map;

	*fd = aligned_dax_file(PMD_SIZE);
	map = small ? dax_map_small(*fd, PMD_SIZE) : dax_map(*fd, PMD_SIZE);
	memset(map, value, PMD_SIZE);
	return map;
}

/* Free the blocks of @fd, and write SECRET to new files until one has @offset. */
static int reuse(int fd, uint64_t offset)
{
	char *map;
	int next, nr;

	if (ftruncate(fd, 0) || fsync(fd))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	for (nr = 0; nr < 64; nr++) {
		map = filled_file(&next, SECRET, 1);
		munmap(map, PMD_SIZE);
		if (file_to_device(next, 0) / PMD_SIZE == offset / PMD_SIZE)
			return 1;
	}
	return 0;
}

static void test_pinned(int small)
{
	const char *how = small ? "4 KiB" : "2 MiB";
	int fd, other, ends[2], failed;
	char *map = filled_file(&fd, 1, small), *area = filled_file(&other, 2, small);
	struct iovec vec = { .iov_base = map + NR * PAGE, .iov_len = PAGE };
	uint64_t offset = file_to_device(fd, NR * PAGE);
	char seen[PAGE];

	munmap(area, PMD_SIZE);
	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)PAGE)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));
	munmap(map, PMD_SIZE);

	failed = swap_extents(fd, other, PMD_SIZE) ? errno : 0;
	ksft_test_result(failed == EBUSY, "%s: a file with a pinned page is EBUSY (%s)\n",
			 how, failed ? strerror(failed) : "no error");
	if (!failed)
		ksft_print_msg("%s: %s new file has the block of the pinned page\n", how,
			       reuse(other, offset) ? "a" : "no");
	if (read(ends[0], seen, PAGE) != (ssize_t)PAGE)
		ksft_exit_fail_msg("pipe: %s\n", strerror(errno));
	ksft_test_result(seen[0] == 1, "%s: the pin does not show another file's bytes (%#x)\n",
			 how, seen[0]);
	close(ends[0]);
	close(ends[1]);
	close(other);
	close(fd);
}

static void test_unpinned(int small)
{
	const char *how = small ? "4 KiB" : "2 MiB";
	int fd, other;
	char *map = filled_file(&fd, 1, small), *area = filled_file(&other, 2, small);

	ksft_test_result(!swap_extents(fd, other, PMD_SIZE) &&
			 map[NR * PAGE] == 2 && area[NR * PAGE] == 1,
			 "%s: mappings show the exchanged blocks\n", how);
	munmap(map, PMD_SIZE);
	munmap(area, PMD_SIZE);
	close(other);
	close(fd);
}

int main(void)
{
	int fd, other;

	ksft_print_header();
	fd = dax_file(PMD_SIZE);
	other = dax_file(PMD_SIZE);
	if (swap_extents(fd, other, PMD_SIZE)) {
		if (errno == ENOTTY || errno == EOPNOTSUPP)
			ksft_exit_skip("XFS_IOC_SWAPEXT: %s\n", strerror(errno));
		ksft_exit_fail_msg("XFS_IOC_SWAPEXT: %s\n", strerror(errno));
	}
	close(other);
	close(fd);

	ksft_set_plan(6);
	test_unpinned(1);
	test_unpinned(0);
	test_pinned(1);
	test_pinned(0);
	ksft_finished();
}
