// SPDX-License-Identifier: GPL-2.0
/*
 * RAM set aside at boot as persistent memory block devices.
 *
 * The kernel is told to leave a range of RAM alone (memmap=32G$32G). This module
 * checks that the range is set aside (setaside.c), claims it and gives it page
 * descriptors (memory.c), and divides it evenly into /dev/pmem0..N (blk.c), which
 * filesystems may map directly (dax.c). What was in the memory stays there,
 * through a reboot too if firmware leaves it alone.
 */
#include <linux/async.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/memregion.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/processor.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/xarray.h>

#include "pmem.h"

/* Text, because a number may carry a unit and a bad one deserves an answer. */
static char *pmem_start = (char *)__stringify(CONFIG_BLK_DEV_PMEM_START);
module_param_named(start, pmem_start, charp, 0444);
MODULE_PARM_DESC(start, "Where the memory begins: GiB, or a number with K, M, G or T (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_START) ")");

static char *pmem_size = (char *)__stringify(CONFIG_BLK_DEV_PMEM_SIZE);
module_param_named(size, pmem_size, charp, 0444);
MODULE_PARM_DESC(size, "How much memory, for all devices together, in the same form (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_SIZE) ")");

static char *pmem_count = (char *)__stringify(CONFIG_BLK_DEV_PMEM_COUNT);
module_param_named(count, pmem_count, charp, 0444);
MODULE_PARM_DESC(count, "How many devices share it evenly (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_COUNT) ")");

static char *pmem_ranges = (char *)"";
module_param_named(ranges, pmem_ranges, charp, 0444);
MODULE_PARM_DESC(ranges, "Instead of these three: SIZE@START[/COUNT], and more of them behind commas");

static char *pmem_map = (char *)"mem";
module_param_named(map, pmem_map, charp, 0444);
MODULE_PARM_DESC(map, "Where page descriptors are: mem, in ordinary memory (default), or dev, inside the devices");

static struct pmem_device *pmem_devices;
static unsigned int pmem_nr;

/* Numbers whose names were taken by drivers that do not allocate numbers. */
static DEFINE_XARRAY(pmem_skipped);

/**
 * pmem_find - whose memory an address is
 * @address: physical
 *
 * Context: Any, while there are devices.
 * Return: the device, or NULL if it is no block of any
 */
struct pmem_device *pmem_find(u64 address)
{
	unsigned int i;

	for (i = 0; i < pmem_nr; i++) {
		const struct pmem_range *data = &pmem_devices[i].data;

		if (address >= data->start && address - data->start < data->size)
			return &pmem_devices[i];
	}
	return NULL;
}

static int pmem_fail(const struct pmem_device *pmem, const char *what, int err)
{
	pr_err("[mem %#llx-%#llx] gets no %s: error %d; free some memory, or name less of it\n",
	       pmem->range.start, pmem->range.start + pmem->range.size - 1,
	       what, err);
	return err;
}

/*
 * Whether another disk has the name. This looks among all devices, because the
 * class of disks is not for modules; disks are those of the same type.
 */
static int pmem_name_taken(const struct pmem_device *pmem)
{
	const struct device *disk = disk_to_dev(pmem->disk);
	struct kset *devices = disk->kobj.kset;
	struct kobject *kobj;
	int taken = 0;

	spin_lock(&devices->list_lock);
	list_for_each_entry(kobj, &devices->list, entry)
		if (kobj_to_dev(kobj)->type == disk->type &&
		    !strcmp(kobject_name(kobj), pmem->name))
			taken = 1;
	spin_unlock(&devices->list_lock);
	return taken;
}

/*
 * Numbers come from the allocator that drivers/nvdimm numbers its pmemN from,
 * so both drivers can be in use and neither can take the other's name. A driver
 * that does not ask it may have taken a name all the same. Its number is kept
 * from others, too.
 */
