// SPDX-License-Identifier: GPL-2.0
/*
 * Device DAX: a range becomes a region of the dax bus with the device /dev/daxN.0
 * instead of a disk. Programs map it whole, in pages of 1 GiB if its start and size
 * allow, and daxctl can give the memory to the kernel as RAM.
 *
 * A driver of the dax bus claims and maps the memory when it binds to a device: first
 * device_dax, for /dev/daxN.M. Users may also divide a region into several devices. They
 * are children of a platform device, which is bound to the driver pmem_dax below, because
 * the bus wants the parent of a region to have a driver. They go away with it.
 *
 * Unloading a module cannot be refused for a page that is pinned, and a kmem device with
 * online memory never comes back once it is unbound. So each region holds a reference
 * to the module, and has to be removed first, which is refused while it is in use.
 */
#include <linux/cpufeature.h>
#include <linux/delay.h>
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/platform_device.h>

#include "../../dax/bus.h"
#include "../../dax/dax-private.h"
#include "pmem.h"

/* Struct pages of device DAX that nobody uses have this reference count. */
#define PMEM_DEV_DAX_IDLE	1

/* How long to wait, in steps of 20 ms, for a driver that is being bound or unbound. */
#define PMEM_DEV_DAX_STEPS	50

/* The largest page that can map all of the range. */
static unsigned int pmem_dax_align(const struct pmem_range *range)
{
	if (IS_ALIGNED(range->start | range->size, PUD_SIZE) &&
	    boot_cpu_has(X86_FEATURE_GBPAGES) && dax_align_valid(PUD_SIZE))
		return PUD_SIZE;
	return dax_align_valid(PMD_SIZE) ? PMD_SIZE : PAGE_SIZE;
}

/*
 * The node that the memory belongs to as RAM, which may be offline until then. kmem wants
 * one. Memory above all RAM has none where firmware describes no nodes.
 */
static int pmem_target_node(const struct pmem_device *pmem)
{
	int node = phys_to_target_node(pmem->data.start);

	if (node == NUMA_NO_NODE && num_online_nodes() == 1)
		return first_online_node;
	return node;
}

/* With map=dev the region is static: struct pages are laid out for all of it. */
static int pmem_add_region(struct pmem_device *pmem, struct device *parent)
{
	bool divisible = pmem->mode.map == PMEM_MAP_MEM;
	struct range range = {
		.start	= pmem->data.start,
		.end	= pmem->data.start + pmem->data.size - 1,
	};
	struct dev_dax_data data = {
		.pgmap	= divisible ? NULL : &pmem->pgmap,
		.size	= pmem->data.size,
		.id	= divisible ? -1 : 0,
	};
	int err;

	pmem->page_size = pmem_dax_align(&pmem->data);
	data.dax_region = alloc_dax_region(parent, pmem->id, &range,
					   pmem_target_node(pmem),
					   pmem->page_size,
					   divisible ? 0 : IORESOURCE_DAX_STATIC);
	if (!data.dax_region)
		return -ENOMEM;
	err = PTR_ERR_OR_ZERO(devm_create_dev_dax(&data));
	/* the dax core ignores a lack of memory for the name, and then returns this */
	return err == -EINVAL ? -ENOMEM : err;
}

static int pmem_dax_probe(struct platform_device *parent)
{
	struct pmem_device *pmem =
		*(struct pmem_device **)dev_get_platdata(&parent->dev);

	pmem->error = pmem_add_region(pmem, &parent->dev);
	return pmem->error;
}

static struct platform_driver pmem_dax_driver = {
	.probe	= pmem_dax_probe,
	.driver	= {
		.name			= PMEM_DAX_NAME,
		/* the driver core could not refuse to unbind a device in use */
		.suppress_bind_attrs	= true,
		.probe_type		= PROBE_FORCE_SYNCHRONOUS,
	},
};

/**
 * pmem_init_dev_dax - register the driver of the parents of regions
 *
 * Context: May sleep.
 * Return: 0, or a negative errno of platform_driver_register()
 */
int pmem_init_dev_dax(void)
{
	return platform_driver_register(&pmem_dax_driver);
}

/**
 * pmem_exit_dev_dax - undo pmem_init_dev_dax()
 *
 * Context: May sleep. There is no region.
 */
void pmem_exit_dev_dax(void)
{
	platform_driver_unregister(&pmem_dax_driver);
}

/**
 * pmem_add_dev_dax - make a region of the dax bus with one device for all of it
 * @pmem: its memory is claimed
 *
 * Context: May sleep. Binds a driver to the device if there is one.
 * Return: 0, or
 * * %-ENODEV	- the module is being unloaded
 * * %-ENOMEM	- memory is short
 * * another errno of platform_device_add() or devm_create_dev_dax()
 */
