// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a device: claim it in /proc/iomem, map it with struct pages, wait until
 * nobody uses them, and release it.
 */
#include <linux/completion.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "infoblock.h"
#include "pmem.h"

/* How often the log says what the driver waits for, in jiffies. */
#define PMEM_WAIT_NOTICE	(10 * HZ)

/*
 * For device DAX: an entry that is not busy, in which the drivers of the dax bus claim
 * their ranges, and a busy one for what map=dev writes.
 */
static int pmem_claim_dev_dax(struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;
	u64 head = pmem->data.start - range->start;

	pmem->claim.name = pmem->name;
	pmem->claim.start = range->start;
	pmem->claim.end = range->start + range->size - 1;
	pmem->claim.flags = IORESOURCE_MEM;
	pmem->claim.desc = IORES_DESC_PERSISTENT_MEMORY;
	/* nobody has claimed any of it, so that an overlap would be one of no driver */
	if (insert_resource(&iomem_resource, &pmem->claim))
		return -ENXIO;
	if (head && !request_mem_region(range->start, head, pmem->name)) {
		remove_resource(&pmem->claim);
		return -ENOMEM;
	}
	return 0;
}

/**
 * pmem_claim_memory - reserve the range of a device in /proc/iomem
 * @pmem: its range and its name are set
 *
 * Context: May sleep. Takes the resource lock.
 * Return: 0, or
 * * %-EBUSY	- another driver uses some of the range; this is logged
 * * %-ENOMEM	- the resource cannot be allocated
 * * %-ENXIO	- for device DAX, an entry of /proc/iomem ends inside the range
 */
int pmem_claim_memory(struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;

	if (pmem_is_claimed(range)) {
		pr_err("[mem %#llx-%#llx]: in use, see /proc/iomem; unload that driver, remove that device or choose other memory\n",
		       range->start, range->start + range->size - 1);
		return -EBUSY;
	}
	if (pmem->mode.dev_dax)
		return pmem_claim_dev_dax(pmem);
	if (!request_mem_region(range->start, range->size, pmem->name))
		return -ENOMEM;
	return 0;
}

/**
 * pmem_release_memory - undo pmem_claim_memory()
 * @pmem: its memory is no longer mapped
 *
 * Context: May sleep.
 */
void pmem_release_memory(struct pmem_device *pmem)
{
	u64 head = pmem->data.start - pmem->range.start;

	if (pmem->mode.dev_dax) {
		if (head)
			release_mem_region(pmem->range.start, head);
		remove_resource(&pmem->claim);
		return;
	}
	release_mem_region(pmem->range.start, pmem->range.size);
}

/*
 * Struct pages lie between the info block and the data. With ro=1 they come from
 * ordinary memory.
 */
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

	/* some members are const, so no assignment */
	memcpy(&pmem->pgmap.altmap, &altmap, sizeof(altmap));
	pmem->pgmap.flags = PGMAP_ALTMAP_VALID;
}

/**
 * pmem_map_memory - allocate struct pages and map the memory into the kernel
 * @pmem: its memory is claimed, its disk and its DAX device are allocated
 *
 * With map=dev this writes the info block if there is none. For device DAX, the driver
 * that binds to it does the rest. Sets @pmem->error to 0, to
 * %-EIO if the memory for struct pages stays poisoned, to %-ENOMEM, or to another errno
 * of memremap_pages().
 *
 * Context: May sleep. May run for several devices at the same time.
 */
void pmem_map_memory(struct pmem_device *pmem)
{
	struct dev_pagemap *pgmap = &pmem->pgmap;
	void *addr;

	BUILD_BUG_ON(PMEM_PAGE_SIZE != PAGE_SIZE);
	BUILD_BUG_ON(PMEM_INFOBLOCK_SIZE != PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct page) > PMEM_STRUCT_PAGE_SIZE);

	if (pmem->mode.map == PMEM_MAP_DEV && !pmem->formatted) {
		pmem->error = pmem_format(pmem);
		if (pmem->error)
			return;
	}

	pgmap->type = MEMORY_DEVICE_FS_DAX;
	pgmap->range.start = pmem->range.start;
	pgmap->range.end = pmem->range.start + pmem->range.size - 1;
	pgmap->nr_range = 1;
	if (pmem->mode.map == PMEM_MAP_DEV && !pmem->mode.ro)
		pmem_set_altmap(pmem);
	if (pmem->mode.dev_dax)
		return;

	pgmap->ops = &pmem_pagemap_ops;
	pgmap->owner = pmem;
	addr = memremap_pages(pgmap, pmem->node);
	if (IS_ERR(addr)) {
		pmem->error = PTR_ERR(addr);
		return;
	}

	pmem->addr = (char *)addr + (pmem->data.start - pmem->range.start);
}

static bool pmem_is_pinned(const struct page *page)
{
	return page_ref_count(page);
}

