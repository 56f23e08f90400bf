/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the text that a user types to checked device ranges.
 *
 * Nothing here needs a kernel service, so the same file is compiled as C++ and
 * unit-tested and fuzzed in user space.
 */
#ifndef _PMEM_LAYOUT_H
#define _PMEM_LAYOUT_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stddef.h>
#endif

/*
 * The unit of everything: ranges start and end on it, so that a device can be
 * mapped in 2 MiB pages from its first block to its last, and so that page
 * descriptors can be added and removed (a subsection of the sparse memory map).
 */
#define PMEM_ALIGN		(2ULL << 20)

/* A page, and the room that its descriptor is given with map=dev, in bytes. */
#define PMEM_PAGE_SIZE		4096ULL
#define PMEM_DESCRIPTOR_SIZE	64ULL

#define PMEM_MAX_RANGES		32
#define PMEM_MAX_DEVICES	65536

/**
 * enum pmem_map_mode - where the page descriptors of a device are
 * @PMEM_MAP_MEM: in ordinary memory
 * @PMEM_MAP_DEV: at the start of the device's own range
 */
enum pmem_map_mode { PMEM_MAP_MEM, PMEM_MAP_DEV };

/**
 * struct pmem_range - physical memory
 * @start: first address, in bytes
 * @size: length, in bytes
 */
struct pmem_range {
	__u64 start;
	__u64 size;
};

/**
 * struct pmem_share - a range and how it is divided
 * @range: all of the memory
 * @count: number of devices that share it evenly
 */
struct pmem_share {
	struct pmem_range range;
	unsigned int count;
};

/**
 * struct pmem_layout - all ranges, in the order in which devices are numbered
 * @shares: the ranges
 * @nr: how many there are
 */
struct pmem_layout {
	struct pmem_share shares[PMEM_MAX_RANGES];
	unsigned int nr;
};

/**
 * struct pmem_complaint - why a layout was refused
 * @text: the value at fault, what is wrong with it, what to write instead; one
 *        line without a newline, cut off where it does not fit
 */
struct pmem_complaint {
	char text[256];
};

int pmem_parse_size(const char *text, __u64 *bytes);
int pmem_parse_count(const char *text, unsigned int *count);
int pmem_parse_map(const char *text, enum pmem_map_mode *map,
		   struct pmem_complaint *complaint);
const char *pmem_format_size(char *text, size_t room, __u64 bytes);
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_complaint *complaint);
int pmem_layout_parse_ranges(struct pmem_layout *layout, const char *ranges,
			     struct pmem_complaint *complaint);
int pmem_layout_check(const struct pmem_layout *layout, __u64 limit,
		      enum pmem_map_mode map, struct pmem_complaint *complaint);
unsigned int pmem_layout_count(const struct pmem_layout *layout);
struct pmem_range pmem_layout_device(const struct pmem_layout *layout,
				     unsigned int index);
__u64 pmem_data_offset(__u64 size, enum pmem_map_mode map);

#endif /* _PMEM_LAYOUT_H */
