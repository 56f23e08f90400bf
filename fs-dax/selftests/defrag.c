// SPDX-License-Identifier: GPL-2.0
/*
 * Does EXT4_IOC_MOVE_EXT, the ioctl of e4defrag, move a DAX file while programs map it?
 *
 * The file gets the blocks of the donor with its own bytes, a mapping shows the same
 * bytes as before, and pages that are pinned are not moved. A file without DAX gets no
 * blocks of one with it: with PMEM_TEST_NODAX_DIR, on a filesystem where each file may have
 * its own way (dax=inode, the default).
 */
#include <linux/ext4.h>

#include "dax_file.h"
#include "pins.h"
#include "writer.h"

#define FILE_SIZE	(8UL << 20)
#define MOVES		200

/* Move @len bytes from @from on to the blocks of @donor from @to on. */
static int move_to(int fd, int donor, size_t from, size_t to, size_t len, size_t *moved)
{
	struct move_extent args = {
		.donor_fd	= donor,
		.orig_start	= from / PAGE,
		.donor_start	= to / PAGE,
		.len		= len / PAGE,
	};
	int err = ioctl(fd, EXT4_IOC_MOVE_EXT, &args) ? errno : 0;

	*moved = args.moved_len * PAGE;
	return err;
}

static int move(int fd, int donor, size_t from, size_t len, size_t *moved)
{
	return move_to(fd, donor, from, from, len, moved);
}

/* Each page of the file has its own value, so that a page at a wrong place shows. */
static char value(size_t page)
{
	return (char)(page * 7 + page / 251 + 1);
}

static void fill(char *map)
{
	size_t page;

	for (page = 0; page < FILE_SIZE / PAGE; page++)
		memset(map + page * PAGE, value(page), PAGE);
}

static int is_filled(const char *map)
{
	size_t i;

	for (i = 0; i < FILE_SIZE; i++)
		if (map[i] != value(i / PAGE)) {
			ksft_print_msg("byte %zu is %d, not %d\n", i, map[i],
				       value(i / PAGE));
			return 0;
		}
	return 1;
}

static int reads_zeroes(int fd)
{
	static char bytes[FILE_SIZE];

	return pread(fd, bytes, FILE_SIZE, 0) == (ssize_t)FILE_SIZE && !bytes[0] &&
	       !memcmp(bytes, bytes + 1, FILE_SIZE - 1);
}

static void test_mapped(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor = aligned_dax_file(FILE_SIZE), err;
	uint64_t old = file_to_device(fd, 0), other = file_to_device(donor, 0);
	char *map = dax_map(fd, FILE_SIZE);
	size_t moved;

	fill(map);
	err = move(fd, donor, 0, FILE_SIZE, &moved);
	ksft_test_result(!err && moved == FILE_SIZE,
			 "a mapped file is moved (error %d, %zu bytes)\n", err, moved);
	ksft_test_result(file_to_device(fd, 0) == other && file_to_device(donor, 0) == old,
			 "both files have each other's blocks\n");
	ksft_test_result(is_filled(map), "the mapping shows the same bytes\n");
	ksft_test_result(huge_bytes(map, FILE_SIZE) == FILE_SIZE,
			 "it is mapped in 2 MiB pages again\n");
	ksft_test_result(reads_zeroes(donor), "the donor shows no bytes of the file\n");
	map[PAGE] = 3;
	ksft_test_result(!fsync(fd) && map[PAGE] == 3, "the file can be written after that\n");
	munmap(map, FILE_SIZE);
	close(fd);
	close(donor);
}

/* Part of a 2 MiB page, of which the rest is dirty and stays. */
static void test_part(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor = aligned_dax_file(FILE_SIZE), err;
	char *map = dax_map(fd, FILE_SIZE);
	size_t moved;

	fill(map);
	err = move(fd, donor, PMD_SIZE / 2, PMD_SIZE, &moved);
	ksft_test_result(!err && moved == PMD_SIZE && is_filled(map),
			 "halves of two 2 MiB pages are moved (error %d, %zu bytes)\n",
			 err, moved);
	munmap(map, FILE_SIZE);
	close(fd);
	close(donor);
}

/* To a place that is not a multiple of 2 MiB away, and out of it. */
static void test_shifted(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor = aligned_dax_file(FILE_SIZE), err;
	size_t shift = PMD_SIZE + 3 * PAGE, len = 2 * PMD_SIZE + PAGE, moved;
	uint64_t other = file_to_device(donor, shift);
	char *map = dax_map(fd, FILE_SIZE);

	fill(map);
	err = move_to(fd, donor, PAGE, shift, len, &moved);
	ksft_test_result(!err && moved == len && is_filled(map) &&
			 file_to_device(fd, PAGE) == other,
			 "a range is moved to blocks of another offset (error %d, %zu bytes)\n",
			 err, moved);
	ksft_test_result(reads_zeroes(donor), "the donor shows no bytes of it\n");
	munmap(map, FILE_SIZE);
	close(fd);
	close(donor);
}

