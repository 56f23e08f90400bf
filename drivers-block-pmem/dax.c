// SPDX-License-Identifier: GPL-2.0
/*
 * The DAX device: the same memory, for filesystems that map it.
 */
#include <linux/dax.h>
#include <linux/pfn_t.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "pmem.h"

/* How much is looked up in the list of bad blocks at once. */
#define PMEM_ACCESS_MAX	((long)PHYS_PFN(SZ_4G))

/* Bad pages are repaired one by one, because good ones may follow. */
#define PMEM_REPAIR_PAGES	1

static long pmem_dax_direct_access(struct dax_device *dax, pgoff_t pgoff,
				   long nr_pages, enum dax_access_mode mode,
				   void **kaddr, pfn_t *pfn)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	u64 offset = PFN_PHYS(pgoff), good;

	if (kaddr)
		*kaddr = pmem->addr + offset;
	if (pfn)
		*pfn = phys_to_pfn_t(pmem->data.start + offset,
				     PFN_DEV | PFN_MAP);

	if (likely(!pmem->bad.count))
		return PHYS_PFN(pmem->data.size - offset);

	nr_pages = min(nr_pages, PMEM_ACCESS_MAX);
	if (!pmem_is_bad(pmem, offset, PFN_PHYS(nr_pages), &good))
		return nr_pages;
	if (mode != DAX_RECOVERY_WRITE)
		return -EHWPOISON;
	return PHYS_PFN(good) ?: PMEM_REPAIR_PAGES;
}

static int pmem_dax_zero_page_range(struct dax_device *dax, pgoff_t pgoff,
				    size_t nr_pages)
{
	pmem_zero((struct pmem_device *)dax_get_private(dax), PFN_PHYS(pgoff),
		  PFN_PHYS(nr_pages));
	return 0;
}

/*
 * A write to a file whose memory is poisoned. Whole pages replace what was lost.
 * Of a page in part nobody could say afterwards what the rest of it holds, so
 * that is an error (nothing copied).
 */
static size_t pmem_dax_recovery_write(struct dax_device *dax, pgoff_t pgoff,
				      void *addr, size_t bytes,
				      struct iov_iter *iter)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	u64 offset = PFN_PHYS(pgoff) + offset_in_page(addr);
	size_t copied;

	if (!pmem_is_bad(pmem, offset, bytes, NULL))
		return _copy_from_iter_flushcache(addr, bytes, iter);
	if (!PAGE_ALIGNED(offset | bytes))
		return 0;

	pmem_make_writable(pmem, offset, bytes);
	copied = _copy_from_iter_flushcache(addr, bytes, iter);
	pmem_clear_poison(pmem, offset, copied);
	return copied;
}

static const struct dax_operations pmem_dax_ops = {
	.direct_access		= pmem_dax_direct_access,
	.zero_page_range	= pmem_dax_zero_page_range,
	.recovery_write		= pmem_dax_recovery_write,
};

/**
 * pmem_alloc_dax - let filesystems on the disk map its memory
 * @pmem: its disk is allocated, but not yet added
 *
 * Context: May sleep.
 * Return: 0, or %-ENOMEM
 */
int pmem_alloc_dax(struct pmem_device *pmem)
{
	struct dax_device *dax;
	int err;

	dax = alloc_dax(pmem, &pmem_dax_ops);
	if (IS_ERR(dax))
		return PTR_ERR(dax);

	/* write() stores past the caches, read() survives machine checks */
	set_dax_nocache(dax);
	set_dax_nomc(dax);
	/* a store is durable once its cache line is: that is MAP_SYNC */
	set_dax_synchronous(dax);
	/* and caches do not survive a reset, so fsync() has to empty them */
	dax_write_cache(dax, 1);

	err = dax_add_host(dax, pmem->disk);
	if (err) {
		kill_dax(dax);
		put_dax(dax);
		return err;
	}

	pmem->dax = dax;
	return 0;
}

/**
 * pmem_free_dax - undo pmem_alloc_dax()
 * @pmem: its disk is no longer in use, and its memory no longer mapped: until
 *        then memory_failure() may ask who uses a page
 *
 * Context: May sleep.
 */
void pmem_free_dax(struct pmem_device *pmem)
{
	dax_remove_host(pmem->disk);
	kill_dax(pmem->dax);
	put_dax(pmem->dax);
}
