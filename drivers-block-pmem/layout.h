/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the text that a user types to checked device ranges.
 *
 * Nothing here needs a kernel service, so the same file is compiled as C++ and
 * unit-tested in user space.
 */
#ifndef _PMEM_LAYOUT_H
#define _PMEM_LAYOUT_H

#include <linux/types.h>

/*
 * The unit of everything: ranges start and end on it, so that a device can be
 * mapped in 2 MiB pages from its first block to its last, and so that page
 * descriptors can be added and removed (a subsection of the sparse memory map).
 */
#define PMEM_ALIGN	(2ULL << 20)

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
 * struct pmem_layout - a range and how it is divided
 * @range: all of the memory
 * @count: number of devices that share it evenly
 */
struct pmem_layout {
	struct pmem_range range;
	unsigned int count;
};

/**
 * struct pmem_complaint - why a layout was refused
 * @name: the parameter at fault
 * @problem: what is wrong with its value
 * @remedy: what to write instead
 *
 * All three are string constants.
 */
struct pmem_complaint {
	const char *name;
	const char *problem;
	const char *remedy;
};

int pmem_parse_size(const char *text, __u64 *bytes);
int pmem_parse_count(const char *text, unsigned int *count);
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_complaint *complaint);
struct pmem_range pmem_layout_device(const struct pmem_layout *layout,
				     unsigned int index);

#endif /* _PMEM_LAYOUT_H */