/* The first pinned page of the device at or above @pfn, or the end of the device. */
static unsigned long pmem_next_pinned(struct pmem_device *pmem, unsigned long pfn)
{
	unsigned long end = PHYS_PFN(pmem->data.start + pmem->data.size);

	if (pmem->mode.dev_dax)
		return pmem_find_pinned_dev_dax(pmem, end);
	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (pmem_is_pinned(page))
			break;
		VM_WARN_ON_ONCE_PAGE(PageCompound(page) || page->mapping, page);
		if (!(pfn % PAGES_PER_SECTION))
			cond_resched();
	}
	return pfn;
}

static bool pmem_is_end(const struct pmem_device *pmem, unsigned long pfn)
{
	return pfn == PHYS_PFN(pmem->data.start + pmem->data.size);
}

static void pmem_log_pinned(const struct pmem_device *pmem, unsigned long pfn)
{
	pr_notice("%s: a pipe, an io_uring or a device still uses the page at %#llx\n",
		  pmem->name, (u64)PFN_PHYS(pfn));
}

/**
 * pmem_is_idle - whether no page of a device has a reference
 * @pmem: its memory is mapped, and its disk cannot be opened, or its device DAX mapped
 *
 * A pipe, for example, may hold a page of a file that is long gone, if the filesystem
 * did not wait for it. Its struct page must stay until then. fs/dax.c has split the
 * folios of files into single pages. The log says which page has a reference.
 *
 * Context: May sleep.
 * Return: true if the memory can be unmapped
 */
bool pmem_is_idle(struct pmem_device *pmem)
{
	unsigned long pfn;

	pfn = pmem_next_pinned(pmem, PHYS_PFN(pmem->data.start));
	if (pmem_is_end(pmem, pfn))
		return true;
	pmem_log_pinned(pmem, pfn);
	return false;
}

/**
 * pmem_wait_idle - wait until no page of the disk has a reference
 * @pmem: its memory is mapped, and its disk is deleted
 *
 * Every ten seconds, the log says which page has one. Nobody wakes this for all kinds
 * of references, so it looks ten times a second.
 *
 * Context: May sleep, with no lock held: the freezer does not wait for this.
 * Return: 0, or %-EINTR if a signal kills the task
 */
int pmem_wait_idle(struct pmem_device *pmem)
{
	unsigned long pfn = PHYS_PFN(pmem->data.start), next = jiffies;

	for (;;) {
		pfn = pmem_next_pinned(pmem, pfn);
		if (pmem_is_end(pmem, pfn))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (time_after_eq(jiffies, next)) {
			pmem_log_pinned(pmem, pfn);
			next = jiffies + PMEM_WAIT_NOTICE;
		}
		__set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		schedule_timeout(HZ / 10);
	}
}

/*
 * A poisoned page without a kernel mapping would lack it at the next load as well,
 * because the kernel reuses page tables that are not empty.
 */
static void pmem_restore_all(struct pmem_device *pmem)
{
	u64 offset, len;

	for (offset = 0; offset < pmem->data.size; offset += len) {
		len = min((u64)SZ_1G, pmem->data.size - offset);
		pmem_restore_mapping(pmem, offset, len);
	}
}

/**
 * pmem_unmap_memory - undo pmem_map_memory()
 * @pmem: its memory is mapped and idle, its disk is deleted or was never added
 *
 * Context: May sleep.
 */
void pmem_unmap_memory(struct pmem_device *pmem)
{
	pmem_restore_all(pmem);
	/* the next user of the memory may rely on what was written to it */
	if (pmem->mode.ramdisk && !pmem->mode.ro)
		wbinvd_on_all_cpus();
	memunmap_pages(&pmem->pgmap);
}

/**
 * pmem_abandon_memory - leave memory as it is, because pages of it are in use
 * @pmem: its memory is mapped, its disk is deleted; it is never freed
 *
 * The memory stays claimed and mapped until the next boot, without the driver. This
 * kills the reference count of the pagemap, as memunmap_pages() does first. Then
 * get_dev_pagemap() fails, and nobody can call pmem_pagemap_ops. A pinned page holds
 * no reference to the pagemap.
 *
 * Context: May sleep. Waits until no task has a reference to the pagemap.
 */
void pmem_abandon_memory(struct pmem_device *pmem)
{
	struct dev_pagemap *pgmap = &pmem->pgmap;
	unsigned long pages = PHYS_PFN(pmem->range.size);

	if (pgmap->flags & PGMAP_ALTMAP_VALID)
		pages -= vmem_altmap_offset(&pgmap->altmap);
	percpu_ref_kill(&pgmap->ref);
	percpu_ref_put_many(&pgmap->ref, pages);
	wait_for_completion(&pgmap->done);

	pr_err("%s: [mem %#llx-%#llx] stays claimed until the next boot, because a page is in use and the wait for it was killed\n",
	       pmem->name, pmem->range.start,
	       pmem->range.start + pmem->range.size - 1);
}
