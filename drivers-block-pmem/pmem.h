/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reserved RAM as persistent memory block devices: what the driver's files share.
 *
 * Each file calls only files whose functions are declared above its own.
 */
#ifndef _PMEM_H
#define _PMEM_H

#include <linux/badblocks.h>
#include <linux/blkdev.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>

#include "layout.h"

#undef pr_fmt
#define pr_fmt(fmt)	KBUILD_MODNAME ": " fmt

struct dax_device;
struct device;
struct dentry;
struct kernfs_node;
struct mce;
struct task_struct;

/* The name of the parents of regions of the dax bus, and of their driver. */
#define PMEM_DAX_NAME		KBUILD_MODNAME "_dax"

/* Why a disk cannot be opened. */
#define PMEM_CLOSED_REMOVAL	BIT(0)
#define PMEM_CLOSED_HIBERNATION	BIT(1)

/**
 * struct pmem_device - one /dev/pmemN, or a region of the dax bus with /dev/daxN.0
 * @addr: kernel address of @data
 * @mode: how @range is used
 * @poisoned: whether memory was ever on @bad since loading; never reset
 * @bad: sectors of the disk whose memory is poisoned
 * @list: all devices, pmem_devices
 * @range: all of its physical memory
 * @data: the part of @range that is the disk
 * @formatted: whether @range has the info block of this device
 * @uuid: names the device across loads
 * @node: NUMA node of @range, or NUMA_NO_NODE
 * @id: number from the memregion allocator
 * @name: "pmemN", the name of the disk, or "daxN.0"
 * @claim: @range in /proc/iomem, for device DAX
 * @pgmap: the struct pages of @range; for device DAX with map=mem unused
 * @parent: the device above @disk, or above the devices of the region, in sysfs
 * @page_size: of the pages that map device DAX, in bytes
 * @disk: the block device; this and what follows is not for device DAX
 * @closed: why @disk cannot be opened, a set of PMEM_CLOSED_*; under its open_mutex
 * @dax: the DAX device on the same memory
 * @stuck: memory that injection keeps bad after a write, from the start of @data
 * @bad_node: the sysfs file badblocks, for poll()
 * @debugfs: the directory of the injection file
 * @injecting: the task that injects poison and lists its sectors itself, or NULL
 * @added: whether device_add_disk() has succeeded
 * @error: result of pmem_map_memory(), 0 or a negative errno; for device DAX, too
 */
struct pmem_device {
	/* each bio reads these, in one cache line */
	char *addr;
	struct pmem_mode mode;
	bool poisoned;
	struct badblocks bad;

	struct list_head list;
	struct pmem_range range;
	struct pmem_range data;
	bool formatted;
	uuid_t uuid;
	int node;
	int id;
	char name[DISK_NAME_LEN];
	struct resource claim;
	struct dev_pagemap pgmap;
	struct device *parent;
	unsigned int page_size;
	struct gendisk *disk;
	unsigned int closed;
	struct dax_device *dax;
	struct pmem_range stuck;
	struct kernfs_node *bad_node;
	struct dentry *debugfs;
	struct task_struct *injecting;
	bool added;
	int error;
};

/* reserved.c */
bool pmem_is_claimed(const struct pmem_range *range);
int pmem_check_reserved(const struct pmem_range *range,
			struct pmem_message *message);
int pmem_check_memory(struct pmem_layout *layout, const struct pmem_mode *mode);

/* devices.c */
extern struct list_head pmem_devices;	/* in the order of their numbers at load */
extern struct mutex pmem_devices_mutex;	/* protects pmem_devices */
struct pmem_device *pmem_alloc_device(const struct pmem_range *range,
				      const struct pmem_mode *mode);
int pmem_add_parent(struct pmem_device *pmem);
void pmem_del_parent(struct pmem_device *pmem);
struct pmem_device *pmem_find(u64 address);

/* poison.c */
int pmem_alloc_poison(struct pmem_device *pmem);
void pmem_free_poison(struct pmem_device *pmem);
bool pmem_is_bad(struct pmem_device *pmem, u64 offset, u64 len, u64 *good);

/* Whether memory was ever poisoned, or somebody has written to the file badblocks. */
static inline bool pmem_may_be_bad(const struct pmem_device *pmem)
{
	return READ_ONCE(pmem->poisoned) || READ_ONCE(pmem->bad.count);
}

int pmem_add_poison(struct pmem_device *pmem, u64 offset, u64 len);
void pmem_restore_pages(const struct pmem_range *range);
bool pmem_restore_mapping(struct pmem_device *pmem, u64 offset, u64 len);
void pmem_clear_poison(struct pmem_device *pmem, u64 offset, u64 len);

/* copy.c */
void pmem_copy_cached(char *to, const char *from, size_t len);

/* Copy to memory that is good. Stores past the CPU caches are durable after pmem_wmb(). */
static inline void pmem_store(const struct pmem_device *pmem, u64 offset,
			      const char *from, size_t len)
{
	char *to = pmem->addr + offset;

	if (unlikely(pmem->mode.ramdisk))
		pmem_copy_cached(to, from, len);
	else
		memcpy_flushcache(to, from, len);
}