/* More than the locks are held for at once, with a hole and unwritten blocks in it. */
static void test_long(void)
{
	size_t size = 40UL << 20, hole = 18UL << 20, unwritten = 30UL << 20, at, moved;
	int fd = dax_file(size), donor = dax_file(size), err;
	char *map = dax_map(fd, size), *bytes;

	memset(map, 5, size);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole, PAGE) ||
	    fallocate(fd, FALLOC_FL_ZERO_RANGE, unwritten, PMD_SIZE))
		ksft_exit_fail_msg("fallocate: %s\n", strerror(errno));
	err = move(fd, donor, 0, size, &moved);
	ksft_test_result(!err && moved == size - PAGE,
			 "40 MiB are moved but for a hole (error %d, %zu bytes)\n", err, moved);
	bytes = (char *)malloc(size);
	if (!bytes || pread(fd, bytes, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pread: %s\n", strerror(errno));
	for (at = 0; at < size; at++)
		if (bytes[at] != (at - hole < PAGE || at - unwritten < PMD_SIZE ? 0 : 5))
			break;
	ksft_test_result(at == size && !memcmp(bytes, map, size),
			 "hole and unwritten blocks are zeroes, the rest has its bytes\n");
	free(bytes);
	munmap(map, size);
	close(fd);
	close(donor);
}

static void test_private(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor = aligned_dax_file(FILE_SIZE), err;
	char *map = dax_map(fd, FILE_SIZE), *copy;
	size_t moved;

	fill(map);
	copy = (char *)mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (copy == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	copy[PAGE] = 99;
	err = move(fd, donor, 0, FILE_SIZE, &moved);
	ksft_test_result(!err && copy[PAGE] == 99 && copy[0] == value(0) && is_filled(map),
			 "a private mapping keeps its copies (error %d)\n", err);
	munmap(copy, FILE_SIZE);
	munmap(map, FILE_SIZE);
	close(fd);
	close(donor);
}

static void test_refused(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor = aligned_dax_file(FILE_SIZE), err;
	char *map = dax_map(fd, FILE_SIZE), *donor_map;
	uint64_t old = file_to_device(fd, 0);
	int ends[2];
	size_t moved;

	fill(map);
	pin(map + PMD_SIZE + PAGE, ends);
	err = move(fd, donor, 0, FILE_SIZE, &moved);
	ksft_test_result(err == EBUSY && !moved && file_to_device(fd, 0) == old && is_filled(map),
			 "a pinned page is not moved (error %d)\n", err);
	err = move(fd, donor, 2 * PMD_SIZE, PMD_SIZE, &moved);
	ksft_test_result(!err && moved == PMD_SIZE && is_filled(map),
			 "another range of the file is (error %d)\n", err);
	close(ends[0]);
	close(ends[1]);

	/* a page beside the range, but in the same PMD range; it has a block of its own */
	donor_map = dax_map(donor, FILE_SIZE);
	donor_map[PMD_SIZE - PAGE] = 1;
	pin(donor_map + PMD_SIZE - PAGE, ends);
	err = move(fd, donor, 0, PMD_SIZE / 2, &moved);
	ksft_test_result(err == EBUSY && !moved && is_filled(map),
			 "a donor with a pinned page gives nothing (error %d)\n", err);
	close(ends[0]);
	close(ends[1]);
	munmap(donor_map, FILE_SIZE);

	if (pwrite(donor, "x", 1, 0) != 1)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	err = move(fd, donor, 0, PMD_SIZE, &moved);
	ksft_test_result(err == EINVAL && !moved && is_filled(map),
			 "blocks with data of the donor are not taken (error %d)\n", err);
	munmap(map, FILE_SIZE);
	close(fd);
	close(donor);
}

static void test_written(void)
{
	int fd = aligned_dax_file(FILE_SIZE), donor, err = 0, i, kept;
	char *map = dax_map(fd, FILE_SIZE);
	struct writer writer;
	size_t moved;

	writer_start(&writer, map, FILE_SIZE);
	for (i = 0; i < rounds(MOVES) && !err; i++) {
		donor = aligned_dax_file(FILE_SIZE);
		err = move(fd, donor, 0, FILE_SIZE, &moved);
		close(donor);
	}
	kept = writer_end(&writer);
	ksft_test_result(!err && kept,
			 "no store is lost in %d moves and %lu rounds of stores (error %d)\n",
			 i, writer.rounds, err);
	munmap(map, FILE_SIZE);
	close(fd);
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
	size_t moved;

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

	err = move(fd, donor, 0, FILE_SIZE, &moved);
	ksft_test_result(err == EOPNOTSUPP && !moved,
			 "a donor with DAX is refused for a file without (error %d, %zu bytes)\n",
			 err, moved);
	ksft_test_result(pread(fd, read_back, FILE_SIZE, 0) == (ssize_t)FILE_SIZE &&
			 !memcmp(bytes, read_back, FILE_SIZE),
			 "the file has its bytes\n");
	close(fd);
	close(donor);
}

int main(void)
{
	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(19);
	test_mapped();
	test_part();
	test_shifted();
	test_long();
	test_private();
	test_refused();
	test_written();
	test_mixed();
	ksft_finished();
}
