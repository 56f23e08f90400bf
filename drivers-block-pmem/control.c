// SPDX-License-Identifier: GPL-2.0
/*
 * The files that add and remove devices while others are in use; see
 * Documentation/ABI/testing/sysfs-devices-pmem.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pmem.h"

/* How devices use their memory if nothing else is written. */
static struct pmem_mode pmem_control_mode;

/* A copy of what was written, which has to be one string. */
static char *pmem_control_text(const char *buf, size_t len)
{
	char *text;

	if (strlen(buf) != len) {
		pr_err("add, remove: the text has a NUL byte; write one line of text\n");
		return (char *)ERR_PTR(-EINVAL);
	}
	text = kstrndup(buf, len, GFP_KERNEL);
	return text ?: (char *)ERR_PTR(-ENOMEM);
}

/* Read "RANGES [MAP]", and log what is wrong with it. */
static int pmem_read_request(char *text, struct pmem_layout *layout,
			     struct pmem_mode *mode)
{
	char *ranges = strsep(&text, " ");
	struct pmem_message message;
	int err = 0;

	*mode = pmem_control_mode;
	if (text)
		err = pmem_parse_map(skip_spaces(text), mode, &message);
	if (!err)
		err = pmem_layout_parse_ranges(layout, ranges, &message);
	if (err)
		pr_err("%s\n", message.text);
	return err;
}

static ssize_t add_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t len)
{
	struct pmem_layout layout;
	struct pmem_mode mode;
	char *text;
	int err;

	text = pmem_control_text(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = pmem_read_request(strim(text), &layout, &mode);
	kfree(text);
	if (!err)
		err = pmem_add_devices(&layout, &mode, -1);
	return err ?: (ssize_t)len;
}
static DEVICE_ATTR_WO(add);

static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	char *name;
	int err;

	name = pmem_control_text(buf, len);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = pmem_remove_device(strim(name));
	kfree(name);
	return err ?: (ssize_t)len;
}
static DEVICE_ATTR_WO(remove);

static struct attribute *pmem_control_attributes[] = {
	&dev_attr_add.attr,
	&dev_attr_remove.attr,
	NULL,
};

static const struct attribute_group pmem_control_group = {
	.attrs	= pmem_control_attributes,
};

static struct device *pmem_control;

/**
 * pmem_add_control - create the files in /sys/devices/pmem
 * @mode: how added devices use their memory, except that none is formatted unasked
 *
 * Without memory for them, devices can be used, but not added or removed. This is
 * logged.
 *
 * Context: May sleep.
 */
void pmem_add_control(const struct pmem_mode *mode)
{
	struct device *control = root_device_register(KBUILD_MODNAME);
	int err = PTR_ERR_OR_ZERO(control);

	pmem_control_mode = *mode;
	pmem_control_mode.format = false;
	if (!err) {
		err = sysfs_create_group(&control->kobj, &pmem_control_group);
		if (err)
			root_device_unregister(control);
		else
			pmem_control = control;
	}
	if (err)
		pr_err("cannot create /sys/devices/pmem: error %d; to add or remove devices, unload the driver and load it again\n",
		       err);
}

/**
 * pmem_del_control - undo pmem_add_control()
 *
 * Context: May sleep. Waits for running writes to the files.
 */
void pmem_del_control(void)
{
	if (pmem_control)
		root_device_unregister(pmem_control);
}
