// SPDX-License-Identifier: GPL-2.0
/*
 * Does ext4 keep unused PMD-aligned chunks whole?
 *
 * Small requests go to partial chunks but are not split into single blocks, files of
 * unknown size do not leave many partial chunks, and directories share a chunk.
 */
#include <sys/statvfs.h>

#include "dax_file.h"

#define KIB		1024UL
#define MIB		(1024 * KIB)

#define SMALL_FILES	2000
#define SINGLES_SIZE	(1900 * KIB)

#define FILES		300
#define FILE_SIZE	(1100 * KIB)
#define WRITE_SIZE	MIB

#define DIRECTORIES	100

static const char *directory;
static size_t page;
static char *buffer;

/* Open or create file @nr with the prefix @name. */
static int open_file(const char *name, int nr)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/chunks.%s%d", directory, name, nr);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	return fd;
}

static void unlink_files(const char *name, int first, int nr, int step)
{
	char path[512];
	int i;

	for (i = first; i < nr; i += step) {
		snprintf(path, sizeof(path), "%s/chunks.%s%d", directory, name,
			 i);
		if (unlink(path) && rmdir(path))
			ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	}
}

static void write_file(int fd, size_t size)
{
	size_t at, step;

	for (at = 0; at < size; at += step) {
		step = WRITE_SIZE;
		if (step > size - at)
			step = size - at;
		if (pwrite(fd, buffer, step, at) != (ssize_t)step)
			ksft_exit_fail_msg("write %zu bytes: %s\n", step,
					   strerror(errno));
	}
}

/* The journal must commit before freed blocks can be used. */
static void commit(void)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY);

	if (fd < 0 || syncfs(fd))
		ksft_exit_fail_msg("syncfs: %s\n", strerror(errno));
	close(fd);
}

/* Count the extents of the file, and mark their chunks in @chunks. */
static int extents(int fd, unsigned char *chunks)
{
	size_t size = lseek(fd, 0, SEEK_END), at;
	struct fiemap_extent extent;
	uint64_t block;
	int nr = 0;

	for (at = 0; at < size; at = extent.fe_logical + extent.fe_length) {
		extent = file_extent(fd, at, size - at);
		nr++;
		for (block = extent.fe_physical;
		     chunks && block < extent.fe_physical + extent.fe_length;
		     block += page)
			chunks[block / PMD_SIZE] = 1;
	}
	return nr;
}

/* An empty set of chunks for the whole filesystem. */
static unsigned char *no_chunks(size_t *nr)
{
	unsigned char *chunks;
	struct statvfs stats;

	if (statvfs(directory, &stats))
		ksft_exit_fail_msg("statvfs: %s\n", strerror(errno));
	/* f_blocks does not count metadata */
	*nr = 2 * stats.f_blocks * stats.f_frsize / PMD_SIZE + 1;
	chunks = (unsigned char *)calloc(*nr, 1);
	if (!chunks)
		ksft_exit_fail_msg("no memory\n");
	return chunks;
}

static size_t count(const unsigned char *chunks, size_t nr)
{
	size_t i, sum = 0;

	for (i = 0; i < nr; i++)
		sum += chunks[i];
	return sum;
}

/* A request is not split into the single blocks that are free everywhere. */
static void try_singles(void)
{
	int i, fd, nr;

	for (i = 0; i < SMALL_FILES; i++) {
		fd = open_file("small", i);
		write_file(fd, page);
		close(fd);
	}
	unlink_files("small", 0, SMALL_FILES, 2);
	commit();

	fd = dax_file(SINGLES_SIZE);
	nr = extents(fd, NULL);
	ksft_test_result(nr <= 2,
			 "a file is not split into single free blocks: %d of them, %lu KiB in %d extents, at most 2\n",
			 SMALL_FILES / 2, SINGLES_SIZE / KIB, nr);
	close(fd);
	unlink_files("small", 1, SMALL_FILES, 2);
}

/* Files that end soon after their first MiB share chunks. */
static void try_partial_chunks(void)
{
	size_t nr, used, least = FILES * FILE_SIZE / PMD_SIZE + 1, most;
	unsigned char *chunks = no_chunks(&nr);
	int i, fd;

	for (i = 0; i < FILES; i++) {
		fd = open_file("half", i);
		write_file(fd, FILE_SIZE);
		close(fd);
		fd = open_file("half", i);
		extents(fd, chunks);
		close(fd);
	}
	used = count(chunks, nr);
	/* free extents in partial chunks may hold 1/64 of the filesystem, or 16 MiB */
	most = nr / 2 / 64;
	if (most < 8)
		most = 8;
	most = least + 2 * most + 8;
	ksft_test_result(used <= most,
			 "files share chunks: %d of %lu KiB in %zu chunks, at most %zu (%zu would hold them)\n",
			 FILES, FILE_SIZE / KIB, used, most, least);
	unlink_files("half", 0, FILES, 1);
	free(chunks);
}

/* Directories and files that are made in turn do not share chunks. */
static void try_directories(void)
{
	unsigned char *chunks, *files;
	char path[512];
	size_t nr, i, shared = 0;
	int fd;

	chunks = no_chunks(&nr);
	files = no_chunks(&nr);
	for (i = 0; i < DIRECTORIES; i++) {
		snprintf(path, sizeof(path), "%s/chunks.dir%zu", directory, i);
		if (mkdir(path, 0700))
			ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
		fd = open(path, O_RDONLY | O_DIRECTORY);
		chunks[file_extent(fd, 0, page).fe_physical / PMD_SIZE] = 1;
		close(fd);
		fd = open_file("file", i);
		write_file(fd, (i % 50 + 1) * page);
		close(fd);
		fd = open_file("file", i);
		extents(fd, files);
		close(fd);
	}
	for (i = 0; i < nr; i++)
		shared += chunks[i] && files[i];
	ksft_test_result(count(chunks, nr) <= 2 && !shared,
			 "directories share chunks of their own: %d in %zu chunks, at most 2, %zu with files\n",
			 DIRECTORIES, count(chunks, nr), shared);
	unlink_files("dir", 0, DIRECTORIES, 1);
	unlink_files("file", 0, DIRECTORIES, 1);
	free(chunks);
	free(files);
}

int main(void)
{
	ksft_print_header();
	directory = test_variable("PMEM_TEST_DIR");
	page = sysconf(_SC_PAGESIZE);
	buffer = (char *)calloc(1, WRITE_SIZE);
	if (!buffer)
		ksft_exit_fail_msg("no memory\n");

	ksft_set_plan(3);
	try_singles();
	try_partial_chunks();
	try_directories();
	ksft_finished();
}
