// SPDX-License-Identifier: GPL-2.0
/*
 * The DAX device: the same memory, for filesystems that map it.
 */
#include <linux/dax.h>
#include <linux/pfn_t.h>
#include <linux/mm.h>

#include "pmem.h"

static long pmem_dax_direct_access(struct dax_device *dax, pgoff_t pgoff,
				   long nr_pages, enum dax_access_mode mode,
				   void **kaddr, pfn_t *pfn)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	u64 offset = PFN_PHYS(pgoff);

	if (kaddr)
		*kaddr = pmem->addr + offset;
	if (pfn)
		*pfn = phys_to_pfn_t(pmem->range.start + offset,
				     PFN_DEV | PFN_MAP);

	return PHYS_PFN(pmem->range.size - offset);
}

static int pmem_dax_zero_page_range(struct dax_device *dax, pgoff_t pgoff,
				    size_t nr_pages)
{
	struct pmem_device *pmem = (struct pmem_device *)dax_get_private(dax);
	char *addr = pmem->addr + PFN_PHYS(pgoff);

	for (; nr_pages; nr_pages--, addr += PAGE_SIZE)
		memcpy_flushcache(addr, page_address(ZERO_PAGE(0)), PAGE_SIZE);
	return 0;
}

static const struct dax_operations pmem_dax_ops = {
	.direct_access		= pmem_dax_direct_access,
	.zero_page_range	= pmem_dax_zero_page_range,
};

/**
 * pmem_add_dax - let filesystems on the disk map its memory
 * @pmem: mapped, its disk allocated but not yet added
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM
 */
int pmem_add_dax(struct pmem_device *pmem)
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
 * pmem_del_dax - undo pmem_add_dax()
 * @pmem: its disk is no longer in use
 *
 * Context: May sleep.
 */
void pmem_del_dax(struct pmem_device *pmem)
{
	dax_remove_host(pmem->disk);
	kill_dax(pmem->dax);
	put_dax(pmem->dax);
}
