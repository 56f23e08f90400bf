// SPDX-License-Identifier: GPL-2.0
/*
 * Does EXT4_IOC_DAX_PLACE empty chunks, and give the ranges of a file whole ones?
 *
 * A program that maps the file meanwhile loses no store.
 */
#include <linux/ext4.h>
#include <linux/fsmap.h>

#include "dax_file.h"
#include "pins.h"
#include "writer.h"

#define SMALL_SIZE	(64UL << 10)
#define ROUNDS		100

static int place(int fd, int how, size_t start, size_t len, size_t *moved)
{
	struct ext4_dax_place args = {
		.start	= start,
		.len	= len,
		.how	= (__u32)how,
	};
	int err = ioctl(fd, EXT4_IOC_DAX_PLACE, &args) ? errno : 0;

	*moved = args.moved;
	return err;
}

/* The chunk that byte 0 of the file is in. */
static uint64_t chunk_of(int fd)
{
	return file_to_device(fd, 0) / PMD_SIZE;
}

static void write_bytes(int fd, char byte, size_t size)
{
	char *bytes = (char *)malloc(size);

	if (!bytes)
		ksft_exit_fail_msg("no memory\n");
	memset(bytes, byte, size);
	if (pwrite(fd, bytes, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	free(bytes);
}

static int has_bytes(int fd, char byte, size_t size)
{
	char *bytes = (char *)malloc(size);
	int same;

	if (!bytes || pread(fd, bytes, size, 0) != (ssize_t)size)
		ksft_exit_fail_msg("pread: %s\n", strerror(errno));
	same = bytes[0] == byte && !memcmp(bytes, bytes + 1, size - 1);
	free(bytes);
	return same;
}

/* Give the file the blocks of a donor in chunks of its own, from byte @at on. */
static void move_to(int fd, size_t size, size_t at)
{
	int donor = aligned_dax_file(size + PMD_SIZE);
	struct move_extent move = {
		.donor_fd	= donor,
		.donor_start	= at / PAGE,
		.len		= size / PAGE,
	};

	if (ioctl(fd, EXT4_IOC_MOVE_EXT, &move) || move.moved_len != size / PAGE)
		ksft_exit_fail_msg("EXT4_IOC_MOVE_EXT: %s\n", strerror(errno));
	close(donor);
}

/* Is all of a chunk free? The kernel also returns what is before it. */
static int chunk_is_free(int fd, uint64_t chunk)
{
	uint64_t start = chunk * PMD_SIZE, end = start + PMD_SIZE;
	union {
		struct fsmap_head head;
		char space[sizeof(struct fsmap_head) + 8 * sizeof(struct fsmap)];
	} map;
	const struct fsmap *record;
	unsigned int i;

	memset(&map, 0, sizeof(map));
	map.head.fmh_count = 8;
	map.head.fmh_keys[0].fmr_physical = start;
	memset(&map.head.fmh_keys[1], 0xff, sizeof(map.head.fmh_keys[1]));
	memset(map.head.fmh_keys[1].fmr_reserved, 0, sizeof(map.head.fmh_keys[1].fmr_reserved));
	map.head.fmh_keys[1].fmr_length = 0;
	map.head.fmh_keys[1].fmr_physical = end - 1;
	if (ioctl(fd, FS_IOC_GETFSMAP, &map.head))
		ksft_exit_fail_msg("GETFSMAP: %s\n", strerror(errno));
	for (i = 0; i < map.head.fmh_entries; i++) {
		record = &map.head.fmh_recs[i];
		if (record->fmr_owner == FMR_OWN_FREE && record->fmr_physical <= start &&
		    record->fmr_physical + record->fmr_length >= end)
			return 1;
	}
	return 0;
}

/* A file that is alone in a chunk, and one that fills most of another. */
static void test_evacuate(void)
{
	int most = dax_file(3 * PMD_SIZE / 4), fd = dax_file(SMALL_SIZE), reader, err;
	char path[64], *map;
	uint64_t alone;
	size_t moved;

	write_bytes(fd, 'f', SMALL_SIZE);
	move_to(fd, SMALL_SIZE, 0);
	sync();
	alone = chunk_of(fd);
	map = (char *)mmap(NULL, SMALL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || map[PAGE] != 'f')
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));

	err = place(fd, EXT4_DAX_EVACUATE, 0, SMALL_SIZE, &moved);
	ksft_test_result(!err && moved == SMALL_SIZE && chunk_of(fd) != alone,
			 "a small file leaves its chunk (error %d, %zu bytes)\n", err, moved);
	ksft_test_result(map[0] == 'f' && has_bytes(fd, 'f', SMALL_SIZE),
			 "the file has its bytes\n");
	sync();
	ksft_test_result(chunk_is_free(fd, alone), "the chunk that it has left is whole\n");
	ksft_test_result(!chunk_is_free(fd, chunk_of(most)), "the other one is not\n");
	close(most);

	most = aligned_dax_file(PMD_SIZE);
	err = place(most, EXT4_DAX_EVACUATE, 0, PMD_SIZE, &moved);
	ksft_test_result(err == ENOSPC && !moved, "a full chunk is not left (error %d)\n", err);
	close(most);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY);
	err = place(reader, EXT4_DAX_EVACUATE, 0, SMALL_SIZE, &moved);
	ksft_test_result(err == EBADF, "a file that is open for reading stays (error %d)\n", err);
	close(reader);
	munmap(map, SMALL_SIZE);
	close(fd);
}

