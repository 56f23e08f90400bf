// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's attributes of a disk; see Documentation/ABI/testing/sysfs-block-pmem.
 */
#include <linux/dax.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "pmem.h"

static struct pmem_device *pmem_of(struct device *dev)
{
	return (struct pmem_device *)dev_to_disk(dev)->private_data;
}

static ssize_t start_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%#llx\n", pmem_of(dev)->range.start);
}
static DEVICE_ATTR_ADMIN_RO(start);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", pmem_of(dev)->range.size);
}
static DEVICE_ATTR_ADMIN_RO(size);

static ssize_t data_start_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", pmem_of(dev)->data.start);
}
static DEVICE_ATTR_ADMIN_RO(data_start);

static ssize_t map_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  pmem_of(dev)->mode.map == PMEM_MAP_DEV ? "dev" : "mem");
}
static DEVICE_ATTR_RO(map);

static ssize_t ramdisk_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", pmem_of(dev)->mode.ramdisk);
}
static DEVICE_ATTR_RO(ramdisk);

static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%pUb\n", &pmem_of(dev)->uuid);
}
static DEVICE_ATTR_RO(uuid);

/* Not in the group pmem: systemd's udev rules look for uuid in the disk's directory. */
static struct attribute *pmem_disk_attributes[] = {
	&dev_attr_uuid.attr,
	NULL,
};

static const struct attribute_group pmem_disk_group = {
	.attrs	= pmem_disk_attributes,
};

static struct attribute *pmem_attributes[] = {
	&dev_attr_start.attr,
	&dev_attr_size.attr,
	&dev_attr_data_start.attr,
	&dev_attr_map.attr,
	&dev_attr_ramdisk.attr,
	NULL,
};

static const struct attribute_group pmem_group = {
	.name	= "pmem",
	.attrs	= pmem_attributes,
};

static ssize_t write_cache_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  dax_write_cache_enabled(pmem_of(dev)->dax));
}

static ssize_t write_cache_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t len)
{
	unsigned int enabled;
	int err;

	err = kstrtouint(buf, 0, &enabled);
	if (err)
		return err;
	if (enabled > 1)
		return -EINVAL;
	/* write() leaves data in the caches, which fsync() does not know */
	if (enabled && pmem_of(dev)->mode.ramdisk)
		return -EOPNOTSUPP;

	dax_write_cache(pmem_of(dev)->dax, enabled);
	return len;
}
static DEVICE_ATTR_RW(write_cache);

static struct attribute *pmem_dax_attributes[] = {
	&dev_attr_write_cache.attr,
	NULL,
};

/* The group has the same name in drivers/nvdimm. */
static const struct attribute_group pmem_dax_group = {
	.name	= "dax",
	.attrs	= pmem_dax_attributes,
};

/* For pmem_add_disk(). */
const struct attribute_group *pmem_attribute_groups[] = {
	&pmem_disk_group,
	&pmem_group,
	&pmem_dax_group,
	NULL,
};
