/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parse the module parameters into a checked list of device ranges.
 *
 * layout.c uses no kernel service, so it also compiles as C++ in user space, with
 * unit tests and a fuzzer.
 */
#ifndef _PMEM_LAYOUT_H
#define _PMEM_LAYOUT_H

#include <linux/types.h>

/*
 * Ranges and devices start and end on multiples of 2 MiB. Then all of a device can be
 * mapped in 2 MiB pages, and struct pages can be added and removed: it is the size of
 * a subsection of the sparse memory map.
 */
#define PMEM_ALIGN		(2ULL << 20)

/* The size of a page, and the space for its struct page with map=dev, in bytes. */
#define PMEM_PAGE_SIZE		4096ULL
#define PMEM_STRUCT_PAGE_SIZE	64ULL

#define PMEM_MAX_RANGES		32
#define PMEM_MAX_DEVICES	1024

/* No x86-64 CPU has more, and sums of addresses and sizes up to it fit in 64 bits. */
#define PMEM_MAX_ADDRESS	(4096ULL << 40)

/**
 * enum pmem_map_mode - where the struct pages of a device are
 * @PMEM_MAP_MEM: in ordinary memory
 * @PMEM_MAP_DEV: at the start of the device's range
 */
enum pmem_map_mode { PMEM_MAP_MEM, PMEM_MAP_DEV };

/**
 * struct pmem_mode - how memory is used
 * @map: where struct pages are
 * @dev_dax: whether it becomes a character device (device DAX) instead of a disk
 * @format: whether map=dev may overwrite data
 * @ro: whether nothing may be written to the memory
 * @ramdisk: whether a reset may lose what was written, because it is in CPU caches
 */
struct pmem_mode {
	enum pmem_map_mode map;
	bool dev_dax;
	bool format;
	bool ro;
	bool ramdisk;
};

/**
 * struct pmem_range - a range of physical memory
 * @start: first address in bytes
 * @size: length in bytes
 */
struct pmem_range {
	u64 start;
	u64 size;
};

/**
 * struct pmem_share - a range that several devices share
 * @range: all of the memory
 * @count: number of devices, which have equal sizes
 * @dev_dax: whether they are character devices (device DAX) instead of disks
 */
struct pmem_share {
	struct pmem_range range;
	unsigned int count;
	bool dev_dax;
};

/**
 * struct pmem_layout - all ranges, in the order of the device numbers
 * @shares: the ranges
 * @nr: number of ranges
 * @auto_count: with ranges=auto, the number of devices in each range that the caller
 *              finds and adds; otherwise 0
 * @auto_dev_dax: with ranges=auto, the dev_dax of each range
 */
struct pmem_layout {
	struct pmem_share shares[PMEM_MAX_RANGES];
	unsigned int nr;
	unsigned int auto_count;
	bool auto_dev_dax;
};

/**
 * struct pmem_message - why parameters are refused
 * @text: the value, the reason and the remedy; one line without a newline,
 *        cut off where it does not fit
 */
struct pmem_message {
	char text[256];
};

int pmem_parse_map(const char *text, struct pmem_mode *mode, struct pmem_message *message);
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_message *message);
int pmem_layout_parse_ranges(struct pmem_layout *layout, const char *ranges,
			     struct pmem_message *message);
int pmem_layout_add(struct pmem_layout *layout, const struct pmem_share *added,
		    struct pmem_message *message);
int pmem_layout_check(const struct pmem_layout *layout, u64 limit,
		      const struct pmem_mode *mode, struct pmem_message *message);
u64 pmem_data_offset(u64 size, enum pmem_map_mode map);

/**
 * pmem_layout_count - count the devices of a layout
 * @layout: the ranges
 *
 * Context: Any.
 * Return: the number of devices in all ranges
 */
static inline unsigned int pmem_layout_count(const struct pmem_layout *layout)
{
	unsigned int i, count = 0;

	for (i = 0; i < layout->nr; i++)
		count += layout->shares[i].count;
	return count;
}

/* The range of a device, and in @index the device's number within it. */
static inline const struct pmem_share *
pmem_layout_share(const struct pmem_layout *layout, unsigned int *index)
{
	const struct pmem_share *share = layout->shares;

	for (; *index >= share->count; share++)
		*index -= share->count;
	return share;
}

/**
 * pmem_layout_device - get the range of a device
 * @layout: checked by pmem_layout_check()
 * @index: index of the device in the order of the ranges, below pmem_layout_count()
 *
 * Context: Any.
 * Return: the device's part of its range, in bytes
 */
static inline struct pmem_range
pmem_layout_device(const struct pmem_layout *layout, unsigned int index)
{
	const struct pmem_share *share = pmem_layout_share(layout, &index);
	struct pmem_range device;

	device.size = share->range.size / share->count;
	device.start = share->range.start + index * device.size;
	return device;
}

/**
 * pmem_layout_is_dev_dax - whether a device is a character device (device DAX)
 * @layout: as parsed
 * @index: as for pmem_layout_device()
 *
 * Context: Any.
 * Return: false for a disk
 */
static inline bool
pmem_layout_is_dev_dax(const struct pmem_layout *layout, unsigned int index)
{
	return pmem_layout_share(layout, &index)->dev_dax;
}

#endif /* _PMEM_LAYOUT_H */