static void test_collapse(void)
{
	size_t size = 4 * PMD_SIZE, moved;
	int fd = aligned_dax_file(size), ends[2], err;
	char *map = dax_map(fd, size);

	memset(map, 'c', size);
	err = place(fd, EXT4_DAX_COLLAPSE, 0, size, &moved);
	ksft_test_result(!err && !moved && dax_ranges(fd, size) == 4,
			 "a file in chunks of its own stays (error %d, %zu bytes)\n", err, moved);
	/* where no PMD can map it */
	move_to(fd, size, PAGE);
	memset(map, 'c', size);
	if (huge_bytes(map, size) || dax_ranges(fd, size))
		ksft_exit_fail_msg("the file is not misaligned\n");

	pin(map + PMD_SIZE, ends);
	err = place(fd, EXT4_DAX_COLLAPSE, PMD_SIZE, PMD_SIZE, &moved);
	ksft_test_result(err == EBUSY && !moved, "a pinned page stays (error %d)\n", err);
	close(ends[0]);
	close(ends[1]);

	err = place(fd, EXT4_DAX_COLLAPSE, 0, size, &moved);
	ksft_test_result(!err && moved == size && dax_ranges(fd, size) == 4,
			 "each range gets a chunk (error %d, %zu bytes)\n", err, moved);
	ksft_test_result(has_bytes(fd, 'c', size) && map[0] == 'c', "the file has its bytes\n");
	memset(map, 'd', size);
	ksft_test_result(huge_bytes(map, size) == size, "it is mapped in 2 MiB pages\n");
	munmap(map, size);
	close(fd);
}

/* Parts of a range are unwritten, or holes. */
static void test_sparse(void)
{
	int fd = aligned_dax_file(PMD_SIZE), err;
	size_t size = PMD_SIZE, moved;

	write_bytes(fd, 'a', size / 4);
	err = place(fd, EXT4_DAX_COLLAPSE, 0, size, &moved);
	ksft_test_result(!err && !moved,
			 "a chunk with unwritten blocks stays (error %d, %zu bytes)\n", err, moved);
	close(fd);

	fd = aligned_dax_file(size);
	write_bytes(fd, 'a', size);
	move_to(fd, size, PAGE);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, size / 2 - PAGE) ||
	    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, size / 2 + PAGE,
		      size / 2 - PAGE))
		ksft_exit_fail_msg("fallocate: %s\n", strerror(errno));
	err = place(fd, EXT4_DAX_COLLAPSE, 0, size, &moved);
	ksft_test_result(!err && moved == 2 * PAGE,
			 "a range with holes may get a chunk (error %d, %zu bytes)\n", err, moved);
	ksft_test_result(file_to_device(fd, size / 2) - file_to_device(fd, 0) == size / 2 &&
			 file_to_device(fd, 0) % PMD_SIZE == 0,
			 "its blocks are at their places in the chunk\n");
	close(fd);
}