static int pmem_take_number(struct pmem_device *pmem, int expected)
{
	int id, err;

	for (;;) {
		id = memregion_alloc(GFP_KERNEL);
		if (id < 0)
			return id;

		snprintf(pmem->name, sizeof(pmem->name), "pmem%d", id);
		if (!pmem_name_taken(pmem))
			break;

		err = xa_err(xa_store(&pmem_skipped, id, xa_mk_value(id),
				      GFP_KERNEL));
		if (err) {
			memregion_free(id);
			return err;
		}
	}

	if (id != expected)
		pr_notice("number %d is taken by another driver; [mem %#llx-%#llx] becomes %s\n",
			  expected, pmem->range.start,
			  pmem->range.start + pmem->range.size - 1, pmem->name);
	strscpy(pmem->disk->disk_name, pmem->name, DISK_NAME_LEN);
	pmem->id = id;
	return 0;
}

static void pmem_free_skipped(void)
{
	unsigned long id;
	void *entry;

	xa_for_each(&pmem_skipped, id, entry)
		memregion_free(id);
	xa_destroy(&pmem_skipped);
}

/* Everything that a device needs but its page descriptors. */
static int pmem_claim_device(struct pmem_device *pmem, int expected)
{
	int err;

	err = pmem_alloc_poison(pmem);
	if (err)
		return pmem_fail(pmem, "list of bad blocks", err);

	err = pmem_alloc_disk(pmem);
	if (err) {
		pmem_fail(pmem, "disk", err);
		goto out_free_poison;
	}

	err = pmem_take_number(pmem, expected);
	if (err) {
		pmem_fail(pmem, "number", err);
		goto out_put_disk;
	}

	err = pmem_claim_memory(pmem);
	if (err) {
		if (err != -EBUSY)
			pmem_fail(pmem, "entry in /proc/iomem", err);
		goto out_free_number;
	}

	err = pmem_check_content(pmem);
	if (err) {
		if (err != -EMEDIUMTYPE)
			pmem_fail(pmem, "look at its content", err);
		goto out_release_memory;
	}

	err = pmem_alloc_dax(pmem);
	if (err) {
		pmem_fail(pmem, "DAX device", err);
		goto out_release_memory;
	}

	return 0;

out_release_memory:
	pmem_release_memory(pmem);
out_free_number:
	memregion_free(pmem->id);
out_put_disk:
	put_disk(pmem->disk);
out_free_poison:
	pmem_free_poison(pmem);
	return err;
}

static void pmem_release_device(struct pmem_device *pmem)
{
	pmem_free_dax(pmem);
	pmem_release_memory(pmem);
	memregion_free(pmem->id);
	put_disk(pmem->disk);
	pmem_free_poison(pmem);
}

static int __init pmem_claim_devices(const struct pmem_layout *layout,
				     enum pmem_map_mode map)
{
	unsigned int count = pmem_layout_count(layout);
	int err;

	for (; pmem_nr < count; pmem_nr++) {
		struct pmem_device *pmem = &pmem_devices[pmem_nr];
		u64 offset;

		pmem->range = pmem_layout_device(layout, pmem_nr);
		offset = pmem_data_offset(pmem->range.size, map);
		pmem->data.start = pmem->range.start + offset;
		pmem->data.size = pmem->range.size - offset;
		pmem->map = map;
		pmem->node = numa_map_to_online_node(phys_to_target_node(pmem->range.start));

		err = pmem_claim_device(pmem, pmem_nr ? pmem[-1].id + 1 : 0);
		if (err)
			return err;
	}
	return 0;
}

static void __init pmem_map_one(void *data, async_cookie_t cookie)
{
	pmem_map_memory((struct pmem_device *)data);
}

/* All devices at once, each by a CPU of its own node: the first one by this. */
static int __init pmem_map_devices(void)
{
	ASYNC_DOMAIN_EXCLUSIVE(domain);
	unsigned int i;

	for (i = 1; i < pmem_nr; i++)
		async_schedule_node_domain(pmem_map_one, &pmem_devices[i],
					   pmem_devices[i].node, &domain);
	pmem_map_memory(&pmem_devices[0]);
	async_synchronize_full_domain(&domain);

	for (i = 0; i < pmem_nr; i++)
		if (pmem_devices[i].error)
			return pmem_fail(&pmem_devices[i], "page descriptors",
					 pmem_devices[i].error);
	return 0;
}

