// SPDX-License-Identifier: GPL-2.0
/*
 * Bad blocks: sectors whose memory is poisoned.
 *
 * A load from poisoned memory raises a machine check. The driver learns of poison
 * from its own reads (pmem_read()), from memory_failure() (dax.c) and from the
 * machine check chain (mce.c). It adds the sectors to the disk's badblocks list and
 * checks the list before each access. A store of whole cache lines replaces poison,
 * so a sector that is overwritten is good again, if it can be read back (copy.c).
 *
 * The list is not saved: after a reload or a reboot, hardware reports the poison
 * again.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/set_memory.h>
#include <linux/sysfs.h>
#include <kunit/visibility.h>

#include "pmem.h"

/**
 * pmem_alloc_poison - allocate an empty badblocks list
 * @pmem: the device
 *
 * Context: May sleep.
 * Return: 0, or %-ENOMEM if the list cannot be allocated
 */
int pmem_alloc_poison(struct pmem_device *pmem)
{
	return badblocks_init(&pmem->bad, 1);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_alloc_poison);

/**
 * pmem_free_poison - undo pmem_alloc_poison()
 * @pmem: its memory is no longer mapped
 *
 * Context: May sleep.
 */
void pmem_free_poison(struct pmem_device *pmem)
{
	sysfs_put(pmem->bad_node);
	badblocks_exit(&pmem->bad);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_free_poison);

/**
 * pmem_is_bad - check the badblocks list for a range of the disk
 * @pmem: the device
 * @offset: start in bytes from the first sector
 * @len: length in bytes
 * @good: set to the number of good bytes at @offset if some sector is bad; may be
 *        NULL
 *
 * Context: Any but NMI and machine check context. Reads under the seqlock of the
 *          list.
 * Return: true if some sector of the range is bad
 */
bool pmem_is_bad(struct pmem_device *pmem, u64 offset, u64 len, u64 *good)
{
	sector_t sector = offset >> SECTOR_SHIFT, first;
	sector_t end = (offset + len + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	sector_t nr;

	if (likely(!pmem->bad.count))
		return false;
	if (!badblocks_check(&pmem->bad, sector, end - sector, &first, &nr))
		return false;

	if (good)
		*good = first > sector ?
			((u64)first << SECTOR_SHIFT) - offset : 0;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_is_bad);

static void pmem_notify_badblocks(struct pmem_device *pmem)
{
	if (pmem->bad_node)
		sysfs_notify_dirent(pmem->bad_node);
}

/* Whether one entry of the list covers all of the sectors. */
static bool pmem_is_known(struct pmem_device *pmem, sector_t sector,
			  sector_t end)
{
	sector_t first, nr;

	return badblocks_check(&pmem->bad, sector, end - sector, &first, &nr) &&
	       first <= sector && first + nr >= end;
}

/**
 * pmem_add_poison - add sectors to the badblocks list and log them
 * @pmem: the device
 * @offset: start in bytes from the first sector, rounded down to a sector
 * @len: length in bytes; the end is rounded up to a sector
 *
 * Context: May sleep. Takes the seqlock of the list.
 * Return: 0, or %-ENOSPC if the list is full; this is logged, and some of the
 *         sectors may be on the list
 */
int pmem_add_poison(struct pmem_device *pmem, u64 offset, u64 len)
{
	sector_t sector = offset >> SECTOR_SHIFT;
	sector_t end = (offset + len + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	int err = 0;

	WRITE_ONCE(pmem->poisoned, true);
	/* hardware reports the same poison in more than one way */
	if (pmem_is_known(pmem, sector, end))
		return 0;

	if (!badblocks_set(&pmem->bad, sector, end - sector, 1)) {
		err = -ENOSPC;
		pr_err_ratelimited("%s: badblocks list is full, cannot add sectors %llu to %llu; overwrite some of those in /sys/block/%s/badblocks\n",
				   pmem->name, (u64)sector, (u64)end - 1, pmem->name);
	} else {
		pr_notice_ratelimited("%s: sectors %llu to %llu are poisoned; overwrite them to use them again\n",
				      pmem->name, (u64)sector, (u64)end - 1);
	}
	pmem_notify_badblocks(pmem);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_add_poison);

static bool pmem_is_mapped(unsigned long pfn)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);

	return pte && (pte_val(*pte) & _PAGE_PRESENT);
}

