// SPDX-License-Identifier: GPL-2.0
/*
 * Add devices, all of a request or none, and remove one that nobody uses.
 */
#include <linux/async.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "pmem.h"

/* Serializes adding and removing. Taken before pmem_devices_mutex. */
static DEFINE_MUTEX(pmem_hotplug_mutex);

/* Log that a step failed for lack of a resource, and return @err. */
static int pmem_fail(const struct pmem_device *pmem, const char *step, int err)
{
	pr_err("[mem %#llx-%#llx]: cannot %s: error %d; free memory or use a smaller range\n",
	       pmem->range.start, pmem->range.start + pmem->range.size - 1,
	       step, err);
	return err;
}

static int pmem_prepare_disk(struct pmem_device *pmem)
{
	int err;

	err = pmem_alloc_poison(pmem);
	if (err)
		return pmem_fail(pmem, "allocate the badblocks list", err);

	err = pmem_alloc_disk(pmem);
	if (err) {
		pmem_free_poison(pmem);
		pmem_fail(pmem, "allocate the disk", err);
	}
	return err;
}

/* Undo pmem_prepare_disk(). */
static void pmem_put_disk(struct pmem_device *pmem)
{
	if (pmem->mode.dev_dax)
		return;
	put_disk(pmem->disk);
	pmem_free_poison(pmem);
}

/* Get everything that a device needs except its struct pages. */
static int pmem_claim_device(struct pmem_device *pmem, int expected)
{
	int err;

	if (!pmem->mode.dev_dax) {
		err = pmem_prepare_disk(pmem);
		if (err)
			return err;
	}

	err = pmem_alloc_number(pmem, expected);
	if (err) {
		pmem_fail(pmem, "allocate a device number", err);
		goto out_put_disk;
	}

	/* these two log the errors that are not for lack of memory */
	err = pmem_claim_memory(pmem);
	if (err) {
		if (err != -EBUSY)
			pmem_fail(pmem, "reserve the range in /proc/iomem", err);
		goto out_free_number;
	}

	err = pmem_check_content(pmem);
	if (err) {
		if (err != -EMEDIUMTYPE)
			pmem_fail(pmem, "map the range to look for old data", err);
		goto out_release_memory;
	}

	if (pmem->mode.dev_dax)
		return 0;

	err = pmem_add_parent(pmem);
	if (err) {
		pmem_fail(pmem, "register the parent of the disk", err);
		goto out_release_memory;
	}

	err = pmem_alloc_dax(pmem);
	if (err) {
		pmem_fail(pmem, "allocate the DAX device", err);
		goto out_del_parent;
	}

	return 0;

out_del_parent:
	pmem_del_parent(pmem);
out_release_memory:
	pmem_release_memory(pmem);
out_free_number:
	pmem_free_number(pmem);
out_put_disk:
	pmem_put_disk(pmem);
	return err;
}

/*
 * Undo pmem_claim_device() and pmem_map_memory(), and free the device. If pages of it
 * are in use, its memory and this structure, to which the struct pages point, stay.
 */
static void pmem_free_device(struct pmem_device *pmem, bool abandoned)
{
	if (abandoned)
		pmem_abandon_memory(pmem);
	else if (pmem->addr)
		pmem_unmap_memory(pmem);
	if (!pmem->mode.dev_dax) {
		pmem_free_dax(pmem);
		pmem_del_parent(pmem);
	}
	if (!abandoned)
		pmem_release_memory(pmem);
	pmem_free_number(pmem);
	pmem_put_disk(pmem);
	if (!abandoned)
		kfree(pmem);
}

static void pmem_free_devices(struct list_head *devices)
{
	struct pmem_device *pmem, *next;

	list_for_each_entry_safe_reverse(pmem, next, devices, list)
		pmem_free_device(pmem, false);
	if (list_empty(&pmem_devices))
		pmem_free_skipped_numbers();
}

/* Fill the list @devices. */
static int pmem_claim_devices(struct list_head *devices,
			      const struct pmem_layout *layout,
			      const struct pmem_mode *mode, int expected)
{
	unsigned int i, count = pmem_layout_count(layout);

	for (i = 0; i < count; i++) {
		const struct pmem_range range = pmem_layout_device(layout, i);
		struct pmem_mode own = *mode;
		struct pmem_device *pmem;
		int err;

		own.dev_dax = pmem_layout_is_dev_dax(layout, i);
		pmem = pmem_alloc_device(&range, &own);
		if (!pmem) {
			pr_err("cannot allocate %u devices: error %d; free memory or use fewer devices\n",
			       count, -ENOMEM);
			return -ENOMEM;
		}
		err = pmem_claim_device(pmem, expected);
		if (err) {
			kfree(pmem);
			return err;
		}
		list_add_tail(&pmem->list, devices);
		if (expected >= 0)
			expected = pmem->id + 1;
	}
	return 0;
}

