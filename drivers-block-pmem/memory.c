// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a device: claimed in /proc/iomem, given page descriptors, and
 * mapped for the kernel.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/libnvdimm.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>

#include "infoblock.h"
#include "pmem.h"

/**
 * pmem_claim_memory - let nobody else have the memory of a device
 * @pmem: its range and its name are set
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-EBUSY	- somebody has it; there is a line in the log
 * * %-ENOMEM	- there is no memory to note that it is claimed
 */
int pmem_claim_memory(struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;

	if (request_mem_region(range->start, range->size, pmem->name))
		return 0;
	if (region_intersects(range->start, range->size, IORESOURCE_BUSY,
			      IORES_DESC_NONE) == REGION_DISJOINT)
		return -ENOMEM;

	pr_err("[mem %#llx-%#llx] is held by another driver; see /proc/iomem, and unload that driver or name other memory\n",
	       range->start, range->start + range->size - 1);
	return -EBUSY;
}

/**
 * pmem_release_memory - undo pmem_claim_memory()
 * @pmem: no longer mapped
 *
 * Context: May sleep.
 */
void pmem_release_memory(struct pmem_device *pmem)
{
	release_mem_region(pmem->range.start, pmem->range.size);
}

/* A page of the range, to look at before it is mapped. */
static int pmem_peek(const struct pmem_device *pmem, u64 offset, void *page)
{
	void *addr;
	int err = 0;

	addr = memremap(pmem->range.start + offset, PMEM_INFOBLOCK_SIZE,
			MEMREMAP_WB);
	if (!addr)
		return -ENOMEM;
	if (copy_mc_to_kernel(page, addr, PMEM_INFOBLOCK_SIZE))
		err = -EIO;
	memunmap(addr);
	return err;
}

/* A disk, of either mode, begins at @offset. */
static int pmem_refuse_content(const struct pmem_device *pmem, u64 offset,
			       const char *content)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx] holds %s that map=dev would write over, at %#llx; load as it was before to use it, or with map=mem to wipe it (blkdiscard -f -l %lluM /dev/%s)\n",
	       range->start, range->start + range->size - 1, content,
	       range->start + offset, (pmem->data.start - range->start) >> 20,
	       pmem->name);
	return -EMEDIUMTYPE;
}

/* With map=mem the page is part of the disk, and a write makes it good. */
static int pmem_refuse_poison(const struct pmem_device *pmem, u64 offset)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx] is poisoned at %#llx, where map=dev would write; load with map=mem, write over it (blkdiscard -f -o %llu -l %d /dev/%s), and load with map=dev again\n",
	       range->start, range->start + range->size - 1,
	       range->start + offset, offset, PMEM_INFOBLOCK_SIZE, pmem->name);
	return -EMEDIUMTYPE;
}

/* Page descriptors would be written into the middle of what was a larger disk. */
static int pmem_refuse_part(const struct pmem_device *pmem, u64 size)
{
	const struct pmem_range *range = &pmem->range;

	pr_err("[mem %#llx-%#llx] was used with map=dev as a range of %llu MiB; load it like that, or with map=mem to wipe it (blkdiscard -l 4096 /dev/%s)\n",
	       range->start, range->start + range->size - 1, size >> 20,
	       pmem->name);
	return -EMEDIUMTYPE;
}

/*
 * Look where a disk of another mode or division may begin: every disk begins at a
 * multiple of PMEM_ALIGN. There is nothing to look at with map=mem, which writes
 * nothing by itself.
 */
static int pmem_look_for_disks(const struct pmem_device *pmem, void *page)
{
	u64 written = pmem->data.start - pmem->range.start, offset;
	const char *content;
	int err;

	for (offset = 0; offset < written; offset += PMEM_ALIGN) {
		err = pmem_peek(pmem, offset, page);
		if (err == -EIO)
			return pmem_refuse_poison(pmem, offset);
		if (err)
			return err;
		content = pmem_content(page);
		if (content)
			return pmem_refuse_content(pmem, offset, content);
	}
	return 0;
}

/*
 * Data is in another place with map=dev than with map=mem, and than in a range of
 * another size. Where there is some of the one kind, loading for the other must
 * not destroy it, or hide it without a word.
 */
