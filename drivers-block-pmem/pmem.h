/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RAM set aside at boot as persistent memory block devices.
 */
#ifndef _PMEM_H
#define _PMEM_H

#include <linux/badblocks.h>
#include <linux/blkdev.h>
#include <linux/memremap.h>

#include "layout.h"

#undef pr_fmt
#define pr_fmt(fmt)	KBUILD_MODNAME ": " fmt

struct dax_device;
struct dentry;
struct kernfs_node;

/**
 * struct pmem_device - one /dev/pmemN
 * @range: its physical memory, all of it
 * @data: the part of @range that is the disk
 * @map: where the page descriptors of @range are
 * @node: the NUMA node of @range, or NUMA_NO_NODE where that is not known
 * @addr: where the kernel sees @data
 * @id: the number that its name was taken with
 * @name: "pmemN"
 * @pgmap: the page descriptors of @range
 * @disk: the block device
 * @dax: the same memory, for filesystems that map it
 * @bad: sectors of the disk whose memory is poisoned
 * @bad_node: the file badblocks in sysfs, whose readers wait for changes
 * @debugfs: the directory for tests
 * @added: whether everyone can see the disk
 * @error: what became of mapping it in the background
 */
struct pmem_device {
	struct pmem_range range;
	struct pmem_range data;
	enum pmem_map_mode map;
	int node;
	char *addr;
	int id;
	char name[DISK_NAME_LEN];
	struct dev_pagemap pgmap;
	struct gendisk *disk;
	struct dax_device *dax;
	struct badblocks bad;
	struct kernfs_node *bad_node;
	struct dentry *debugfs;
	int added;
	int error;
};

/* main.c */
struct pmem_device *pmem_find(u64 address);

/* setaside.c */
int pmem_check_set_aside(const struct pmem_range *range);

/* memory.c */
int pmem_claim_memory(struct pmem_device *pmem);
void pmem_release_memory(struct pmem_device *pmem);
int pmem_check_content(const struct pmem_device *pmem);
void pmem_map_memory(struct pmem_device *pmem);
void pmem_unmap_memory(struct pmem_device *pmem);

/* copy.c */
int pmem_read(struct pmem_device *pmem, u64 offset, void *to, size_t len);
void pmem_write(struct pmem_device *pmem, u64 offset, const void *from,
		size_t len);
void pmem_zero(struct pmem_device *pmem, u64 offset, size_t len);

/* poison.c */
extern const struct dev_pagemap_ops pmem_pagemap_ops;
int pmem_is_bad(struct pmem_device *pmem, u64 offset, u64 len, u64 *good);
int pmem_add_poison(struct pmem_device *pmem, u64 offset, u64 len);
void pmem_make_writable(struct pmem_device *pmem, u64 offset, u64 len);
void pmem_clear_poison(struct pmem_device *pmem, u64 offset, u64 len);
int pmem_alloc_poison(struct pmem_device *pmem);
void pmem_free_poison(struct pmem_device *pmem);
void pmem_watch_poison(void);
void pmem_unwatch_poison(void);
#ifdef CONFIG_BLK_DEV_PMEM_INJECT
void pmem_add_inject(struct pmem_device *pmem);
void pmem_del_inject(struct pmem_device *pmem);
#else
static inline void pmem_add_inject(struct pmem_device *pmem) { }
static inline void pmem_del_inject(struct pmem_device *pmem) { }
#endif

/* blk.c */
int pmem_alloc_disk(struct pmem_device *pmem);
int pmem_add_disk(struct pmem_device *pmem);
void pmem_del_disk(struct pmem_device *pmem);

/* dax.c */
int pmem_alloc_dax(struct pmem_device *pmem);
void pmem_free_dax(struct pmem_device *pmem);

/* sysfs.c */
extern const struct attribute_group *pmem_attribute_groups[];

#endif /* _PMEM_H */
