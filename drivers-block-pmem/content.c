// SPDX-License-Identifier: GPL-2.0
/*
 * What memory holds before it is mapped: check it for old data, and format it for
 * map=dev.
 */
#include <linux/io.h>
#include <linux/libnvdimm.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>

#include "infoblock.h"
#include "pmem.h"

/*
 * What map=dev writes to the range: the info block and struct pages. @visit is called
 * for each page of it, at a temporary address; an error ends the walk.
 */
static int pmem_walk_written(const struct pmem_device *pmem, u64 written,
			     int (*visit)(const struct pmem_device *pmem,
					  u64 offset, char *addr, void *page),
			     void *page)
{
	u64 offset, at;
	char *addr;
	int err = 0;

	for (offset = 0; offset < written && !err; offset += PMEM_ALIGN) {
		u64 len = min(PMEM_ALIGN, written - offset);

		addr = (char *)memremap(pmem->range.start + offset, len,
					MEMREMAP_WB);
		if (!addr)
			return -ENOMEM;
		for (at = 0; at < len && !err; at += PAGE_SIZE)
			err = visit(pmem, offset + at, addr + at, page);
		memunmap(addr);
		cond_resched();
	}
	return err;
}

static int pmem_read_page(const struct pmem_device *pmem, u64 offset,
			  char *addr, void *page)
{
	return copy_mc_to_kernel(page, addr, PAGE_SIZE) ? -EIO : 0;
}

/* The remedy keeps the data of a map=dev device, which begins after the struct pages. */
static int pmem_refuse_poison(const struct pmem_device *pmem, u64 offset)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx]: map=dev would write to poisoned memory at %#llx; load with map=dev,format to overwrite it, which keeps the data of a map=dev device of the same size\n",
	       range->start, range->start + range->size - 1,
	       range->start + offset);
	return -EMEDIUMTYPE;
}

/* Only memory without data is overwritten: zeroes are none. */
static int pmem_check_zero(const struct pmem_device *pmem, u64 offset,
			   char *addr, void *page)
{
	const struct pmem_range *range = &pmem->range;

	if (pmem_read_page(pmem, offset, addr, page))
		return pmem_refuse_poison(pmem, offset);
	if (!memchr_inv(page, 0, PAGE_SIZE))
		return 0;

	pr_err("[mem %#llx-%#llx]: map=dev would overwrite data at %#llx; load with the old parameters to use it, or with map=dev,format to overwrite it\n",
	       range->start, range->start + range->size - 1,
	       range->start + offset);
	return -EMEDIUMTYPE;
}

/* The struct pages of this device would overwrite other parts of the old disk. */
static int pmem_refuse_size(const struct pmem_device *pmem, u64 size)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx]: holds a map=dev device of %llu MiB; load with a device of that size to use it, or with map=dev,format to overwrite it\n",
	       range->start, range->start + range->size - 1, size >> 20);
	return -EMEDIUMTYPE;
}

static int pmem_refuse_format(const struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx]: holds no map=dev device of %llu MiB, and ro=1 formats none; load with the map mode and the sizes that were used\n",
	       range->start, range->start + range->size - 1,
	       range->size >> 20);
	return -EMEDIUMTYPE;
}

/*
 * map=dev overwrites the start of the range: its own info block and struct pages,
 * zeroes, or with format anything. With map=mem nothing is overwritten, but the data
 * of a map=dev device would be at another place.
 */
static int pmem_check_pages(struct pmem_device *pmem, void *page)
{
	const struct pmem_range *range = &pmem->range;
	u64 size = 0;
	uuid_t uuid;
	bool found;
	int err;

	err = pmem_walk_written(pmem, PAGE_SIZE, pmem_read_page, page);
	if (err && err != -EIO)
		return err;
	found = !err && pmem_infoblock_found(page, &size, uuid.b);

	if (pmem->mode.map == PMEM_MAP_MEM) {
		if (found)
			pr_warn("%s: [mem %#llx-%#llx] holds the info block of a map=dev device of %llu MiB; to get its data back, unload, then load with map=dev and a device of that size\n",
				pmem->name, range->start,
				range->start + range->size - 1, size >> 20);
		return 0;
	}

	if (found && size == range->size) {
		pmem->uuid = uuid;
		pmem->mode.format = false;
		pmem->formatted = true;
		return 0;
	}
	if (pmem->mode.ro)
		return pmem_refuse_format(pmem);
	if (pmem->mode.format)
		return 0;
	if (found)
		return pmem_refuse_size(pmem, size);
	return pmem_walk_written(pmem, pmem->data.start - range->start,
				 pmem_check_zero, page);
}

/**
 * pmem_check_content - refuse to overwrite old data
 * @pmem: its memory is claimed and not yet mapped
 *
 * Sets @pmem->formatted, and @pmem->uuid, if the range has the info block of @pmem.
 * Warns if @pmem is map=mem and the range has one.
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-ENOMEM		- a page cannot be mapped, or a buffer not allocated
 * * %-EMEDIUMTYPE	- map=dev would overwrite data or poison, or would have to write
 *			  with ro=1; this is logged
 */
int pmem_check_content(struct pmem_device *pmem)
{
	void *page;
	int err;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	err = pmem_check_pages(pmem, page);
	kfree(page);
	return err;
}

/* Stores of whole cache lines, which replace poison. */
static int pmem_zero_page(const struct pmem_device *pmem, u64 offset,
			  char *addr, void *page)
{
	memset(page, 0, PAGE_SIZE);
	memcpy_flushcache(addr, page, PAGE_SIZE);
	return pmem_read_page(pmem, offset, addr, page);
}

static int pmem_write_infoblock(const struct pmem_device *pmem, u64 offset,
				char *addr, void *page)
{
	pmem_infoblock_fill(page, pmem->range.size, pmem->uuid.b);
	memcpy_flushcache(addr, page, PAGE_SIZE);
	pmem_wmb();
	return 0;
}

/**
 * pmem_format - make a map=dev device of the memory
 * @pmem: its memory is claimed, checked by pmem_check_content() and not yet mapped
 *
 * With format, zeroes what was there. Sets @pmem->uuid. The info block comes before the
 * struct pages: after a crash between the two, the next load finds that they are its own.
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-EIO	- the memory for struct pages stays poisoned
 * * %-ENOMEM	- a page cannot be mapped, or a buffer not allocated
 */
int pmem_format(struct pmem_device *pmem)
{
	void *page;
	int err = 0;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (pmem->mode.format)
		err = pmem_walk_written(pmem, pmem->data.start - pmem->range.start,
					pmem_zero_page, page);
	uuid_gen(&pmem->uuid);
	if (!err)
		err = pmem_walk_written(pmem, PAGE_SIZE, pmem_write_infoblock,
					page);
	kfree(page);
	return err;
}
