// SPDX-License-Identifier: GPL-2.0
/*
 * Do the block device, a file and its mapping show the same bytes?
 *
 * What is written through one of them is read through the others.
 */
#include "dax_file.h"

#define FILE_SIZE	(1024UL * 1024)

enum view { BLOCK, FILE_IO, MAPPING, VIEWS };

static const char * const view_names[VIEWS] = {
	"the block device", "the file", "the mapping",
};

static int file_fd, block_fd;
static char *map;

static void write_view(enum view view, const char *data, size_t offset,
		       size_t size)
{
	ssize_t done = size;

	if (view == BLOCK)
		done = pwrite(block_fd, data, size,
			      file_to_device(file_fd, offset));
	else if (view == FILE_IO)
		done = pwrite(file_fd, data, size, offset);
	else
		memcpy(map + offset, data, size);

	if (done != (ssize_t)size)
		ksft_exit_fail_msg("writing %s: %s\n", view_names[view],
				   strerror(errno));
}

static void read_view(enum view view, char *data, size_t offset, size_t size)
{
	ssize_t done = size;

	if (view == BLOCK)
		done = pread(block_fd, data, size,
			     file_to_device(file_fd, offset));
	else if (view == FILE_IO)
		done = pread(file_fd, data, size, offset);
	else
		memcpy(data, map + offset, size);

	if (done != (ssize_t)size)
		ksft_exit_fail_msg("reading %s: %s\n", view_names[view],
				   strerror(errno));
}

/* Different contents for each writer and page. */
static void fill(char *data, size_t size, enum view writer, size_t offset)
{
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = (char)(i * 7 + offset / size * 13 + writer * 101 + 1);
}

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE), offset;
	struct stat block, file;
	const char *device;
	char *wrote, *got;
	int writer, reader;

	ksft_print_header();
	device = test_variable("PMEM_TEST_DEV");
	file_fd = dax_file(FILE_SIZE);
	map = dax_map(file_fd, FILE_SIZE);
	memset(map, 0, FILE_SIZE);
	if (fsync(file_fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));

	/* O_DIRECT: the page cache would be a copy of the device */
	if (stat(device, &block) || fstat(file_fd, &file) ||
	    block.st_rdev != file.st_dev)
		ksft_exit_fail_msg("PMEM_TEST_DIR is not on %s\n", device);
	block_fd = open(device, O_RDWR | O_DIRECT);
	if (block_fd < 0)
		ksft_exit_skip("%s cannot be written while it is mounted: %s\n",
			       device, strerror(errno));
	wrote = (char *)aligned_alloc(page, page);
	got = (char *)aligned_alloc(page, page);
	if (!wrote || !got)
		ksft_exit_fail_msg("no memory\n");

	ksft_set_plan(VIEWS * (VIEWS - 1));
	for (writer = 0; writer < VIEWS; writer++) {
		size_t differ[VIEWS] = { 0 };

		for (offset = 0; offset < FILE_SIZE; offset += page) {
			fill(wrote, page, (enum view)writer, offset);
			write_view((enum view)writer, wrote, offset, page);
			for (reader = 0; reader < VIEWS; reader++) {
				read_view((enum view)reader, got, offset, page);
				differ[reader] += !!memcmp(wrote, got, page);
			}
		}
		for (reader = 0; reader < VIEWS; reader++)
			if (reader != writer)
				ksft_test_result(!differ[reader],
						 "%s shows what %s wrote (%zu pages differ)\n",
						 view_names[reader],
						 view_names[writer],
						 differ[reader]);
	}
	ksft_finished();
}
