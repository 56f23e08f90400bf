// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers and names of devices.
 *
 * Numbers come from the memregion allocator, from which drivers/nvdimm numbers its
 * pmemN disks as well. So both drivers can be loaded, and neither takes a name of
 * the other.
 */
#include <linux/kobject.h>
#include <linux/memregion.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "pmem.h"

/* Numbers that stay allocated because another disk has the name. */
static DEFINE_XARRAY(pmem_skipped);

/*
 * Whether another disk has the name. Modules cannot walk the block class, so this
 * walks all devices and compares the type.
 */
static bool pmem_name_taken(const struct pmem_device *pmem)
{
	const struct device *disk = disk_to_dev(pmem->disk);
	struct kset *devices = disk->kobj.kset;
	struct kobject *kobj;
	bool taken = false;

	spin_lock(&devices->list_lock);
	list_for_each_entry(kobj, &devices->list, entry)
		if (kobj_to_dev(kobj)->type == disk->type &&
		    !strcmp(kobject_name(kobj), pmem->name))
			taken = true;
	spin_unlock(&devices->list_lock);
	return taken;
}

/**
 * pmem_alloc_number - allocate the number of a device and name it
 * @pmem: its disk, if it has one, is allocated and not yet added
 * @expected: the number that the device gets if no other driver has taken it, or a
 *            negative number
 *
 * A number whose name another disk has is skipped, and stays allocated until
 * pmem_free_skipped_numbers(). If the number is not @expected, the log says so, unless
 * @expected is negative.
 *
 * Context: May sleep. Takes the list lock of the device kset.
 * Return: 0, or
 * * %-ENOMEM	- no memory to record an allocated or a skipped number
 * * %-ENOSPC	- all numbers are in use
 */
int pmem_alloc_number(struct pmem_device *pmem, int expected)
{
	int id, err;

	for (;;) {
		id = memregion_alloc(GFP_KERNEL);
		if (id < 0)
			return id;

		/* nobody else numbers a region of the dax bus by hand */
		snprintf(pmem->name, sizeof(pmem->name),
			 pmem->mode.dev_dax ? "dax%d.0" : "pmem%d", id);
		if (pmem->mode.dev_dax || !pmem_name_taken(pmem))
			break;

		err = xa_err(xa_store(&pmem_skipped, id, xa_mk_value(id),
				      GFP_KERNEL));
		if (err) {
			memregion_free(id);
			return err;
		}
	}

	if (expected >= 0 && id != expected)
		pr_notice("number %d is taken by another driver; [mem %#llx-%#llx] becomes %s\n",
			  expected, pmem->range.start,
			  pmem->range.start + pmem->range.size - 1, pmem->name);
	if (pmem->disk)
		strscpy(pmem->disk->disk_name, pmem->name, DISK_NAME_LEN);
	pmem->id = id;
	return 0;
}

/**
 * pmem_free_number - free the number of a device
 * @pmem: its disk is deleted, or was never added
 *
 * Context: Any.
 */
void pmem_free_number(struct pmem_device *pmem)
{
	memregion_free(pmem->id);
}

/**
 * pmem_free_skipped_numbers - free the numbers that pmem_alloc_number() skipped
 *
 * Context: May sleep.
 */
void pmem_free_skipped_numbers(void)
{
	unsigned long id;
	void *entry;

	xa_for_each(&pmem_skipped, id, entry)
		memregion_free(id);
	xa_destroy(&pmem_skipped);
}
