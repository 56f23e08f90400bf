/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RAM set aside at boot as persistent memory block devices.
 */
#ifndef _PMEM_H
#define _PMEM_H

#include <linux/blkdev.h>
#include <linux/memremap.h>

#include "layout.h"

#undef pr_fmt
#define pr_fmt(fmt)	KBUILD_MODNAME ": " fmt

struct dax_device;

/**
 * struct pmem_device - one /dev/pmemN
 * @range: its physical memory
 * @addr: where the kernel sees that memory; set by pmem_map()
 * @id: N
 * @name: "pmemN"
 * @pgmap: the page descriptors of @range
 * @disk: the block device
 * @dax: the same memory, for filesystems that map it
 */
struct pmem_device {
	struct pmem_range range;
	char *addr;
	int id;
	char name[DISK_NAME_LEN];
	struct dev_pagemap pgmap;
	struct gendisk *disk;
	struct dax_device *dax;
};

/* blk.c */
int pmem_add_disk(struct pmem_device *pmem);
void pmem_del_disk(struct pmem_device *pmem);

/* dax.c */
int pmem_add_dax(struct pmem_device *pmem);
void pmem_del_dax(struct pmem_device *pmem);

#endif /* _PMEM_H */
