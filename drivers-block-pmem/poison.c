// SPDX-License-Identifier: GPL-2.0
/*
 * Bad blocks: memory that the hardware can no longer read.
 *
 * Such memory answers a load with a machine check. Hardware tells of it when it
 * is read (pmem_read(), memory_failure()) or when it scrubs memory (the machine
 * check chain). From then on its sectors are on the disk's list of bad blocks,
 * which is looked at before each access. Stores of whole cache lines replace
 * what was lost, so a sector that is written over is good again.
 *
 * The list is not kept: after the next load, or boot, hardware tells again.
 */
#include <linux/bitops.h>
#include <linux/dax.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/set_memory.h>
#include <linux/sysfs.h>
#include <asm/mce.h>
#include <kunit/visibility.h>

#include "pmem.h"

/**
 * pmem_is_bad - whether some of the memory is poisoned
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @len: in bytes, below 1 TiB: the list counts sectors in an int
 * @good: how many bytes from @offset on are good; may be NULL; set only if some
 *        are bad
 *
 * Context: Any but that of a machine check.
 * Return: 1 if some is, 0 if not
 */
int pmem_is_bad(struct pmem_device *pmem, u64 offset, u64 len, u64 *good)
{
	sector_t sector = offset >> SECTOR_SHIFT, first;
	sector_t end = (offset + len + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	int nr;

	if (likely(!pmem->bad.count))
		return 0;
	if (!badblocks_check(&pmem->bad, sector, (int)(end - sector), &first,
			     &nr))
		return 0;

	if (good)
		*good = first > sector ?
			((u64)first << SECTOR_SHIFT) - offset : 0;
	return 1;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_is_bad);

static void pmem_bad_changed(struct pmem_device *pmem)
{
	if (pmem->bad_node)
		sysfs_notify_dirent(pmem->bad_node);
}

/* Whether all of the sectors are one entry of the list already, or part of one. */
static int pmem_is_known(struct pmem_device *pmem, sector_t sector, sector_t end)
{
	sector_t first;
	int nr;

	return badblocks_check(&pmem->bad, sector, (int)(end - sector), &first,
			       &nr) &&
	       first <= sector && first + nr >= end;
}

/**
 * pmem_add_poison - put memory on the list of bad blocks
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @len: in bytes, below 1 TiB
 *
 * Context: May sleep.
 * Return: 0, or %-ENOSPC, after a line in the log, if the list has no room
 */
int pmem_add_poison(struct pmem_device *pmem, u64 offset, u64 len)
{
	sector_t sector = offset >> SECTOR_SHIFT;
	sector_t end = (offset + len + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	int err = 0;

	/* the same poison is told of in more than one way */
	if (pmem_is_known(pmem, sector, end))
		return 0;

	/* the list is content when it could note the first part */
	if (badblocks_set(&pmem->bad, sector, (int)(end - sector), 1) ||
	    !pmem_is_bad(pmem, (u64)(end - 1) << SECTOR_SHIFT, 1, NULL)) {
		err = -ENOSPC;
		pr_err_ratelimited("%s: no room to note that sectors %llu to %llu are bad; write over some of /sys/block/%s/badblocks\n",
				   pmem->name, (u64)sector, (u64)end - 1, pmem->name);
	} else {
		pr_notice_ratelimited("%s: memory of sectors %llu to %llu is poisoned; write over them to use them again\n",
				      pmem->name, (u64)sector, (u64)end - 1);
	}
	pmem_bad_changed(pmem);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_add_poison);

/**
 * pmem_make_writable - before a write: let the kernel reach poisoned memory
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @len: in bytes, below 1 TiB
 *
 * Whoever handles a machine check takes the whole page from the kernel's mapping,
 * so that speculation does not touch the poison. That goes for pages of which
 * only other sectors are bad, and whether or not the page was marked.
 *
 * Poison that is found between here and the write is not guarded against: the
 * page would have to be locked while machine checks are handled.
 *
 * Context: May sleep if some of the memory is poisoned.
 */
void pmem_make_writable(struct pmem_device *pmem, u64 offset, u64 len)
{
	u64 at = round_down(offset, (u64)PAGE_SIZE);
	u64 end = round_up(offset + len, (u64)PAGE_SIZE);

	if (likely(!pmem_is_bad(pmem, at, end - at, NULL)))
		return;

	for (; at < end; at += PAGE_SIZE) {
		unsigned long pfn = PHYS_PFN(pmem->data.start + at);

		if (!pmem_is_bad(pmem, at, PAGE_SIZE, NULL))
			continue;
		clear_mce_nospec(pfn);
		ClearPageHWPoison(pfn_to_page(pfn));
	}
}

/**
 * pmem_clear_poison - after a write: what was written over is good again
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @len: in bytes, or 0 where nothing could be copied; sectors that are written
 *       in part stay bad
 *
 * A list without room cannot be cut in two: then sectors of the same piece stay
 * bad, which is the safe side, until all of it is written over.
 *
 * Context: May sleep.
 */
void pmem_clear_poison(struct pmem_device *pmem, u64 offset, u64 len)
{
	sector_t sector = (offset + SECTOR_SIZE - 1) >> SECTOR_SHIFT;
	sector_t end = (offset + len) >> SECTOR_SHIFT;

	if (end <= sector || likely(!pmem_is_bad(pmem, offset, len, NULL)))
		return;
	badblocks_clear(&pmem->bad, sector, (int)(end - sector));
	pmem_bad_changed(pmem);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_clear_poison);

/*
 * Called for a page by whoever found it poisoned. Filesystems that know which
 * file it belongs to (xfs) are told; where there is none (-EOPNOTSUPP), the
 * caller looks for the processes that have it mapped by itself.
 */
static int pmem_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
			       unsigned long nr_pages, int flags)
{
	struct pmem_device *pmem = container_of(pgmap, struct pmem_device, pgmap);
	u64 offset = PFN_PHYS(pfn) - pmem->data.start;
	u64 len = PFN_PHYS(nr_pages);
	int err;

	/* the whole page, unless it is known better */
	if (!pmem_is_bad(pmem, offset, len, NULL)) {
		err = pmem_add_poison(pmem, offset, len);
		if (err)
			return err;
	}
	return dax_holder_notify_failure(pmem->dax, offset, len, flags);
}

const struct dev_pagemap_ops pmem_pagemap_ops = {
	.memory_failure	= pmem_memory_failure,
};

/* Memory that hardware found bad while nobody used it. */
static int pmem_machine_check(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	struct mce *mce = (struct mce *)data;
	struct pmem_device *pmem;
	u64 unit = SECTOR_SIZE, address;

	if (!mce_is_memory_error(mce) || mce_is_correctable(mce) ||
	    !mce_usable_address(mce))
		return NOTIFY_DONE;
	address = mce->addr & MCI_ADDR_PHYSADDR;
	pmem = pmem_find(address);
	if (!pmem)
		return NOTIFY_DONE;

	/* Intel SDM, volume 3B, 16.3.2.4: bits of the address that do not count */
	if (mce->status & MCI_STATUS_MISCV)
		unit = clamp(BIT_ULL(MCI_MISC_ADDR_LSB(mce->misc)),
			     (u64)SECTOR_SIZE, (u64)PAGE_SIZE);
	pmem_add_poison(pmem, round_down(address - pmem->data.start, unit),
			unit);
	return NOTIFY_OK;
}

static struct notifier_block pmem_machine_check_nb = {
	.notifier_call	= pmem_machine_check,
	.priority	= MCE_PRIO_NFIT,
};

#ifdef CONFIG_BLK_DEV_PMEM_INJECT
/* What the list has room for: each entry is up to 512 sectors. */
#define PMEM_INJECT_MAX	((u64)MAX_BADBLOCKS * BB_MAX_LEN * SECTOR_SIZE)

static struct dentry *pmem_debugfs;

/* As if hardware had found the bytes bad: "OFFSET LENGTH", in bytes. */
static ssize_t pmem_inject_write(struct file *file, const char __user *buf,
				 size_t count, loff_t *pos)
{
	struct pmem_device *pmem =
		(struct pmem_device *)file_inode(file)->i_private;
	unsigned long long offset, len;
	unsigned long pfn, last;
	char text[64], rest;
	int err;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(text, "%llu %llu %c", &offset, &len, &rest) != 2 || !len ||
	    (offset | len) % SECTOR_SIZE)
		return -EINVAL;
	if (len > PMEM_INJECT_MAX || len > pmem->data.size ||
	    offset > pmem->data.size - len)
		return -ERANGE;

	err = pmem_add_poison(pmem, offset, len);
	if (err)
		return err;

	/* and take the pages from those who have them mapped */
	pfn = PHYS_PFN(pmem->data.start + offset);
	last = PHYS_PFN(pmem->data.start + offset + len - 1);
	for (; IS_ENABLED(CONFIG_MEMORY_FAILURE) && pfn <= last; pfn++)
		if (READ_ONCE(pfn_to_page(pfn)->mapping))
			memory_failure(pfn, MF_SW_SIMULATED);
	return count;
}

