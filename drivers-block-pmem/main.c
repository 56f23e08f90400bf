// SPDX-License-Identifier: GPL-2.0
/*
 * RAM that is reserved at boot as persistent memory block devices.
 *
 * The kernel leaves a range of RAM alone because of memmap=32G$32G. The driver reads
 * its parameters (layout.c), checks that the range is reserved (reserved.c), and
 * divides it evenly into devices (devices.c). It claims the memory of each and
 * allocates its struct pages (memory.c), and then adds the disks /dev/pmem0..N
 * (blk.c), which filesystems may map directly (dax.c). The contents of the memory
 * stay, across a reboot too if firmware does not touch them.
 */
#include <linux/async.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/stringify.h>

#include "pmem.h"

/* Strings: a number may have a unit, and the driver logs its own error message. */
static char pmem_default_start[] = __stringify(CONFIG_BLK_DEV_PMEM_START);
static char *pmem_start = pmem_default_start;
module_param_named(start, pmem_start, charp, 0444);
MODULE_PARM_DESC(start, "Start address: GiB, or a number with K, M, G or T (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_START) ")");

static char pmem_default_size[] = __stringify(CONFIG_BLK_DEV_PMEM_SIZE);
static char *pmem_size = pmem_default_size;
module_param_named(size, pmem_size, charp, 0444);
MODULE_PARM_DESC(size, "Size of all devices together: GiB, or a number with K, M, G or T (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_SIZE) ")");

static char pmem_default_count[] = __stringify(CONFIG_BLK_DEV_PMEM_COUNT);
static char *pmem_count = pmem_default_count;
module_param_named(count, pmem_count, charp, 0444);
MODULE_PARM_DESC(count, "Number of devices (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_COUNT) ")");

static char *pmem_ranges = (char *)"";
module_param_named(ranges, pmem_ranges, charp, 0444);
MODULE_PARM_DESC(ranges, "SIZE@START[/COUNT][,...], or auto[/COUNT] for all memory that memmap= reserved; replaces start, size and count");

static char *pmem_map = (char *)"mem";
module_param_named(map, pmem_map, charp, 0444);
MODULE_PARM_DESC(map, "Where struct pages are: mem, in ordinary memory (default), or dev, on the devices; dev,format also overwrites what is there");

/* Log that a step failed for lack of a resource, and return @err. */
static int pmem_fail(const struct pmem_device *pmem, const char *step, int err)
{
	pr_err("[mem %#llx-%#llx]: cannot %s: error %d; free memory or use a smaller range\n",
	       pmem->range.start, pmem->range.start + pmem->range.size - 1,
	       step, err);
	return err;
}

/* Get everything that a device needs except its struct pages. */
static int pmem_claim_device(struct pmem_device *pmem, int expected)
{
	int err;

	err = pmem_alloc_poison(pmem);
	if (err)
		return pmem_fail(pmem, "allocate the badblocks list", err);

	err = pmem_alloc_disk(pmem);
	if (err) {
		pmem_fail(pmem, "allocate the disk", err);
		goto out_free_poison;
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

	err = pmem_alloc_dax(pmem);
	if (err) {
		pmem_fail(pmem, "allocate the DAX device", err);
		goto out_release_memory;
	}

	return 0;

out_release_memory:
	pmem_release_memory(pmem);
out_free_number:
	pmem_free_number(pmem);
out_put_disk:
	put_disk(pmem->disk);
out_free_poison:
	pmem_free_poison(pmem);
	return err;
}

/* Undo pmem_claim_device() for the first @nr devices. */
static void pmem_release_devices(unsigned int nr)
{
	while (nr--) {
		struct pmem_device *pmem = &pmem_devices[nr];

		pmem_free_dax(pmem);
		pmem_release_memory(pmem);
		pmem_free_number(pmem);
		put_disk(pmem->disk);
		pmem_free_poison(pmem);
	}
	pmem_free_skipped_numbers();
}

static int __init pmem_claim_devices(void)
{
	int err, expected = 0;
	unsigned int i;

	for (i = 0; i < pmem_nr_devices; i++) {
		err = pmem_claim_device(&pmem_devices[i], expected);
		if (err) {
			pmem_release_devices(i);
			return err;
		}
		expected = pmem_devices[i].id + 1;
	}
	return 0;
}

static void pmem_unmap_devices(void)
{
	unsigned int i;

	for (i = 0; i < pmem_nr_devices; i++)
		if (!pmem_devices[i].error)
			pmem_unmap_memory(&pmem_devices[i]);
}

static void __init pmem_map_one(void *data, async_cookie_t cookie)
{
	pmem_map_memory((struct pmem_device *)data);
}

/* In parallel, each device on a CPU of its node; this thread maps the first one. */
static int __init pmem_map_devices(void)
{
	ASYNC_DOMAIN_EXCLUSIVE(domain);
	unsigned int i;

	for (i = 1; i < pmem_nr_devices; i++)
		async_schedule_node_domain(pmem_map_one, &pmem_devices[i],
					   pmem_devices[i].node, &domain);
	pmem_map_memory(&pmem_devices[0]);
	async_synchronize_full_domain(&domain);

	for (i = 0; i < pmem_nr_devices; i++)
		if (pmem_devices[i].error) {
			pmem_fail(&pmem_devices[i], "allocate struct pages",
				  pmem_devices[i].error);
			pmem_unmap_devices();
			return pmem_devices[i].error;
		}
	return 0;
}

/*
 * A failed load does not wait for open disks, so there is no way back once the first
 * disk is visible. If a later disk cannot be added, the driver goes on without it.
 */
static int __init pmem_add_disks(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < pmem_nr_devices; i++) {
		struct pmem_device *pmem = &pmem_devices[i];

		err = pmem_add_disk(pmem, pmem_attribute_groups);
		if (err) {
			pmem_fail(pmem, "add the disk", err);
			if (i)
				continue;
			return err;
		}
		pmem_add_inject(pmem);
		pr_info("%s: [mem %#llx-%#llx], %llu MiB, node %d, map=%s\n",
			pmem->name, pmem->range.start,
			pmem->range.start + pmem->range.size - 1,
			pmem->data.size >> 20, pmem->node, pmem_map);
	}
	return 0;
}

