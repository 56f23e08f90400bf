// SPDX-License-Identifier: GPL-2.0
/*
 * RAM that is reserved at boot as persistent memory block devices.
 *
 * The kernel leaves a range of RAM alone because of memmap=32G$32G. The driver reads
 * its parameters (layout.c), checks that the range is reserved (reserved.c), and
 * divides it evenly into devices (hotplug.c). It claims the memory of each and
 * allocates its struct pages (memory.c), and then adds the disks /dev/pmem0..N
 * (blk.c), which filesystems may map directly (dax.c). The contents of the memory
 * stay, across a reboot too if firmware does not touch them.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/stringify.h>

#include "pmem.h"

/*
 * Strings: a number may have a unit, and the driver logs its own error message. As in
 * sysfs, only root can read addresses.
 */
static char pmem_default_start[] = __stringify(CONFIG_BLK_DEV_PMEM_START);
static char *pmem_start = pmem_default_start;
module_param_named(start, pmem_start, charp, 0400);
MODULE_PARM_DESC(start, "Start address: GiB, or a number with K, M, G or T (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_START) ")");

static char pmem_default_size[] = __stringify(CONFIG_BLK_DEV_PMEM_SIZE);
static char *pmem_size = pmem_default_size;
module_param_named(size, pmem_size, charp, 0400);
MODULE_PARM_DESC(size, "Size of all devices together: GiB, or a number with K, M, G or T (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_SIZE) ")");

static char pmem_default_count[] = __stringify(CONFIG_BLK_DEV_PMEM_COUNT);
static char *pmem_count = pmem_default_count;
module_param_named(count, pmem_count, charp, 0400);
MODULE_PARM_DESC(count, "Number of devices (default: "
		 __stringify(CONFIG_BLK_DEV_PMEM_COUNT) ")");

static char *pmem_ranges = (char *)"";
module_param_named(ranges, pmem_ranges, charp, 0400);
MODULE_PARM_DESC(ranges, "SIZE@START[/COUNT][:dax][,...], or auto[/COUNT][:dax] for all memory that memmap= reserved; with :dax, device DAX; replaces start, size and count");

static char *pmem_map = (char *)"mem";
module_param_named(map, pmem_map, charp, 0444);
MODULE_PARM_DESC(map, "Where struct pages are: mem, in ordinary memory (default), or dev, on the devices; dev,format also overwrites what is there");

static bool pmem_ro;
module_param_named(ro, pmem_ro, bool, 0444);
MODULE_PARM_DESC(ro, "Read-only disks: nothing writes to the memory (default: n)");

static bool pmem_ramdisk;
module_param_named(ramdisk, pmem_ramdisk, bool, 0444);
MODULE_PARM_DESC(ramdisk, "RAM disks: writes go to the CPU caches, and a reset may lose them (default: n)");

/* Read the parameters, and log what is wrong with them. */
static int __init pmem_read_parameters(struct pmem_layout *layout,
				       struct pmem_mode *mode)
{
	struct pmem_message message;
	int err;

	mode->ro = pmem_ro;
	mode->ramdisk = pmem_ramdisk;
	err = pmem_parse_map(pmem_map, mode, &message);
	if (!err && *pmem_ranges)
		err = pmem_layout_parse_ranges(layout, pmem_ranges, &message);
	else if (!err)
		err = pmem_layout_parse(layout, pmem_start, pmem_size,
					pmem_count, &message);
	if (err)
		pr_err("%s\n", message.text);
	return err;
}

/*
 * A built-in driver without parameters and without reserved memory: the configuration
 * of a distribution, for example.
 */
static bool __init pmem_is_unused(const struct pmem_layout *layout)
{
	const struct pmem_range *range = &layout->shares[0].range;
	struct pmem_message message;

	if (IS_MODULE(CONFIG_BLK_DEV_PMEM) || *pmem_ranges ||
	    pmem_start != pmem_default_start ||
	    pmem_size != pmem_default_size ||
	    pmem_count != pmem_default_count ||
	    !pmem_check_reserved(range, &message))
		return false;

	pr_info("no devices: [mem %#llx-%#llx] is not reserved, and there are no parameters\n",
		range->start, range->start + range->size - 1);
	return true;
}

static int __init pmem_init(void)
{
	struct pmem_layout layout;
	struct pmem_mode mode;
	int err;

	err = pmem_read_parameters(&layout, &mode);
	if (err)
		return err;
	if (pmem_is_unused(&layout))
		return -ENODEV;

	err = pmem_init_dev_dax();
	if (err)
		return err;
	pmem_init_inject();
	pmem_register_mce();
	pmem_register_hibernation();
	err = pmem_add_devices(&layout, &mode, 0);
	if (err)
		goto out_unregister;
	pmem_add_control(&mode);
	return 0;

out_unregister:
	pmem_unregister_hibernation();
	pmem_unregister_mce();
	pmem_exit_inject();
	pmem_exit_dev_dax();
	return err;
}

static void __exit pmem_exit(void)
{
	pmem_del_control();
	pmem_remove_devices();
	pmem_unregister_hibernation();
	pmem_unregister_mce();
	pmem_exit_inject();
	pmem_exit_dev_dax();
}

/* Late, so that NVDIMMs get the numbers that they have without this driver. */
late_initcall(pmem_init);
module_exit(pmem_exit);

MODULE_DESCRIPTION("RAM reserved at boot as persistent memory block devices");
MODULE_LICENSE("GPL");