static void pmem_unmap_devices(void)
{
	unsigned int i;

	for (i = 0; i < pmem_nr; i++)
		if (!pmem_devices[i].error)
			pmem_unmap_memory(&pmem_devices[i]);
}

/*
 * Once somebody can have a disk open there is no way back: a module that does not
 * load is not waited for. So a later disk that cannot be added is left out.
 */
static int __init pmem_add_disks(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < pmem_nr; i++) {
		struct pmem_device *pmem = &pmem_devices[i];

		err = pmem_add_disk(pmem);
		if (err) {
			pmem_fail(pmem, "place among the disks", err);
			if (i)
				continue;
			return err;
		}
		pr_info("%s: [mem %#llx-%#llx], %llu MiB, node %d, map=%s\n",
			pmem->name, pmem->range.start,
			pmem->range.start + pmem->range.size - 1,
			pmem->data.size >> 20, pmem->node, pmem_map);
	}
	return 0;
}

static void pmem_release_devices(void)
{
	while (pmem_nr)
		pmem_release_device(&pmem_devices[--pmem_nr]);
	pmem_free_skipped();
	kvfree(pmem_devices);
}

/* Where memory ends: for the CPU, and for what the kernel can map. */
static u64 __init pmem_limit(void)
{
	struct range range = mhp_get_pluggable_range(1);

	return min(BIT_ULL(boot_cpu_data.x86_phys_bits), range.end + 1);
}

static int __init pmem_read_parameters(struct pmem_layout *layout,
				       enum pmem_map_mode *map)
{
	struct pmem_complaint complaint;
	int err;

	err = pmem_parse_map(pmem_map, map, &complaint);
	if (!err && *pmem_ranges)
		err = pmem_layout_parse_ranges(layout, pmem_ranges, &complaint);
	else if (!err)
		err = pmem_layout_parse(layout, pmem_start, pmem_size,
					pmem_count, &complaint);
	if (!err)
		err = pmem_layout_check(layout, pmem_limit(), *map, &complaint);
	if (err)
		pr_err("%s\n", complaint.text);
	return err;
}

static int __init pmem_init(void)
{
	struct pmem_layout layout;
	enum pmem_map_mode map;
	unsigned int i;
	int err;

	err = pmem_read_parameters(&layout, &map);
	if (err)
		return err;

	for (i = 0; i < layout.nr; i++) {
		err = pmem_check_set_aside(&layout.shares[i].range);
		if (err)
			return err;
	}

	pmem_devices = (struct pmem_device *)
		kvcalloc(pmem_layout_count(&layout), sizeof(*pmem_devices),
			 GFP_KERNEL);
	if (!pmem_devices) {
		pr_err("no memory for %u devices; free some memory, or make it fewer\n",
		       pmem_layout_count(&layout));
		return -ENOMEM;
	}

	/* Nobody can open a disk before all devices have their memory. */
	err = pmem_claim_devices(&layout, map);
	if (err)
		goto out_release;
	err = pmem_map_devices();
	if (err)
		goto out_unmap;
	pmem_watch_poison();
	err = pmem_add_disks();
	if (err)
		goto out_unwatch;
	return 0;

out_unwatch:
	pmem_unwatch_poison();
out_unmap:
	pmem_unmap_devices();
out_release:
	pmem_release_devices();
	return err;
}

static void __exit pmem_exit(void)
{
	unsigned int i = pmem_nr;

	while (i--)
		pmem_del_disk(&pmem_devices[i]);
	pmem_unwatch_poison();
	pmem_unmap_devices();
	pmem_release_devices();
}

/* Late, so that built in, NVDIMMs are numbered as they are without us. */
late_initcall(pmem_init);
module_exit(pmem_exit);

MODULE_DESCRIPTION("RAM set aside at boot as persistent memory block devices");
MODULE_LICENSE("GPL");