/* The lower of the CPU's physical address limit and that of the kernel mapping. */
static u64 __init pmem_limit(void)
{
	struct range range = mhp_get_pluggable_range(true);

	return min(BIT_ULL(boot_cpu_data.x86_phys_bits), range.end + 1);
}

struct pmem_auto {
	struct pmem_layout *layout;
	struct pmem_message *message;
};

static int __init pmem_add_range(const struct pmem_range *range, void *data)
{
	const struct pmem_auto *found = (const struct pmem_auto *)data;

	return pmem_layout_add(found->layout, range, found->layout->auto_count,
			       found->message);
}

/* For ranges=auto. */
static int __init pmem_find_ranges(struct pmem_layout *layout,
				   struct pmem_message *message)
{
	struct pmem_auto found = { .layout = layout, .message = message };
	int err;

	err = pmem_find_reserved(pmem_add_range, &found);
	if (!err && !layout->nr) {
		strscpy(message->text,
			"ranges=auto: no reserved RAM is free; boot with memmap=, for example memmap=32G$32G");
		err = -ENXIO;
	}
	return err;
}

static int __init pmem_read_parameters(struct pmem_layout *layout,
				       enum pmem_map_mode *map, bool *format)
{
	struct pmem_message message;
	int err;

	err = pmem_parse_map(pmem_map, map, format, &message);
	if (!err && *pmem_ranges)
		err = pmem_layout_parse_ranges(layout, pmem_ranges, &message);
	else if (!err)
		err = pmem_layout_parse(layout, pmem_start, pmem_size,
					pmem_count, &message);
	if (!err && layout->auto_count)
		err = pmem_find_ranges(layout, &message);
	if (!err)
		err = pmem_layout_check(layout, pmem_limit(), *map, &message);
	if (err)
		pr_err("%s\n", message.text);
	return err;
}

/*
 * A built-in driver without parameters: the configuration of a distribution, for
 * example. Nobody needs to have reserved memory.
 */
static bool __init pmem_is_unused(void)
{
	return !IS_MODULE(CONFIG_BLK_DEV_PMEM) && !*pmem_ranges &&
	       pmem_start == pmem_default_start &&
	       pmem_size == pmem_default_size &&
	       pmem_count == pmem_default_count;
}

/* Check the memory of all ranges, and log what is wrong. */
static int __init pmem_check_ranges(const struct pmem_layout *layout)
{
	struct pmem_message message;
	unsigned int i;
	int err;

	for (i = 0; i < layout->nr; i++) {
		const struct pmem_range *range = &layout->shares[i].range;

		err = pmem_check_reserved(range, &message);
		if (!err)
			continue;
		if (pmem_is_unused()) {
			pr_info("no devices: [mem %#llx-%#llx] is not reserved, and there are no parameters\n",
				range->start, range->start + range->size - 1);
			return -ENODEV;
		}
		pr_err("%s\n", message.text);
		return err;
	}
	return 0;
}

/* Read and check the parameters, and make the table of devices. */
static int __init pmem_create_devices(void)
{
	struct pmem_layout layout;
	enum pmem_map_mode map;
	bool format;
	int err;

	err = pmem_read_parameters(&layout, &map, &format);
	if (err)
		return err;
	err = pmem_check_ranges(&layout);
	if (err)
		return err;

	err = pmem_alloc_devices(&layout, map, format);
	if (err)
		pr_err("cannot allocate %u devices: error %d; free memory or use fewer devices\n",
		       pmem_layout_count(&layout), err);
	return err;
}

static int __init pmem_init(void)
{
	int err;

	err = pmem_create_devices();
	if (err)
		return err;

	/* no disk is visible before all devices have their memory */
	err = pmem_claim_devices();
	if (err)
		goto out_free_devices;
	err = pmem_map_devices();
	if (err)
		goto out_release_devices;
	pmem_init_inject();
	pmem_register_mce();
	err = pmem_add_disks();
	if (err)
		goto out_unregister_mce;
	return 0;

out_unregister_mce:
	pmem_unregister_mce();
	pmem_exit_inject();
	pmem_unmap_devices();
out_release_devices:
	pmem_release_devices(pmem_nr_devices);
out_free_devices:
	pmem_free_devices();
	return err;
}

static void __exit pmem_exit(void)
{
	unsigned int i = pmem_nr_devices;

	while (i--) {
		pmem_del_inject(&pmem_devices[i]);
		pmem_del_disk(&pmem_devices[i]);
	}
	pmem_unregister_mce();
	pmem_exit_inject();
	pmem_unmap_devices();
	pmem_release_devices(pmem_nr_devices);
	pmem_free_devices();
}

/* Late, so that NVDIMMs get the numbers that they have without this driver. */
late_initcall(pmem_init);
module_exit(pmem_exit);

MODULE_DESCRIPTION("RAM reserved at boot as persistent memory block devices");
MODULE_LICENSE("GPL");
