// SPDX-License-Identifier: GPL-2.0
/*
 * The table of devices, and the lookup of a device by physical address.
 */
#include <linux/memory_hotplug.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "pmem.h"

/* In the order of the ranges. Written only while the module loads and unloads. */
struct pmem_device *pmem_devices;
unsigned int pmem_nr_devices;

/*
 * A UUID of version 8 (RFC 9562, section 5.8) from start and size in pages: a map=mem
 * device has no place for a random one.
 */
static void pmem_name_range(uuid_t *uuid, const struct pmem_range *range)
{
	put_unaligned_be48(PHYS_PFN(range->start), uuid->b);
	put_unaligned_be16(0x8000, uuid->b + 6);
	put_unaligned_be16(0x8000, uuid->b + 8);
	put_unaligned_be48(PHYS_PFN(range->size), uuid->b + 10);
}

/**
 * pmem_alloc_devices - make the table of devices
 * @layout: checked by pmem_layout_check()
 * @map: where struct pages are, for all devices
 * @format: whether map=dev may overwrite data
 *
 * Sets the ranges, the map mode and the node of each device, and the UUID with map=mem.
 *
 * Context: May sleep.
 * Return: 0, or %-ENOMEM if the table cannot be allocated
 */
int pmem_alloc_devices(const struct pmem_layout *layout,
		       enum pmem_map_mode map, bool format)
{
	unsigned int i, count = pmem_layout_count(layout);

	pmem_devices = (struct pmem_device *)
		kvcalloc(count, sizeof(*pmem_devices), GFP_KERNEL);
	if (!pmem_devices)
		return -ENOMEM;

	for (i = 0; i < count; i++) {
		struct pmem_device *pmem = &pmem_devices[i];
		u64 offset;

		pmem->range = pmem_layout_device(layout, i);
		offset = pmem_data_offset(pmem->range.size, map);
		pmem->data.start = pmem->range.start + offset;
		pmem->data.size = pmem->range.size - offset;
		pmem->map = map;
		pmem->format = format;
		pmem_name_range(&pmem->uuid, &pmem->range);
		pmem->node = numa_map_to_online_node(phys_to_target_node(pmem->range.start));
	}
	pmem_nr_devices = count;
	return 0;
}

/**
 * pmem_free_devices - undo pmem_alloc_devices()
 *
 * Context: May sleep. All resources of the devices are released.
 */
void pmem_free_devices(void)
{
	pmem_nr_devices = 0;
	kvfree(pmem_devices);
	pmem_devices = NULL;
}

/**
 * pmem_find - find the device whose disk holds an address
 * @address: physical address in bytes
 *
 * Context: Any. The caller makes sure that the table exists.
 * Return: the device, or NULL if no disk holds @address
 */
struct pmem_device *pmem_find(u64 address)
{
	unsigned int i;

	for (i = 0; i < pmem_nr_devices; i++) {
		const struct pmem_range *data = &pmem_devices[i].data;

		if (address >= data->start && address - data->start < data->size)
			return &pmem_devices[i];
	}
	return NULL;
}