static int pmem_look(const struct pmem_device *pmem, void *page)
{
	const struct pmem_range *range = &pmem->range;
	u64 size = 0;
	int err;

	err = pmem_peek(pmem, 0, page);
	if (err && err != -EIO)
		return err;
	if (!err && pmem_infoblock_found(page, &size) &&
	    pmem->map == PMEM_MAP_DEV && size > range->size)
		return pmem_refuse_part(pmem, size);

	err = pmem_look_for_disks(pmem, page);
	if (err)
		return err;

	if (size && (pmem->map == PMEM_MAP_MEM || size != range->size))
		pr_warn("%s: [mem %#llx-%#llx] was used with map=dev as a range of %llu MiB before; unload, and load like that, to have its data back\n",
			pmem->name, range->start,
			range->start + range->size - 1, size >> 20);
	return 0;
}

/**
 * pmem_check_content - look at the memory before it is used in another way
 * @pmem: claimed, not yet mapped
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-ENOMEM		- the memory cannot be looked at
 * * %-EMEDIUMTYPE	- map=dev would write over data, or over poison; there is a
 *			  line in the log
 */
int pmem_check_content(const struct pmem_device *pmem)
{
	void *page;
	int err;

	page = kmalloc(PMEM_INFOBLOCK_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	err = pmem_look(pmem, page);
	kfree(page);
	return err;
}

/* Page descriptors behind the info block, up to where the data begins. */
static void pmem_set_altmap(struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;
	struct vmem_altmap altmap = {
		.base_pfn	= PHYS_PFN(range->start),
		.end_pfn	= PHYS_PFN(range->start + range->size) - 1,
		.reserve	= PHYS_PFN(PMEM_ALIGN),
		.free		= PHYS_PFN(pmem->data.start - range->start -
					   PMEM_ALIGN),
	};

	/* some members are constant, so this cannot be assigned */
	memcpy(&pmem->pgmap.altmap, &altmap, sizeof(altmap));
	pmem->pgmap.flags = PGMAP_ALTMAP_VALID;
}

/**
 * pmem_map_memory - give the memory page descriptors, and a place in the kernel
 * @pmem: claimed; its disk and its DAX device are allocated
 *
 * This takes most of the time of loading, so it is made to run for several
 * devices at once. What became of it is in @pmem->error: 0, or what
 * memremap_pages() said, which is %-ENOMEM as a rule.
 *
 * Context: May sleep.
 */
void pmem_map_memory(struct pmem_device *pmem)
{
	struct dev_pagemap *pgmap = &pmem->pgmap;
	void *addr;

	BUILD_BUG_ON(PMEM_PAGE_SIZE != PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct page) > PMEM_DESCRIPTOR_SIZE);

	pgmap->type = MEMORY_DEVICE_FS_DAX;
	pgmap->range.start = pmem->range.start;
	pgmap->range.end = pmem->range.start + pmem->range.size - 1;
	pgmap->nr_range = 1;
	pgmap->ops = &pmem_pagemap_ops;
	pgmap->owner = pmem;
	if (pmem->map == PMEM_MAP_DEV)
		pmem_set_altmap(pmem);

	addr = memremap_pages(pgmap, pmem->node);
	if (IS_ERR(addr)) {
		pmem->error = PTR_ERR(addr);
		return;
	}

	if (pmem->map == PMEM_MAP_DEV) {
		pmem_infoblock_fill(addr, pmem->range.size);
		arch_wb_cache_pmem(addr, PMEM_INFOBLOCK_SIZE);
		pmem_wmb();
	}
	pmem->addr = (char *)addr + (pmem->data.start - pmem->range.start);
}

/*
 * A page may still be in use by someone who got it from a mapping that is long
 * gone, a pipe for one. Its descriptor must not go away before. A page of this
 * kind is idle when its reference count is down to one.
 */
static void pmem_wait_idle(const struct pmem_device *pmem)
{
	unsigned long pfn = PHYS_PFN(pmem->data.start);
	unsigned long end = pfn + PHYS_PFN(pmem->data.size);

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		wait_var_event(&page->_refcount, page_ref_count(page) == 1);
		if (!(pfn % PAGES_PER_SECTION))
			cond_resched();
	}
}

/*
 * Pages that have no mapping in the kernel, because they are poisoned, would have
 * none at the next load either: a page table that is not empty is used again.
 */
static void pmem_map_all(struct pmem_device *pmem)
{
	u64 offset, len;

	for (offset = 0; offset < pmem->data.size; offset += len) {
		len = min((u64)SZ_1G, pmem->data.size - offset);
		pmem_make_writable(pmem, offset, len);
	}
}

/**
 * pmem_unmap_memory - undo pmem_map_memory()
 * @pmem: mapped, and its disk deleted
 *
 * Context: May sleep, until the last page is idle.
 */
void pmem_unmap_memory(struct pmem_device *pmem)
{
	pmem_wait_idle(pmem);
	pmem_map_all(pmem);
	memunmap_pages(&pmem->pgmap);
}