static void pmem_map_one(void *data, async_cookie_t cookie)
{
	pmem_map_memory((struct pmem_device *)data);
}

/* In parallel, each device on a CPU of its node; this thread maps the first one. */
static int pmem_map_devices(struct list_head *devices)
{
	ASYNC_DOMAIN_EXCLUSIVE(domain);
	struct pmem_device *pmem, *first;

	first = list_first_entry(devices, struct pmem_device, list);
	pmem = first;
	list_for_each_entry_continue(pmem, devices, list)
		async_schedule_node_domain(pmem_map_one, pmem, pmem->node,
					   &domain);
	pmem_map_memory(first);
	async_synchronize_full_domain(&domain);

	list_for_each_entry(pmem, devices, list) {
		if (pmem->error == -EIO)
			pr_err("[mem %#llx-%#llx]: cannot be formatted, because it stays poisoned; use map=mem or choose other memory\n",
			       pmem->range.start,
			       pmem->range.start + pmem->range.size - 1);
		else if (pmem->error)
			pmem_fail(pmem, "allocate struct pages", pmem->error);
		if (pmem->error)
			return pmem->error;
	}
	return 0;
}

static void pmem_log_device(const struct pmem_device *pmem)
{
	pr_info("%s: [mem %#llx-%#llx], %llu MiB, node %d, map=%s%s%s%s\n",
		pmem->name, pmem->range.start,
		pmem->range.start + pmem->range.size - 1,
		pmem->data.size >> 20, pmem->node,
		pmem->mode.map == PMEM_MAP_DEV ? "dev" : "mem",
		pmem->mode.ro ? ", read-only" : "",
		pmem->mode.ramdisk ? ", RAM disk" : "",
		!pmem->mode.dev_dax ? "" :
		pmem->page_size == PUD_SIZE ? ", device DAX in 1 GiB pages" :
		pmem->page_size == PMD_SIZE ? ", device DAX in 2 MiB pages" :
		", device DAX in 4 KiB pages");
}

static int pmem_show_device(struct pmem_device *pmem)
{
	int err;

	if (pmem->mode.dev_dax) {
		err = pmem_add_dev_dax(pmem);
		return err ? pmem_fail(pmem, "add the region of the dax bus", err) : 0;
	}

	err = pmem_add_disk(pmem, pmem_attribute_groups);
	if (err)
		return pmem_fail(pmem, "add the disk", err);
	pmem_add_inject(pmem);
	return 0;
}

/*
 * Move the devices to the list of all, and make them visible. Once a device is visible
 * it may be open, and there is no way back. If a later one cannot be added, the driver
 * goes on without it.
 */
static int pmem_show_devices(struct list_head *devices)
{
	struct pmem_device *pmem, *first;
	LIST_HEAD(before);
	int err;

	first = list_first_entry(devices, struct pmem_device, list);
	mutex_lock(&pmem_devices_mutex);
	list_splice_tail_init(devices, &pmem_devices);
	mutex_unlock(&pmem_devices_mutex);

	pmem = first;
	list_for_each_entry_from(pmem, &pmem_devices, list) {
		err = pmem_show_device(pmem);
		if (!err)
			pmem_log_device(pmem);
		else if (pmem == first)
			goto out_unlist;
	}
	return 0;

out_unlist:
	mutex_lock(&pmem_devices_mutex);
	list_cut_before(&before, &pmem_devices, &first->list);
	list_splice_init(&pmem_devices, devices);
	list_splice(&before, &pmem_devices);
	mutex_unlock(&pmem_devices_mutex);
	return err;
}

/**
 * pmem_add_devices - add all devices of some ranges, or none
 * @layout: the ranges, which this function checks; with auto_count, it finds them
 * @mode: how to use the memory
 * @expected: the number of the first device if no other driver has taken it; the log
 *            reports other numbers. Negative if any will do.
 *
 * No device is visible before all have their memory.
 *
 * Context: May sleep. Not while the system is suspended or hibernates.
 * Return: 0, or the errno of the step that has failed, which is logged:
 * * %-EINVAL		- the layout or the memory cannot be used
 * * %-EBUSY		- another driver uses some of the memory
 * * %-EMEDIUMTYPE	- map=dev would overwrite data
 * * %-ENXIO		- no reserved RAM is free for auto_count
 * * %-ENOSPC		- all device numbers are in use
 * * %-EIO		- the memory for struct pages stays poisoned
 * * %-ENOMEM		- memory is short
 */