static const struct file_operations pmem_inject_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= pmem_inject_write,
};

/**
 * pmem_add_inject - add the file for tests
 * @pmem: the device; its disk has been added
 *
 * Context: May sleep.
 */
void pmem_add_inject(struct pmem_device *pmem)
{
	pmem->debugfs = debugfs_create_dir(pmem->name, pmem_debugfs);
	debugfs_create_file("inject_poison", 0200, pmem->debugfs, pmem,
			    &pmem_inject_fops);
}

/**
 * pmem_del_inject - undo pmem_add_inject()
 * @pmem: the device; nobody is in the file afterwards
 *
 * Context: May sleep.
 */
void pmem_del_inject(struct pmem_device *pmem)
{
	debugfs_remove(pmem->debugfs);
}
#endif

/**
 * pmem_alloc_poison - a list of bad blocks, empty
 * @pmem: the device
 *
 * Context: May sleep.
 * Return: 0 or %-ENOMEM
 */
int pmem_alloc_poison(struct pmem_device *pmem)
{
	return badblocks_init(&pmem->bad, 1);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_alloc_poison);

/**
 * pmem_free_poison - undo pmem_alloc_poison()
 * @pmem: the device; its memory is no longer mapped
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
 * pmem_watch_poison - learn of poison that hardware finds, or a test injects
 *
 * Context: May sleep. pmem_find() works from here on.
 */
void pmem_watch_poison(void)
{
#ifdef CONFIG_BLK_DEV_PMEM_INJECT
	pmem_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
#endif
	if (IS_ENABLED(CONFIG_X86_MCE))
		mce_register_decode_chain(&pmem_machine_check_nb);
}

/**
 * pmem_unwatch_poison - undo pmem_watch_poison()
 *
 * Context: May sleep. No machine check is being looked at afterwards.
 */
void pmem_unwatch_poison(void)
{
	if (IS_ENABLED(CONFIG_X86_MCE))
		mce_unregister_decode_chain(&pmem_machine_check_nb);
#ifdef CONFIG_BLK_DEV_PMEM_INJECT
	debugfs_remove(pmem_debugfs);
#endif
}
