// SPDX-License-Identifier: GPL-2.0
/*
 * Poison injection through debugfs, for tests.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "pmem.h"

/* The capacity of a badblocks list: each entry holds up to 512 sectors. */
#define PMEM_INJECT_MAX	((u64)MAX_BADBLOCKS * BB_MAX_LEN * SECTOR_SIZE)

static struct dentry *pmem_debugfs;

/* One injection at a time: each device has room for one injecting task. */
static DEFINE_MUTEX(pmem_inject_mutex);

/*
 * Call memory_failure() for the pages of the bytes that belong to a file. It would
 * make whole pages bad blocks.
 */
static void pmem_fail_pages(struct pmem_device *pmem, u64 offset, u64 len)
{
	unsigned long pfn = PHYS_PFN(pmem->data.start + offset);
	unsigned long last = PHYS_PFN(pmem->data.start + offset + len - 1);

	WRITE_ONCE(pmem->injecting, current);
	for (; IS_ENABLED(CONFIG_MEMORY_FAILURE) && pfn <= last; pfn++) {
		const struct page *page = compound_head(pfn_to_page(pfn));

		/* a page of one file has a mapping, of several files a count */
		if (READ_ONCE(page->mapping) || READ_ONCE(page->share))
			memory_failure(pfn, MF_SW_SIMULATED);
	}
	WRITE_ONCE(pmem->injecting, NULL);
}

/* Read "OFFSET LENGTH" in bytes; see Documentation/ABI/testing/debugfs-pmem. */
static int pmem_inject_range(const struct pmem_device *pmem,
			     const char __user *buf, size_t count,
			     struct pmem_range *range)
{
	unsigned long long offset, len;
	char text[64], rest;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(text, "%llu %llu %c", &offset, &len, &rest) != 2 ||
	    (offset | len) % SECTOR_SIZE)
		return -EINVAL;
	if (len > PMEM_INJECT_MAX || len > pmem->data.size ||
	    offset > pmem->data.size - len)
		return -ERANGE;
	range->start = offset;
	range->size = len;
	return 0;
}

static ssize_t pmem_inject_write(struct file *file, const char __user *buf,
				 size_t count, loff_t *pos)
{
	struct pmem_device *pmem =
		(struct pmem_device *)file_inode(file)->i_private;
	struct pmem_range range;
	int err;

	err = pmem_inject_range(pmem, buf, count, &range);
	if (!err && !range.size)
		err = -EINVAL;
	if (err)
		return err;

	/* mapped pages are lost even if the list has no room for them */
	mutex_lock(&pmem_inject_mutex);
	err = pmem_add_poison(pmem, range.start, range.size);
	pmem_fail_pages(pmem, range.start, range.size);
	mutex_unlock(&pmem_inject_mutex);
	return err ?: (ssize_t)count;
}

/* The memory of the range, which may be empty, stays bad when it is written. */
static ssize_t pmem_stuck_write(struct file *file, const char __user *buf,
				size_t count, loff_t *pos)
{
	struct pmem_device *pmem =
		(struct pmem_device *)file_inode(file)->i_private;
	struct pmem_range range;
	int err;

	err = pmem_inject_range(pmem, buf, count, &range);
	if (err)
		return err;
	pmem->stuck = range;
	return count;
}

static const struct file_operations pmem_inject_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= pmem_inject_write,
};

static const struct file_operations pmem_stuck_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= pmem_stuck_write,
};

/**
 * pmem_init_inject - create the driver's debugfs directory
 *
 * Context: May sleep.
 */
void pmem_init_inject(void)
{
	pmem_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

/**
 * pmem_exit_inject - undo pmem_init_inject()
 *
 * Context: May sleep.
 */
void pmem_exit_inject(void)
{
	debugfs_remove(pmem_debugfs);
}

/**
 * pmem_add_inject - create the injection files of a device
 * @pmem: its disk is added
 *
 * Context: May sleep. pmem_init_inject() has been called.
 */
void pmem_add_inject(struct pmem_device *pmem)
{
	pmem->debugfs = debugfs_create_dir(pmem->name, pmem_debugfs);
	debugfs_create_file("inject_poison", 0200, pmem->debugfs, pmem,
			    &pmem_inject_fops);
	debugfs_create_file("inject_stuck", 0200, pmem->debugfs, pmem,
			    &pmem_stuck_fops);
}

/**
 * pmem_del_inject - undo pmem_add_inject(), if it was called
 * @pmem: its disk is not yet deleted
 *
 * Context: May sleep. Waits for running writes to the files.
 */
void pmem_del_inject(struct pmem_device *pmem)
{
	debugfs_remove(pmem->debugfs);
}