int pmem_add_dev_dax(struct pmem_device *pmem)
{
	int err;

	/* the driver core returns no error of binding the parent; this is its own */
	pmem->error = -ENOMEM;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	err = pmem_add_parent(pmem);
	if (!err && pmem->error) {
		pmem_del_parent(pmem);
		err = pmem->error;
	}
	if (err)
		module_put(THIS_MODULE);
	return err;
}

/*
 * Whether a driver other than device_dax has the memory of a device, above all kmem,
 * which gives it to the kernel as RAM. The caller holds the lock of @dev.
 */
static bool pmem_is_lent(const struct device *dev)
{
	return dev->driver &&
	       container_of(dev->driver, struct dax_device_driver, drv)->type !=
	       DAXDRV_DEVICE_TYPE;
}

/* Without a driver, a device is not alive, and nobody can map it. */
static bool pmem_dax_is_alive(const struct dev_dax *dev_dax)
{
	return dev_dax->dev.driver && !pmem_is_lent(&dev_dax->dev);
}

/*
 * An error of @visit ends the walk. It is called with the lock of the device. device_dax
 * holds this lock while it waits for pinned pages, so it is not waited for: @locked
 * stands for the result of @visit then.
 */
struct pmem_dax_walk {
	int (*visit)(struct dev_dax *dev_dax, void *data);
	void *data;
	int locked;
};

static int pmem_dax_step(struct device *dev, void *data)
{
	const struct pmem_dax_walk *walk = (const struct pmem_dax_walk *)data;
	int steps = PMEM_DEV_DAX_STEPS;
	int err;

	while (!device_trylock(dev)) {
		if (!steps--)
			return walk->locked;
		msleep(20);
	}
	err = walk->visit(to_dev_dax(dev), walk->data);
	device_unlock(dev);
	return err;
}

/* For each device in the region of @pmem. */
static int pmem_dax_walk(struct pmem_device *pmem,
			 int (*visit)(struct dev_dax *dev_dax, void *data),
			 void *data, int locked)
{
	struct pmem_dax_walk walk = {
		.visit	= visit,
		.data	= data,
		.locked	= locked,
	};

	/* it could not be added */
	if (!pmem->parent)
		return 0;
	return device_for_each_child(pmem->parent, &walk, pmem_dax_step);
}

static bool pmem_dax_is_mapped(const struct dev_dax *dev_dax)
{
	return mapping_mapped(dax_inode(dev_dax->dax_dev)->i_mapping);
}

static int pmem_dax_close(struct dev_dax *dev_dax, void *data)
{
	const char *name = dev_name(&dev_dax->dev);

	if (pmem_is_lent(&dev_dax->dev)) {
		pr_err("remove: %s belongs to the driver %s; give it back with daxctl reconfigure-device --force --mode=devdax %s\n",
		       name, dev_dax->dev.driver->name, name);
		return -EBUSY;
	}
	if (!pmem_dax_is_alive(dev_dax))
		return 0;
	/*
	 * kill_dax() makes faults fail, so look for a mapping before it. A program
	 * that maps the device right now may get SIGBUS.
	 */
	if (!pmem_dax_is_mapped(dev_dax))
		kill_dax(dev_dax->dax_dev);
	if (pmem_dax_is_mapped(dev_dax)) {
		pr_err("remove: %s is mapped; end the programs that map it\n", name);
		return -EBUSY;
	}
	return 0;
}

static int pmem_dax_reopen(struct dev_dax *dev_dax, void *data)
{
	if (pmem_dax_is_alive(dev_dax))
		run_dax(dev_dax->dax_dev);
	return 0;
}

