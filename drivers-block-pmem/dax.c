// SPDX-License-Identifier: GPL-2.0
/*
 * The DAX device: filesystems map the memory, and memory_failure() reports poison.
 */
#include <linux/dax.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uio.h>
#include <kunit/visibility.h>

#include "pmem.h"

/* Pages that one direct_access() checks in the badblocks list. */
#define PMEM_ACCESS_MAX	((long)PHYS_PFN(SZ_4G))

/* A recovery write gets one bad page at a time, because the next may be good. */
#define PMEM_REPAIR_PAGES	1

static long pmem_dax_direct_access(struct dax_device *dax, pgoff_t pgoff,
				   long nr_pages, enum dax_access_mode mode,
				   void **kaddr, unsigned long *pfn)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	u64 offset = PFN_PHYS(pgoff), good;

	if (kaddr)
		*kaddr = pmem->addr + offset;
	if (pfn)
		*pfn = PHYS_PFN(pmem->data.start + offset);

	if (likely(!pmem_may_be_bad(pmem)))
		return PHYS_PFN(pmem->data.size - offset);

	nr_pages = min(nr_pages, PMEM_ACCESS_MAX);
	good = PFN_PHYS(nr_pages);
	pmem_is_bad(pmem, offset, PFN_PHYS(nr_pages), &good);
	/* the good pages first: the caller comes back for the rest */
	nr_pages = PHYS_PFN(good);
	if (nr_pages) {
		/* the caller may store to them without the driver */
		if (kaddr)
			pmem_restore_mapping(pmem, offset, PFN_PHYS(nr_pages));
		return nr_pages;
	}
	return mode == DAX_RECOVERY_WRITE ? PMEM_REPAIR_PAGES : -EHWPOISON;
}

static int pmem_dax_zero_page_range(struct dax_device *dax, pgoff_t pgoff,
				    size_t nr_pages)
{
	return pmem_zero((struct pmem_device *)dax_get_private(dax),
			 PFN_PHYS(pgoff), PFN_PHYS(nr_pages));
}

/* Write a page through a buffer, because pmem_write() stores whole cache lines. */
static bool pmem_repair_page(struct pmem_device *pmem, u64 offset,
			     struct iov_iter *iter, void *buffer)
{
	size_t copied = copy_from_iter(buffer, PAGE_SIZE, iter);

	if (copied == PAGE_SIZE &&
	    !pmem_write(pmem, offset, buffer, PAGE_SIZE))
		return true;
	iov_iter_revert(iter, copied);
	return false;
}

/*
 * A write to poisoned memory of a file. It has to cover whole pages: the rest of a
 * partly written page would be undefined. Otherwise it fails, with 0 bytes copied, as
 * it does for a page that cannot be read back.
 */
static size_t pmem_dax_recovery_write(struct dax_device *dax, pgoff_t pgoff,
				      void *addr, size_t bytes,
				      struct iov_iter *iter)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	u64 offset = PFN_PHYS(pgoff) + offset_in_page(addr);
	size_t done = 0;
	void *buffer;

	if (pmem->mode.ro)
		return 0;
	if (!pmem_is_bad(pmem, offset, bytes, NULL)) {
		pmem_restore_mapping(pmem, offset, bytes);
		return _copy_from_iter_flushcache(addr, bytes, iter);
	}
	if (!PAGE_ALIGNED(offset | bytes))
		return 0;

	buffer = (void *)__get_free_page(GFP_NOFS);
	if (!buffer)
		return 0;
	while (done < bytes &&
	       pmem_repair_page(pmem, offset + done, iter, buffer))
		done += PAGE_SIZE;
	free_page((unsigned long)buffer);
	return done;
}

static const struct dax_operations pmem_dax_ops = {
	.direct_access		= pmem_dax_direct_access,
	.zero_page_range	= pmem_dax_zero_page_range,
	.recovery_write		= pmem_dax_recovery_write,
};

/*
 * memory_failure() calls this for each poisoned page. The error goes to the holder
 * of the DAX device, such as xfs, which knows the file of the page. Without a holder
 * this returns -EOPNOTSUPP, and the caller finds the mapping processes by itself.
 */
static int pmem_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
			       unsigned long nr_pages, int flags)
{
	struct pmem_device *pmem = container_of(pgmap, struct pmem_device, pgmap);
	u64 offset = PFN_PHYS(pfn) - pmem->data.start;
	u64 len = PFN_PHYS(nr_pages);

	/*
	 * The report has no finer unit than a page, and a sector of the page that is
	 * already bad may be so for another reason. A full list is logged; it must not
	 * keep the mappings.
	 */
	if (READ_ONCE(pmem->injecting) != current)
		pmem_add_poison(pmem, offset, len);
	return dax_holder_notify_failure(pmem->dax, offset, len, flags);
}

const struct dev_pagemap_ops pmem_pagemap_ops = {
	.memory_failure	= pmem_memory_failure,
};
EXPORT_SYMBOL_IF_KUNIT(pmem_pagemap_ops);

/**
 * pmem_alloc_dax - allocate the DAX device and connect it to the disk
 * @pmem: its disk is allocated and not yet added
 *
 * Context: May sleep.
 * Return: 0, or %-ENOMEM if the device cannot be allocated or connected
 */
int pmem_alloc_dax(struct pmem_device *pmem)
{
	struct dax_device *dax;
	int err;

	dax = alloc_dax(pmem, &pmem_dax_ops);
	if (IS_ERR(dax))
		return PTR_ERR(dax);

	/* read() survives machine checks */
	set_dax_nomc(dax);
	if (!pmem->mode.ramdisk) {
		/* write() bypasses the CPU caches */
		set_dax_nocache(dax);
		/* MAP_SYNC: writing back its cache line makes a store durable */
		set_dax_synchronous(dax);
		/* caches do not survive a reset, so fsync() writes them back */
		dax_write_cache(dax, true);
	}

	err = dax_add_host(dax, pmem->disk);
	if (err) {
		kill_dax(dax);
		put_dax(dax);
		return err;
	}

	pmem->dax = dax;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_alloc_dax);

/**
 * pmem_free_dax - undo pmem_alloc_dax()
 * @pmem: its disk is deleted and its memory unmapped; until then
 *        memory_failure() may use the DAX device
 *
 * Context: May sleep.
 */
void pmem_free_dax(struct pmem_device *pmem)
{
	dax_remove_host(pmem->disk);
	kill_dax(pmem->dax);
	put_dax(pmem->dax);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_free_dax);