static void test_bad(void)
{
	int fd = dax_file(PMD_SIZE), err;
	size_t moved;

	err = place(fd, EXT4_DAX_EVACUATE, 1, PAGE, &moved);
	ksft_test_result(err == EINVAL, "a start that is not aligned is refused (error %d)\n", err);
	err = place(fd, EXT4_DAX_COLLAPSE, PAGE, PMD_SIZE, &moved);
	ksft_test_result(err == EINVAL, "so is half a range (error %d)\n", err);
	err = place(fd, EXT4_DAX_EVACUATE, 0, 0, &moved);
	ksft_test_result(err == EINVAL, "so is nothing (error %d)\n", err);
	err = place(fd, EXT4_DAX_EVACUATE, -PAGE, 2 * PAGE, &moved);
	ksft_test_result(err == EINVAL, "so is what ends before it starts (error %d)\n", err);
	err = place(fd, EXT4_DAX_COLLAPSE + 1, 0, PMD_SIZE, &moved);
	ksft_test_result(err == EINVAL, "so is another operation (error %d)\n", err);
	close(fd);
}

static void test_written(void)
{
	size_t size = 2 * PMD_SIZE, moved;
	int fd = aligned_dax_file(size), err = 0, i, kept;
	char *map = dax_map(fd, size);
	struct writer writer;

	writer_start(&writer, map, size);
	for (i = 0; i < rounds(ROUNDS) && !err; i++) {
		move_to(fd, size, PAGE);
		err = place(fd, EXT4_DAX_COLLAPSE, 0, size, &moved);
	}
	kept = writer_end(&writer);
	ksft_test_result(!err && kept,
			 "no store is lost in %d rounds, %lu of the writer (error %d)\n",
			 i, writer.rounds, err);
	munmap(map, size);
	close(fd);
}

/* Each page of a sparse file is filled by a fault. */
static void *fill(void *arg)
{
	struct writer *writer = (struct writer *)arg;
	size_t at;

	for (at = 0; at < writer->size; at += PAGE)
		memset(writer->map + at, 'f', PAGE);
	__atomic_store_n(&writer->stop, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void test_filled(void)
{
	struct writer writer = { .size = 32UL << 20 };
	int fd = dax_empty_file(), err = 0;
	unsigned long times = 0;
	pthread_t thread;
	size_t moved;

	if (ftruncate(fd, writer.size))
		ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	writer.map = dax_map_small(fd, writer.size);
	if (pthread_create(&thread, NULL, fill, &writer))
		ksft_exit_fail_msg("pthread_create\n");
	while (!__atomic_load_n(&writer.stop, __ATOMIC_ACQUIRE) && !err) {
		err = place(fd, EXT4_DAX_EVACUATE, 0, writer.size, &moved);
		err = err == ENOSPC ? 0 : err;
		if (!err)
			err = place(fd, EXT4_DAX_COLLAPSE, 0, writer.size, &moved);
		times++;
	}
	pthread_join(thread, NULL);
	ksft_test_result(!err && has_bytes(fd, 'f', writer.size),
			 "holes may be filled meanwhile (%lu times, error %d)\n", times, err);
	munmap(writer.map, writer.size);
	close(fd);
}

int main(void)
{
	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(21);
	test_evacuate();
	test_collapse();
	test_sparse();
	test_bad();
	test_written();
	test_filled();
	ksft_finished();
}
