/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files on a DAX filesystem, and where their bytes are.
 *
 * Tests take their targets from the environment and skip themselves without:
 * PMEM_TEST_DIR is a directory on a filesystem mounted with -o dax, PMEM_TEST_DEV the
 * block device below it, PMEM_TEST_NODAX_DIR a directory on a filesystem mounted without,
 * and PMEM_TEST_DISK a disk that may be overwritten.
 */
#ifndef _DAX_FILE_H
#define _DAX_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/fiemap.h>
#include <linux/fs.h>

#include "../kselftest.h"

#define PAGE		4096UL
#define PMD_SIZE	(2UL << 20)

/* The physical offset of such an extent is not the place of its bytes. */
#define NOT_A_PLACE	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | \
			 FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED)

/* Documentation/admin-guide/mm/pagemap.rst; the pfn reads as 0 unless root */
#define PAGEMAP_PRESENT	0x8000000000000000ULL
#define PAGEMAP_PFN	0x007fffffffffffffULL

/* The value of environment variable @name; skips the test if it is not set. */
static inline const char *test_variable(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		ksft_exit_skip("%s is not set\n", name);
	return value;
}

/* Number of rounds: @most, or fewer if PMEM_TEST_QUICK is set. */
static inline int rounds(int most)
{
	return getenv("PMEM_TEST_QUICK") ? most / 5 : most;
}

/* A new file in PMEM_TEST_DIR, empty and unlinked. */
static inline int dax_empty_file(void)
{
	const char *dir = test_variable("PMEM_TEST_DIR");
	int fd = open(dir, O_RDWR | O_TMPFILE, 0600);
	struct statx stx;

	if (fd < 0)
		ksft_exit_fail_msg("open %s: %s\n", dir, strerror(errno));
	if (statx(fd, "", AT_EMPTY_PATH, 0, &stx) ||
	    !(stx.stx_attributes & STATX_ATTR_DAX))
		ksft_exit_skip("files in %s do not use DAX\n", dir);
	return fd;
}

/* The same with @size bytes, by one fallocate() or by write() if unsupported. */
static inline int dax_file(size_t size)
{
	int fd = dax_empty_file();
	int err = 0;

	if (fallocate(fd, 0, 0, size))
		err = errno == EOPNOTSUPP ? posix_fallocate(fd, 0, size) : errno;
	if (err)
		ksft_exit_fail_msg("fallocate %zu bytes: %s\n", size,
				   strerror(err));
	return fd;
}

/* A new file that shares all blocks of @fd; skips the test if it cannot. */
static inline int dax_clone(int fd)
{
	int clone = dax_empty_file();

	if (ioctl(clone, FICLONE, fd))
		ksft_exit_skip("FICLONE: %s\n", strerror(errno));
	return clone;
}

/* A shared mapping of the whole file, @shift bytes after a multiple of PMD_SIZE. */
static inline char *dax_map_at(int fd, size_t size, size_t shift)
{
	size_t room = size + PMD_SIZE + shift;
	char *area, *map;

	area = (char *)mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (area == MAP_FAILED)
		ksft_exit_fail_msg("mmap %zu bytes: %s\n", room, strerror(errno));

	map = (char *)(((uintptr_t)area + PMD_SIZE - 1) & ~(PMD_SIZE - 1)) + shift;
	map = (char *)mmap(map, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("mmap file: %s\n", strerror(errno));
	return map;
}

/* A shared mapping of the whole file that can use huge pages. */
static inline char *dax_map(int fd, size_t size)
{
	return dax_map_at(fd, size, 0);
}

/* The same, misaligned by one page, so that it cannot use huge pages. */
static inline char *dax_map_small(int fd, size_t size)
{
	return dax_map_at(fd, size, sysconf(_SC_PAGESIZE));
}

/* The extent of the file at @offset, of @length bytes at most. */
static inline struct fiemap_extent file_extent(int fd, uint64_t offset,
					       uint64_t length)
{
	union {
		struct fiemap map;
		char space[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} u;

	memset(&u, 0, sizeof(u));
	u.map.fm_start = offset;
	u.map.fm_length = length;
	u.map.fm_extent_count = 1;
	if (ioctl(fd, FS_IOC_FIEMAP, &u.map) || u.map.fm_mapped_extents != 1)
		ksft_exit_fail_msg("FIEMAP at %llu: no extent\n",
				   (unsigned long long)offset);
	if (u.map.fm_extents[0].fe_flags & NOT_A_PLACE)
		ksft_exit_fail_msg("FIEMAP at %llu: flags %#x, no place on the device\n",
				   (unsigned long long)offset,
				   u.map.fm_extents[0].fe_flags);
	return u.map.fm_extents[0];
}

/* The offset on the device, in bytes, of byte @offset of the file. */
static inline uint64_t file_to_device(int fd, uint64_t offset)
{
	struct fiemap_extent extent = file_extent(fd, offset, 1);

	return extent.fe_physical + (offset - extent.fe_logical);
}

/* The physical address of @addr, which must be mapped; needs root. */
static inline uint64_t physical_address(const void *addr)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry),
		  (uintptr_t)addr / page * sizeof(entry)) != sizeof(entry))
		ksft_exit_fail_msg("pagemap: %s\n", strerror(errno));
	close(fd);

	if (!(entry & PAGEMAP_PRESENT))
		ksft_exit_fail_msg("%p is not mapped\n", addr);
	if (!(entry & PAGEMAP_PFN))
		ksft_exit_skip("physical addresses are for root only\n");
	return (entry & PAGEMAP_PFN) * page + (uintptr_t)addr % page;
}