int pmem_add_devices(struct pmem_layout *layout, const struct pmem_mode *mode,
		     int expected)
{
	unsigned int sleep_flags = lock_system_sleep();
	LIST_HEAD(added);
	int err;

	mutex_lock(&pmem_hotplug_mutex);
	err = pmem_check_memory(layout, mode);
	if (!err)
		err = pmem_claim_devices(&added, layout, mode, expected);
	if (!err)
		err = pmem_map_devices(&added);
	if (!err)
		err = pmem_show_devices(&added);
	if (err)
		pmem_free_devices(&added);
	mutex_unlock(&pmem_hotplug_mutex);
	unlock_system_sleep(sleep_flags);
	return err;
}

static void pmem_hide_device(struct pmem_device *pmem)
{
	pmem_del_inject(pmem);
	pmem_del_disk(pmem);
}

/* Make open() or mmap() of the device fail, if nobody uses it. */
static bool pmem_close_device(struct pmem_device *pmem)
{
	if (pmem->mode.dev_dax)
		return pmem_close_dev_dax(pmem);
	if (pmem_close_disk(pmem, PMEM_CLOSED_REMOVAL))
		return true;
	pr_err("remove: %s is open; unmount or close it first\n", pmem->name);
	return false;
}

static void pmem_reopen_device(struct pmem_device *pmem)
{
	if (pmem->mode.dev_dax)
		pmem_reopen_dev_dax(pmem);
	else
		pmem_reopen_disk(pmem, PMEM_CLOSED_REMOVAL);
}

static void pmem_unlist_device(struct pmem_device *pmem)
{
	mutex_lock(&pmem_devices_mutex);
	list_del(&pmem->list);
	mutex_unlock(&pmem_devices_mutex);
}

/* Remove a device that is closed and idle. */
static int pmem_take_away(struct pmem_device *pmem)
{
	int err = pmem->mode.dev_dax ? pmem_del_dev_dax(pmem) : 0;

	if (err)
		return err;
	pmem_unlist_device(pmem);
	pmem_hide_device(pmem);
	pmem_free_device(pmem, false);
	return 0;
}

static struct pmem_device *pmem_find_name(const char *name)
{
	struct pmem_device *pmem;

	list_for_each_entry(pmem, &pmem_devices, list)
		if (!strcmp(pmem->name, name))
			return pmem;
	return NULL;
}

/**
 * pmem_remove_device - remove a device that nobody uses
 * @name: of its disk, or of the first device in its region of the dax bus
 *
 * Context: May sleep.
 * Return: 0, or the errno of a reason that is logged:
 * * %-ENODEV	- there is no such device
 * * %-EBUSY	- the disk or a partition is open, the device is mapped or another
 *		  driver has it, or a page has a reference
 */
int pmem_remove_device(const char *name)
{
	struct pmem_device *pmem;
	int err = -EBUSY;

	mutex_lock(&pmem_hotplug_mutex);
	pmem = pmem_find_name(name);
	if (!pmem) {
		pr_err("remove: %.32s: no such device; write pmem<id> for a disk, dax<id>.0 for a region of the dax bus with all its devices\n",
		       name);
		err = -ENODEV;
	} else if (pmem_close_device(pmem)) {
		if (pmem_is_idle(pmem))
			err = pmem_take_away(pmem);
		if (err)
			pmem_reopen_device(pmem);
	}
	mutex_unlock(&pmem_hotplug_mutex);
	return err;
}

/**
 * pmem_remove_devices - remove all devices
 *
 * Context: May sleep. No disk is open, no region of the dax bus is there, and nobody adds
 *          devices. Waits while a page has a reference. If a signal kills the task, the memory
 *          stays claimed until the next boot.
 */
void pmem_remove_devices(void)
{
	struct pmem_device *pmem, *next;
	bool killed;

	list_for_each_entry_safe_reverse(pmem, next, &pmem_devices, list) {
		pmem_hide_device(pmem);
		/* on the list meanwhile, so that hibernation is refused */
		killed = pmem_wait_idle(pmem);
		pmem_unlist_device(pmem);
		pmem_free_device(pmem, killed);
	}
	pmem_free_skipped_numbers();
}