/* Copy from memory that is not known to be bad. What turns out to be bad is listed. */
static inline int pmem_load(struct pmem_device *pmem, u64 offset, char *to,
			    size_t len)
{
	unsigned long rest = copy_mc_to_kernel(to, pmem->addr + offset, len);

	if (likely(!rest))
		return 0;
	pmem_add_poison(pmem, offset + len - rest, 1);
	return -EIO;
}

int pmem_read(struct pmem_device *pmem, u64 offset, void *to, size_t len);
int pmem_write(struct pmem_device *pmem, u64 offset, const void *from,
	       size_t len);
int pmem_zero(struct pmem_device *pmem, u64 offset, size_t len);

/* blk.c */
int pmem_alloc_disk(struct pmem_device *pmem);
int pmem_add_disk(struct pmem_device *pmem,
		  const struct attribute_group **groups);
void pmem_del_disk(struct pmem_device *pmem);
bool pmem_close_disk(struct pmem_device *pmem, unsigned int why);
void pmem_reopen_disk(struct pmem_device *pmem, unsigned int why);

/* dax.c */
extern const struct dev_pagemap_ops pmem_pagemap_ops;
int pmem_alloc_dax(struct pmem_device *pmem);
void pmem_free_dax(struct pmem_device *pmem);

/* daxdev.c */
#ifdef CONFIG_BLK_DEV_PMEM_DEV_DAX
int pmem_init_dev_dax(void);
void pmem_exit_dev_dax(void);
int pmem_add_dev_dax(struct pmem_device *pmem);
int pmem_del_dev_dax(struct pmem_device *pmem);
bool pmem_close_dev_dax(struct pmem_device *pmem);
void pmem_reopen_dev_dax(struct pmem_device *pmem);
unsigned long pmem_find_pinned_dev_dax(struct pmem_device *pmem, unsigned long none);
#else
/* layout.c refuses device DAX, so that only the first two are ever called */
static inline int pmem_init_dev_dax(void) { return 0; }
static inline void pmem_exit_dev_dax(void) { }
static inline int pmem_del_dev_dax(struct pmem_device *pmem) { return 0; }
static inline int pmem_add_dev_dax(struct pmem_device *pmem) { return -ENODEV; }
static inline bool pmem_close_dev_dax(struct pmem_device *pmem) { return true; }
static inline void pmem_reopen_dev_dax(struct pmem_device *pmem) { }

static inline unsigned long pmem_find_pinned_dev_dax(struct pmem_device *pmem,
						     unsigned long none)
{
	return none;
}
#endif

/* content.c */
int pmem_check_content(struct pmem_device *pmem);
int pmem_format(struct pmem_device *pmem);

/* memory.c */
int pmem_claim_memory(struct pmem_device *pmem);
void pmem_release_memory(struct pmem_device *pmem);
void pmem_map_memory(struct pmem_device *pmem);
bool pmem_is_idle(struct pmem_device *pmem);
int pmem_wait_idle(struct pmem_device *pmem);
void pmem_unmap_memory(struct pmem_device *pmem);
void pmem_abandon_memory(struct pmem_device *pmem);

/* mce.c */
#ifdef CONFIG_X86_MCE
bool pmem_is_memory_lost(struct mce *mce);
void pmem_register_mce(void);
void pmem_unregister_mce(void);
#else
static inline void pmem_register_mce(void) { }
static inline void pmem_unregister_mce(void) { }
#endif

/* inject.c */
#ifdef CONFIG_BLK_DEV_PMEM_INJECT
void pmem_init_inject(void);
void pmem_exit_inject(void);
void pmem_add_inject(struct pmem_device *pmem);
void pmem_del_inject(struct pmem_device *pmem);
#else
static inline void pmem_init_inject(void) { }
static inline void pmem_exit_inject(void) { }
static inline void pmem_add_inject(struct pmem_device *pmem) { }
static inline void pmem_del_inject(struct pmem_device *pmem) { }
#endif

/* sysfs.c */
extern const struct attribute_group *pmem_attribute_groups[];

/* names.c */
int pmem_alloc_number(struct pmem_device *pmem, int expected);
void pmem_free_number(struct pmem_device *pmem);
void pmem_free_skipped_numbers(void);

/* hotplug.c */
int pmem_add_devices(struct pmem_layout *layout, const struct pmem_mode *mode,
		     int expected);
int pmem_remove_device(const char *name);
void pmem_remove_devices(void);

/* hibernate.c */
#ifdef CONFIG_HIBERNATION
void pmem_register_hibernation(void);
void pmem_unregister_hibernation(void);
#else
static inline void pmem_register_hibernation(void) { }
static inline void pmem_unregister_hibernation(void) { }
#endif

/* control.c */
void pmem_add_control(const struct pmem_mode *mode);
void pmem_del_control(void);

#endif /* _PMEM_H */