/**
 * pmem_restore_pages - restore the kernel mapping of pages that have lost it to poison
 * @range: physical addresses, with struct pages or without
 *
 * The kernel reuses page tables that are not empty when it maps memory. So a page that
 * has lost its mapping would lack it in the next use of the memory as well.
 *
 * Context: May sleep.
 */
void pmem_restore_pages(const struct pmem_range *range)
{
	u64 at = range->start, end = range->start + range->size, size;
	unsigned int level;

	while (at < end) {
		pte_t *pte = lookup_address((unsigned long)__va(at), &level);

		/* set_mce_nospec() leaves the address in the entry */
		if (pte && !pte_none(*pte) && !(pte_val(*pte) & _PAGE_PRESENT))
			clear_mce_nospec(PHYS_PFN(at));
		size = page_level_size((enum pg_level)level);
		at = round_down(at, size) + size;
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(pmem_restore_pages);

/**
 * pmem_restore_mapping - restore the kernel mapping of poisoned pages before a write
 * @pmem: the device
 * @offset: start in bytes from the first sector
 * @len: length in bytes
 *
 * The machine check handler unmaps a whole page from the kernel (set_mce_nospec()),
 * so that the CPU does not speculate into the poison. It does so some time after
 * memory_failure(), without a lock. By then a write may already have repaired the
 * page, and nothing else says that it is unmapped. So once a device has had poison,
 * ask the page tables before each write, and not the badblocks list. This makes a
 * late unmapping harmless: a load from the page fails like one from poison, and the
 * next write maps it again.
 *
 * A page that is unmapped between this call and the store is not handled: the store
 * would have to be locked against the machine check handler.
 *
 * Context: May sleep if some memory of the device was ever poisoned.
 * Return: true if a page of the range was unmapped, is marked as poisoned or has a
 *         bad sector, also one outside of the range: the write has to be verified
 */
bool pmem_restore_mapping(struct pmem_device *pmem, u64 offset, u64 len)
{
	u64 at = round_down(offset, (u64)PAGE_SIZE);
	u64 end = round_up(offset + len, (u64)PAGE_SIZE);
	bool found = false;

	if (likely(!pmem_may_be_bad(pmem)))
		return false;

	for (; at < end; at += PAGE_SIZE) {
		unsigned long pfn = PHYS_PFN(pmem->data.start + at);
		struct page *page = pfn_to_page(pfn);
		bool mapped = pmem_is_mapped(pfn);

		if (mapped && !PageHWPoison(page) &&
		    !pmem_is_bad(pmem, at, PAGE_SIZE, NULL))
			continue;
		if (!mapped)
			clear_mce_nospec(pfn);
		ClearPageHWPoison(page);
		found = true;
	}
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_restore_mapping);

/**
 * pmem_clear_poison - remove overwritten sectors from the badblocks list
 * @pmem: the device
 * @offset: start of the write in bytes from the first sector
 * @len: length of the write in bytes, 0 if nothing was copied; partly written
 *       sectors stay bad
 *
 * A full list cannot split an entry in two. Then the sectors of that entry stay
 * bad, which is safe, until all of them are overwritten.
 *
 * Context: May sleep. Takes the seqlock of the list.
 */
void pmem_clear_poison(struct pmem_device *pmem, u64 offset, u64 len)
{
	sector_t sector = (offset + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	sector_t end = (offset + len) >> SECTOR_SHIFT;

	if (end <= sector || likely(!pmem_is_bad(pmem, offset, len, NULL)))
		return;
	badblocks_clear(&pmem->bad, sector, end - sector);
	pmem_notify_badblocks(pmem);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_clear_poison);