/* Whether some of the memory has an entry in /proc/iomem with these flags. */
static bool pmem_has_entry(const struct pmem_device *pmem, unsigned long flags)
{
	return region_intersects(pmem->data.start, pmem->data.size, flags,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

/* Whether the kernel has some of the memory as RAM. */
static bool pmem_is_ram(const struct pmem_device *pmem)
{
	return pmem_has_entry(pmem, IORESOURCE_SYSTEM_RAM);
}

/**
 * pmem_close_dev_dax - make open() and mmap() of the devices fail, if nobody uses one
 * @pmem: its region is added, or could not be
 *
 * Context: May sleep. Takes the locks of the devices.
 * Return: false if another driver has a device, a driver is being bound or unbound, a
 *         program maps it, or it is RAM; this is logged
 */
bool pmem_close_dev_dax(struct pmem_device *pmem)
{
	int err = pmem_dax_walk(pmem, pmem_dax_close, NULL, -EAGAIN);
	bool closed = !err;

	if (err == -EAGAIN)
		pr_err("remove: %s: a driver is just being bound or unbound, and may wait for pinned pages; try again later\n",
		       pmem->name);
	/* kmem was unbound while the memory was online */
	if (closed && pmem_is_ram(pmem)) {
		pr_err("remove: %s stays RAM until the next boot, because its driver was unbound before daxctl offline-memory\n",
		       pmem->name);
		closed = false;
	}
	if (!closed)
		pmem_reopen_dev_dax(pmem);
	return closed;
}

/**
 * pmem_reopen_dev_dax - undo pmem_close_dev_dax()
 * @pmem: its region is added, or could not be
 *
 * Context: May sleep. Takes the locks of the devices.
 */
void pmem_reopen_dev_dax(struct pmem_device *pmem)
{
	pmem_dax_walk(pmem, pmem_dax_reopen, NULL, 0);
}

struct pmem_dax_search {
	unsigned long first;
	unsigned long pinned;
};

/*
 * A large page has one reference count, that of its first struct page. The pagemap has
 * what is mapped; ranges of a device can change while it is bound.
 */
static int pmem_dax_find_pinned(struct dev_dax *dev_dax, void *data)
{
	struct pmem_dax_search *search = (struct pmem_dax_search *)data;
	const struct dev_pagemap *pgmap = dev_dax->pgmap;
	unsigned long pfn, end, step;
	int i;

	if (!pmem_dax_is_alive(dev_dax))
		return 0;
	step = 1UL << pgmap->vmemmap_shift;
	for (i = 0; i < pgmap->nr_range; i++) {
		/* with map=dev, it begins with what is not the device's */
		pfn = max(PHYS_PFN(pgmap->ranges[i].start), search->first);
		end = PHYS_PFN(pgmap->ranges[i].end + 1);
		for (; pfn < end; pfn += step) {
			if (page_ref_count(pfn_to_page(pfn)) > PMEM_DEV_DAX_IDLE) {
				search->pinned = pfn;
				return -EBUSY;
			}
			if (!(pfn % PAGES_PER_SECTION))
				cond_resched();
		}
	}
	return 0;
}

/**
 * pmem_find_pinned_dev_dax - find a page of a region that has a reference
 * @pmem: its region is added, and its devices are closed
 * @none: the result if there is none
 *
 * Context: May sleep. Takes the locks of the devices.
 * Return: the pfn of the first such page
 */
unsigned long pmem_find_pinned_dev_dax(struct pmem_device *pmem,
				       unsigned long none)
{
	struct pmem_dax_search search = {
		.first	= PHYS_PFN(pmem->data.start),
		.pinned	= none,
	};

	/* what is locked is not closed, as pmem_del_dev_dax() will find */
	pmem_dax_walk(pmem, pmem_dax_find_pinned, &search, 0);
	return search.pinned;
}

static int pmem_dax_is_closed(struct dev_dax *dev_dax, void *data)
{
	int id = dax_read_lock();
	bool alive = dax_alive(dev_dax->dax_dev);

	dax_read_unlock(id);
	return alive || pmem_is_lent(&dev_dax->dev) ? -EBUSY : 0;
}

/**
 * pmem_del_dev_dax - undo pmem_add_dev_dax()
 * @pmem: its region is closed
 *
 * A driver that was bound to a device after it was closed has opened it again.
 *
 * Context: May sleep. Takes the locks of the devices.
 * Return: 0, or %-EBUSY if a driver has, or just had, some of the memory, or left it
 *         claimed; this is logged
 */
int pmem_del_dev_dax(struct pmem_device *pmem)
{
	if (pmem_dax_walk(pmem, pmem_dax_is_closed, NULL, -EBUSY)) {
		pr_err("remove: %s: somebody else has changed the device meanwhile; try again\n",
		       pmem->name);
		return -EBUSY;
	}
	/* it could not be added */
	if (!pmem->parent)
		return 0;
	pmem_restore_pages(&pmem->data);
	pmem_del_parent(pmem);
	/* the module stays, and the entry in /proc/iomem: kmem bound in between */
	if (pmem_is_ram(pmem)) {
		pr_err("%s: [mem %#llx-%#llx] stays RAM until the next boot, because it became RAM during the removal\n",
		       pmem->name, pmem->range.start,
		       pmem->range.start + pmem->range.size - 1);
		return -EBUSY;
	}
	/* or device_dax was killed while it waited for a page */
	if (pmem_has_entry(pmem, IORESOURCE_BUSY)) {
		pr_err("%s: [mem %#llx-%#llx] stays claimed until the next boot, because a page is in use and the wait for it was killed\n",
		       pmem->name, pmem->range.start,
		       pmem->range.start + pmem->range.size - 1);
		return -EBUSY;
	}
	module_put(THIS_MODULE);
	return 0;
}
