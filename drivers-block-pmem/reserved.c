// SPDX-License-Identifier: GPL-2.0
/*
 * Find memory that is RAM, reserved and unused, and check a range for it.
 */
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/processor.h>
#include <asm/e820/api.h>

#include "pmem.h"

/* Two memory maps: that of firmware, and that of the kernel, which has memmap=. */
enum pmem_e820 { PMEM_E820_FIRMWARE, PMEM_E820_KERNEL };

static bool pmem_e820_has(enum pmem_e820 map, u64 start, u64 end,
			  enum e820_type type)
{
	if (map == PMEM_E820_FIRMWARE)
		return e820__mapped_raw_any(start, end, type);
	return e820__mapped_any(start, end, type);
}

/*
 * Whether all of the range has one type in a memory map. The e820 functions only
 * say whether a type occurs in a range, so this looks for every other type, and for
 * the wanted type at the start of each PMEM_ALIGN unit and at the end of the range. It
 * misses a hole between two entries that lies inside one unit.
 */
static bool pmem_e820_is(enum pmem_e820 map, const struct pmem_range *range,
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
		    pmem_e820_has(map, range->start, end, types[i]))
			return false;

	for (unit = range->start; unit < end; unit += PMEM_ALIGN)
		if (!pmem_e820_has(map, unit, unit + PAGE_SIZE, wanted))
			return false;
	return pmem_e820_has(map, end - PAGE_SIZE, end, wanted);
}

typedef int (*pmem_found_fn)(const struct pmem_range *range, void *data);

struct pmem_search {
	pmem_found_fn found;
	void *data;
	int err;
};

/**
 * pmem_is_claimed - whether a driver has claimed some of a range
 * @range: physical addresses
 *
 * This driver's device DAX is not busy while no driver of the dax bus has it, so that
 * one can claim it.
 *
 * Context: May sleep. Takes the resource lock.
 * Return: true if the memory belongs to a driver
 */
bool pmem_is_claimed(const struct pmem_range *range)
{
	return region_intersects(range->start, range->size, IORESOURCE_BUSY,
				 IORES_DESC_NONE) != REGION_DISJOINT ||
	       region_intersects(range->start, range->size, IORESOURCE_MEM,
				 IORES_DESC_PERSISTENT_MEMORY) != REGION_DISJOINT;
}

/* Report RAM that is reserved, unless another driver uses some of it. */
static int pmem_report(const struct pmem_search *search, u64 start, u64 end)
{
	struct pmem_range range = { .start = start, .size = end - start };

	if (!pmem_is_claimed(&range))
		return search->found(&range, search->data);

	pr_info("ranges=auto: leaving [mem %#llx-%#llx], which another driver uses; see /proc/iomem\n",
		start, end - 1);
	return 0;
}

static bool pmem_is_ram(u64 start)
{
	struct pmem_range unit = { .start = start, .size = PMEM_ALIGN };

	return pmem_e820_is(PMEM_E820_FIRMWARE, &unit, E820_TYPE_RAM);
}

/* Divide a reserved range into what firmware calls RAM and what it does not. */
static int pmem_search_reserved(struct resource *reserved, void *data)
{
	struct pmem_search *search = (struct pmem_search *)data;
	u64 at = round_up(reserved->start, PMEM_ALIGN), next;
	u64 end = round_down(reserved->end + 1, PMEM_ALIGN);

	for (; at < end && !search->err; at = next) {
		bool ram = pmem_is_ram(at);

		for (next = at + PMEM_ALIGN; next < end; next += PMEM_ALIGN)
			if (pmem_is_ram(next) != ram)
				break;
		if (ram)
			search->err = pmem_report(search, at, next);
		else
			pr_debug("ranges=auto: leaving [mem %#llx-%#llx], which is not RAM for firmware\n",
				 at, next - 1);
	}
	return search->err;
}

/*
 * Call @found for each range of reserved RAM that no driver uses, in the order of
 * addresses, aligned to PMEM_ALIGN. An error ends the search. Two reservations without
 * a gap are one range. Ranges that another driver uses in part are left out as a whole,
 * with a message.
 */
