// SPDX-License-Identifier: GPL-2.0
/*
 * RAM set aside at boot as persistent memory block devices.
 *
 * The kernel is told to leave a range of RAM alone (memmap=32G$32G). This module
 * claims the range, gives it page descriptors and divides it evenly into
 * /dev/pmem0..N (blk.c), which filesystems may map directly (dax.c). What was in
 * the memory stays there, through a reboot too if firmware leaves it alone.
 */
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/memregion.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/wait_bit.h>
#include <asm/e820/api.h>

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

static struct pmem_layout pmem_layout;
static struct pmem_device *pmem_devices;

/* What memory is: by the word of firmware, or as the kernel has it now. */
enum pmem_map_kind { PMEM_MAP_FIRMWARE, PMEM_MAP_KERNEL };

static int pmem_map_has(enum pmem_map_kind kind, u64 start, u64 end,
			enum e820_type type)
{
	if (kind == PMEM_MAP_FIRMWARE)
		return e820__mapped_raw_any(start, end, type);
	return e820__mapped_any(start, end, type);
}

/*
 * Whether a memory map calls all of the range by one type. A map can only be
 * asked what it has somewhere in a range, so this looks for every other type,
 * and for the wanted one at both ends of each alignment unit. What is not seen
 * is a hole between two entries that begins and ends inside one unit.
 */
static int pmem_map_is(enum pmem_map_kind kind, const struct pmem_range *range,
		       enum e820_type wanted)
{
	static const enum e820_type types[] = {
		E820_TYPE_RAM, E820_TYPE_RESERVED, E820_TYPE_ACPI,
		E820_TYPE_NVS, E820_TYPE_UNUSABLE, E820_TYPE_PMEM,
		E820_TYPE_PRAM, E820_TYPE_SOFT_RESERVED,
	};
	u64 end = range->start + range->size;
	unsigned int i;
	u64 unit;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i] != wanted &&
		    pmem_map_has(kind, range->start, end, types[i]))
			return 0;

	for (unit = range->start; unit < end; unit += PMEM_ALIGN) {
		u64 next = unit + PMEM_ALIGN;

		if (!pmem_map_has(kind, unit, unit + PAGE_SIZE, wanted) ||
		    !pmem_map_has(kind, next - PAGE_SIZE, next, wanted))
			return 0;
	}
	return 1;
}

/*
 * The memory has to be set aside: RAM by the word of firmware, and reserved in
 * the kernel's own map. System RAM is in use. What firmware reserved belongs to
 * firmware or to a device. What is on neither map is no memory.
 */
static int pmem_check_set_aside(const struct pmem_range *range)
{
	u64 last = range->start + range->size - 1;

	if (region_intersects(range->start, range->size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("[mem %#llx-%#llx] is RAM that the kernel uses; boot with memmap=%lluM$%lluM, or set start= and size= to memory that is set aside\n",
		       range->start, last, range->size >> 20,
		       range->start >> 20);
		return -EBUSY;
	}

	if (!pmem_map_is(PMEM_MAP_FIRMWARE, range, E820_TYPE_RAM)) {
		pr_err("[mem %#llx-%#llx] is not RAM, or not all of it; set start= and size= to what the boot log calls usable under BIOS-e820 and memmap= sets aside\n",
		       range->start, last);
		return -ENXIO;
	}

	if (!pmem_map_is(PMEM_MAP_KERNEL, range, E820_TYPE_RESERVED)) {
		pr_err("[mem %#llx-%#llx] is not set aside, or not all of it; boot with memmap=%lluM$%lluM, or set start= and size= to what is\n",
		       range->start, last, range->size >> 20,
		       range->start >> 20);
		return -ENXIO;
	}

	return 0;
}

/*
 * Numbers come from the allocator that drivers/nvdimm numbers its pmemN from,
 * so both drivers can be in use and neither can take the other's name.
 */
static int pmem_alloc_name(struct pmem_device *pmem)
{
	pmem->id = memregion_alloc(GFP_KERNEL);
	if (pmem->id < 0)
		return pmem->id;

	snprintf(pmem->name, sizeof(pmem->name), "pmem%d", pmem->id);
	return 0;
}

static int pmem_map(struct pmem_device *pmem)
{
	struct dev_pagemap *pgmap = &pmem->pgmap;
	void *addr;

	pgmap->type = MEMORY_DEVICE_FS_DAX;
	pgmap->range.start = pmem->range.start;
	pgmap->range.end = pmem->range.start + pmem->range.size - 1;
	pgmap->nr_range = 1;
	pgmap->owner = pmem;

	addr = memremap_pages(pgmap, NUMA_NO_NODE);
	if (IS_ERR(addr))
		return PTR_ERR(addr);

	pmem->addr = (char *)addr;
	return 0;
}

/*
 * A page may still be in use by someone who got it from a mapping that is long
 * gone, a pipe for one. Its descriptor must not go away before. A page of this
 * kind is idle when its reference count is down to one.
 */
static void pmem_wait_idle(const struct pmem_device *pmem)
{
	unsigned long pfn = PHYS_PFN(pmem->range.start);
	unsigned long end = pfn + PHYS_PFN(pmem->range.size);

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		wait_var_event(&page->_refcount, page_ref_count(page) == 1);
	}
}