/* The counter @name of /proc/vmstat, or -1 if the kernel does not have it. */
static inline long vm_event(const char *name)
{
	char event[64];
	long count, found = -1;
	FILE *file;

	file = fopen("/proc/vmstat", "r");
	if (!file)
		ksft_exit_fail_msg("/proc/vmstat: %s\n", strerror(errno));
	while (fscanf(file, "%63s %ld", event, &count) == 2)
		if (!strcmp(event, name))
			found = count;
	fclose(file);
	return found;
}

/* Skips the test if the kernel does not count the faults of DAX files. */
static inline void need_fault_counters(void)
{
	if (vm_event("dax_fault_pmd") < 0)
		ksft_exit_skip("/proc/vmstat has no dax_fault_pmd\n");
}

/* How many of the bytes are currently mapped in huge pages. */
static inline size_t huge_bytes(const void *addr, size_t size)
{
	struct page_region regions[64];
	struct pm_scan_arg arg;
	size_t bytes = 0;
	long nr, i;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY);
	if (fd < 0)
		ksft_exit_fail_msg("pagemap: %s\n", strerror(errno));

	memset(&arg, 0, sizeof(arg));
	arg.size = sizeof(arg);
	arg.start = (uintptr_t)addr;
	arg.end = (uintptr_t)addr + size;
	arg.vec = (uintptr_t)regions;
	arg.vec_len = ARRAY_SIZE(regions);
	arg.category_mask = PAGE_IS_PRESENT | PAGE_IS_HUGE;
	arg.return_mask = PAGE_IS_PRESENT | PAGE_IS_HUGE;

	for (; arg.start < arg.end; arg.start = arg.walk_end) {
		nr = ioctl(fd, PAGEMAP_SCAN, &arg);
		if (nr < 0)
			ksft_exit_fail_msg("PAGEMAP_SCAN: %s\n", strerror(errno));
		for (i = 0; i < nr; i++)
			bytes += regions[i].end - regions[i].start;
	}

	close(fd);
	return bytes;
}

/*
 * Count the PMD ranges of the file that are contiguous and aligned. The device itself
 * starts at a multiple of 2 MiB, so device offsets will do.
 */
static inline size_t dax_ranges(int fd, size_t size)
{
	size_t offset, nr = 0;

	for (offset = 0; offset < size; offset += PMD_SIZE) {
		struct fiemap_extent extent = file_extent(fd, offset, PMD_SIZE);

		nr += file_to_device(fd, offset) % PMD_SIZE == 0 &&
		      extent.fe_logical + extent.fe_length >= offset + PMD_SIZE;
	}
	return nr;
}

/*
 * A new file with all PMD ranges aligned. The filesystem chooses the place and does
 * not promise alignment, so fill the space up to the next boundary and try again.
 */
static inline int aligned_dax_file(size_t size)
{
	const int tries = 64;
	int fd, i;

	for (i = 0; i < tries; i++) {
		fd = dax_file(size);
		if (dax_ranges(fd, size) == size / PMD_SIZE) {
			ksft_print_msg("file %d is aligned\n", i);
			return fd;
		}
		/* keep only the part before the boundary; stays open */
		if (ftruncate(fd, PMD_SIZE - file_to_device(fd, 0) % PMD_SIZE))
			ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
	}
	ksft_exit_skip("none of %d files is aligned\n", tries);
}

#endif /* _DAX_FILE_H */
