// SPDX-License-Identifier: GPL-2.0
/*
 * The list of devices, and the lookup of a device by physical address.
 */
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/numa.h>
#include <linux/platform_device.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "pmem.h"

LIST_HEAD(pmem_devices);

/* Protects pmem_devices. */
DEFINE_MUTEX(pmem_devices_mutex);

/*
 * A UUID of version 8 (RFC 9562, section 5.8) from start and size: a map=mem device
 * has no place for a random one. A hash, because addresses are for root only.
 */
static void pmem_name_range(uuid_t *uuid, const struct pmem_range *range)
{
	const siphash_key_t keys[] = {
		{ .key = { 0x706d656d00000001ULL, 0x7374617274000000ULL } },
		{ .key = { 0x706d656d00000002ULL, 0x73697a6500000000ULL } },
	};
	u64 hash[] = {
		siphash_2u64(range->start, range->size, &keys[0]),
		siphash_2u64(range->start, range->size, &keys[1]),
	};

	BUILD_BUG_ON(sizeof(hash) != sizeof(*uuid));
	memcpy(uuid, hash, sizeof(*uuid));
	uuid->b[6] = (uuid->b[6] & 0x0f) | 0x80;
	uuid->b[8] = (uuid->b[8] & 0x3f) | 0x80;
}

/**
 * pmem_alloc_device - allocate a device
 * @range: its memory
 * @mode: how to use the memory
 *
 * Sets the ranges, the mode and the node, and the UUID of a map=mem device.
 *
 * Context: May sleep.
 * Return: the device, which is on no list, or NULL if memory is short
 */
struct pmem_device *pmem_alloc_device(const struct pmem_range *range,
				      const struct pmem_mode *mode)
{
	int node = numa_map_to_online_node(phys_to_target_node(range->start));
	u64 offset = pmem_data_offset(range->size, mode->map);
	struct pmem_device *pmem;
	void *memory;

	memory = kzalloc_node(sizeof(*pmem), GFP_KERNEL, node);
	if (!memory)
		return NULL;

	pmem = (struct pmem_device *)memory;
	pmem->range = *range;
	pmem->data.start = range->start + offset;
	pmem->data.size = range->size - offset;
	pmem->mode = *mode;
	pmem_name_range(&pmem->uuid, range);
	pmem->node = node;
	return pmem;
}

/**
 * pmem_add_parent - register the parent of the disk, which has the file numa_node
 * @pmem: its number is allocated
 *
 * Or the parent of a region of the dax bus, which a driver binds to.
 *
 * Context: May sleep.
 * Return: 0, or a negative errno of platform_device_add()
 */
int pmem_add_parent(struct pmem_device *pmem)
{
	struct platform_device *parent;
	int err;

	parent = platform_device_alloc(pmem->mode.dev_dax ? PMEM_DAX_NAME :
				       KBUILD_MODNAME, pmem->id);
	if (!parent)
		return -ENOMEM;
	set_dev_node(&parent->dev, pmem->node);
	err = platform_device_add_data(parent, &pmem, sizeof(pmem));
	if (!err)
		err = platform_device_add(parent);
	if (err) {
		platform_device_put(parent);
		/* it ignores a lack of memory for the name, and then returns this */
		return err == -EINVAL ? -ENOMEM : err;
	}
	pmem->parent = &parent->dev;
	return 0;
}

/**
 * pmem_del_parent - undo pmem_add_parent()
 * @pmem: its disk is deleted, or its devices on the dax bus are closed
 *
 * Context: May sleep.
 */
void pmem_del_parent(struct pmem_device *pmem)
{
	platform_device_unregister(to_platform_device(pmem->parent));
	pmem->parent = NULL;
}

/**
 * pmem_find - find the device whose disk holds an address
 * @address: physical address in bytes
 *
 * Context: May sleep. The caller holds pmem_devices_mutex while it uses the device.
 * Return: the device, or NULL if no disk holds @address
 */
struct pmem_device *pmem_find(u64 address)
{
	struct pmem_device *pmem;

	lockdep_assert_held(&pmem_devices_mutex);
	list_for_each_entry(pmem, &pmem_devices, list) {
		const struct pmem_range *data = &pmem->data;

		if (!pmem->mode.dev_dax &&
		    address >= data->start && address - data->start < data->size)
			return pmem;
	}
	return NULL;
}