static int pmem_find_reserved(pmem_found_fn found, void *data)
{
	struct pmem_search search = { .found = found, .data = data };

	walk_iomem_res_desc(IORES_DESC_RESERVED, IORESOURCE_MEM, 0, U64_MAX,
			    &search, pmem_search_reserved);
	return search.err;
}

/**
 * pmem_check_reserved - check that a range is reserved RAM
 * @range: physical addresses, aligned to %PMEM_ALIGN
 * @message: the error message; set on error only
 *
 * The range has to be RAM in the memory map of firmware and reserved in that of the
 * kernel. System RAM is in use by the kernel. Memory that firmware reserved belongs
 * to firmware or to a device.
 *
 * Context: May sleep. Takes the resource lock.
 * Return: 0, or
 * * %-EBUSY	- some of the range is System RAM
 * * %-ENXIO	- some of the range is not RAM, or not reserved
 */
int pmem_check_reserved(const struct pmem_range *range,
			struct pmem_message *message)
{
	u64 start = range->start >> 20, size = range->size >> 20;
	u64 last = range->start + range->size - 1;

	if (region_intersects(range->start, range->size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		snprintf(message->text, sizeof(message->text),
			 "[mem %#llx-%#llx]: in use by the kernel as System RAM; boot with memmap=%lluM$%lluM or choose reserved memory",
			 range->start, last, size, start);
		return -EBUSY;
	}

	if (!pmem_e820_is(PMEM_E820_FIRMWARE, range, E820_TYPE_RAM)) {
		snprintf(message->text, sizeof(message->text),
			 "[mem %#llx-%#llx]: not all of it is RAM; choose memory that is usable in the BIOS-e820 lines of the boot log and reserved by memmap=",
			 range->start, last);
		return -ENXIO;
	}

	if (!pmem_e820_is(PMEM_E820_KERNEL, range, E820_TYPE_RESERVED)) {
		snprintf(message->text, sizeof(message->text),
			 "[mem %#llx-%#llx]: not all of it is reserved; boot with memmap=%lluM$%lluM or choose reserved memory",
			 range->start, last, size, start);
		return -ENXIO;
	}

	return 0;
}

/* The lower of the CPU's physical address limit and that of the kernel mapping. */
static u64 pmem_limit(void)
{
	struct range range = mhp_get_pluggable_range(true);

	return min(BIT_ULL(boot_cpu_data.x86_phys_bits), range.end + 1);
}

struct pmem_auto {
	struct pmem_layout *layout;
	struct pmem_message *message;
};

static int pmem_add_range(const struct pmem_range *range, void *data)
{
	const struct pmem_auto *found = (const struct pmem_auto *)data;
	const struct pmem_share added = {
		.range		= *range,
		.count		= found->layout->auto_count,
		.dev_dax	= found->layout->auto_dev_dax,
	};

	return pmem_layout_add(found->layout, &added, found->message);
}

/* For ranges=auto. */
static int pmem_find_ranges(struct pmem_layout *layout,
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

/**
 * pmem_check_memory - find the ranges of auto, and check the memory of all ranges
 * @layout: as parsed; with auto_count, this function adds the ranges
 * @mode: how to use the memory
 *
 * Context: May sleep. Takes the resource lock.
 * Return: 0, or the errno of a reason that is logged:
 * * %-EINVAL	- the ranges overlap, are too many or too small, or end too high, or
 *		  device DAX is to be read-only
 * * %-EBUSY	- some of the memory is System RAM
 * * %-ENXIO	- some of it is not RAM, or not reserved, or auto finds none
 */
int pmem_check_memory(struct pmem_layout *layout, const struct pmem_mode *mode)
{
	struct pmem_message message;
	unsigned int i;
	int err = 0;

	if (layout->auto_count)
		err = pmem_find_ranges(layout, &message);
	if (!err)
		err = pmem_layout_check(layout, pmem_limit(), mode, &message);
	for (i = 0; i < layout->nr && !err; i++)
		err = pmem_check_reserved(&layout->shares[i].range, &message);
	if (err)
		pr_err("%s\n", message.text);
	return err;
}