static int pmem_claim_device(struct pmem_device *pmem)
{
	const struct pmem_range *range = &pmem->range;
	u64 last = range->start + range->size - 1;
	int err;

	err = pmem_alloc_name(pmem);
	if (err)
		return err;

	if (!request_mem_region(range->start, range->size, pmem->name)) {
		pr_err("[mem %#llx-%#llx] is held by another driver; see /proc/iomem\n",
		       range->start, last);
		err = -EBUSY;
		goto out_free_name;
	}

	err = pmem_map(pmem);
	if (err) {
		pr_err("%s: no page descriptors for [mem %#llx-%#llx]: error %d; make size= smaller\n",
		       pmem->name, range->start, last, err);
		goto out_release_region;
	}

	return 0;

out_release_region:
	release_mem_region(range->start, range->size);
out_free_name:
	memregion_free(pmem->id);
	return err;
}

static void pmem_release_device(struct pmem_device *pmem)
{
	pmem_wait_idle(pmem);
	memunmap_pages(&pmem->pgmap);
	release_mem_region(pmem->range.start, pmem->range.size);
	memregion_free(pmem->id);
}

/*
 * The first @disks devices have a disk, the first @claimed their memory. No
 * device gives up memory, or its number, while another still has a disk.
 */
static void pmem_del_devices(unsigned int disks, unsigned int claimed)
{
	while (disks--)
		pmem_del_disk(&pmem_devices[disks]);
	while (claimed--)
		pmem_release_device(&pmem_devices[claimed]);
	kvfree(pmem_devices);
}

static int __init pmem_parse(void)
{
	struct pmem_complaint complaint;
	int err;

	err = pmem_layout_parse(&pmem_layout, pmem_start, pmem_size, pmem_count,
				&complaint);
	if (err)
		pr_err("start=%s size=%s count=%s: %s %s; %s\n", pmem_start,
		       pmem_size, pmem_count, complaint.name,
		       complaint.problem, complaint.remedy);
	return err;
}

static int __init pmem_init(void)
{
	unsigned int disks = 0, claimed = 0;
	int err;

	err = pmem_parse();
	if (err)
		return err;

	err = pmem_check_set_aside(&pmem_layout.range);
	if (err)
		return err;

	pmem_devices = (struct pmem_device *)
		kvcalloc(pmem_layout.count, sizeof(*pmem_devices), GFP_KERNEL);
	if (!pmem_devices)
		return -ENOMEM;

	/* Nobody can open a disk before all devices have their memory. */
	for (; claimed < pmem_layout.count; claimed++) {
		pmem_devices[claimed].range =
			pmem_layout_device(&pmem_layout, claimed);
		err = pmem_claim_device(&pmem_devices[claimed]);
		if (err)
			goto out_del_devices;
	}

	for (; disks < pmem_layout.count; disks++) {
		err = pmem_add_disk(&pmem_devices[disks]);
		if (err)
			goto out_del_devices;
	}

	return 0;

out_del_devices:
	pmem_del_devices(disks, claimed);
	return err;
}

static void __exit pmem_exit(void)
{
	pmem_del_devices(pmem_layout.count, pmem_layout.count);
}

/* Late, so that built in, NVDIMMs are numbered as they are without us. */
late_initcall(pmem_init);
module_exit(pmem_exit);

MODULE_DESCRIPTION("RAM set aside at boot as persistent memory block devices");
MODULE_LICENSE("GPL");
