// SPDX-License-Identifier: GPL-2.0
/*
 * Whether memory has been set aside: nobody uses it, and it is memory.
 */
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <asm/e820/api.h>

#include "pmem.h"

/* What memory is: by the word of firmware, or as the kernel has it now. */
enum pmem_e820 { PMEM_E820_FIRMWARE, PMEM_E820_KERNEL };

static int pmem_e820_has(enum pmem_e820 map, u64 start, u64 end,
			 enum e820_type type)
{
	if (map == PMEM_E820_FIRMWARE)
		return e820__mapped_raw_any(start, end, type);
	return e820__mapped_any(start, end, type);
}

/*
 * Whether a memory map calls all of the range by one type. A map can only be
 * asked what it has somewhere in a range, so this looks for every other type,
 * and for the wanted one at both ends of each alignment unit. What is not seen
 * is a hole between two entries that begins and ends inside one unit.
 */
static int pmem_e820_is(enum pmem_e820 map, const struct pmem_range *range,
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
			return 0;

	for (unit = range->start; unit < end; unit += PMEM_ALIGN) {
		u64 next = unit + PMEM_ALIGN;

		if (!pmem_e820_has(map, unit, unit + PAGE_SIZE, wanted) ||
		    !pmem_e820_has(map, next - PAGE_SIZE, next, wanted))
			return 0;
	}
	return 1;
}

/**
 * pmem_check_set_aside - whether memory is there, and free
 * @range: the memory
 *
 * The memory has to be set aside: RAM by the word of firmware, and reserved in
 * the kernel's own map. System RAM is in use. What firmware reserved belongs to
 * firmware or to a device. What is on neither map is no memory.
 *
 * Context: May sleep.
 * Return: 0, or, after a line in the log,
 * * %-EBUSY	- the kernel uses some of it
 * * %-ENXIO	- some of it is not RAM, or was not set aside
 */
int pmem_check_set_aside(const struct pmem_range *range)
{
	u64 last = range->start + range->size - 1;
	char size[24], start[24];

	pmem_format_size(size, sizeof(size), range->size);
	pmem_format_size(start, sizeof(start), range->start);

	if (region_intersects(range->start, range->size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("[mem %#llx-%#llx] is RAM that the kernel uses; boot with memmap=%s$%s, or name memory that is set aside\n",
		       range->start, last, size, start);
		return -EBUSY;
	}

	if (!pmem_e820_is(PMEM_E820_FIRMWARE, range, E820_TYPE_RAM)) {
		pr_err("[mem %#llx-%#llx] is not RAM, or not all of it; name memory that the boot log calls usable under BIOS-e820 and that memmap= sets aside\n",
		       range->start, last);
		return -ENXIO;
	}

	if (!pmem_e820_is(PMEM_E820_KERNEL, range, E820_TYPE_RESERVED)) {
		pr_err("[mem %#llx-%#llx] is not set aside, or not all of it; boot with memmap=%s$%s, or name memory that is\n",
		       range->start, last, size, start);
		return -ENXIO;
	}

	return 0;
}
