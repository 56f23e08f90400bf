// SPDX-License-Identifier: GPL-2.0
/*
 * The files that add and remove devices while others are in use; see
 * Documentation/ABI/testing/sysfs-class-pmem-control.
 */
#include <linux/device/class.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pmem.h"

/* How devices use their memory if nothing else is written. */
static struct pmem_mode pmem_control_mode;

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

static ssize_t add_store(const struct class *class,
			 const struct class_attribute *attr, const char *buf,
			 size_t len)
{
	struct pmem_layout layout;
	struct pmem_mode mode;
	char *text;
	int err;

	text = kstrndup(buf, len, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	err = pmem_read_request(strim(text), &layout, &mode);
	kfree(text);
	if (!err)
		err = pmem_add_devices(&layout, &mode, -1);
	return err ?: (ssize_t)len;
}
static CLASS_ATTR_WO(add);

static ssize_t remove_store(const struct class *class,
			    const struct class_attribute *attr,
			    const char *buf, size_t len)
{
	char *name;
	int err;

	name = kstrndup(buf, len, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	err = pmem_remove_device(strim(name));
	kfree(name);
	return err ?: (ssize_t)len;
}
static CLASS_ATTR_WO(remove);

static struct attribute *pmem_control_attrs[] = {
	&class_attr_add.attr,
	&class_attr_remove.attr,
	NULL,
};
ATTRIBUTE_GROUPS(pmem_control);

static const struct class pmem_control_class = {
	.name		= "pmem-control",
	.class_groups	= pmem_control_groups,
};

static bool pmem_has_control;

/**
 * pmem_add_control - create the files in /sys/class/pmem-control
 * @mode: how added devices use their memory, except that none is formatted unasked
 *
 * Without memory for them, devices can be used, but not added or removed. This is
 * logged.
 *
 * Context: May sleep.
 */
void pmem_add_control(const struct pmem_mode *mode)
{
	int err;

	pmem_control_mode = *mode;
	pmem_control_mode.format = false;
	err = class_register(&pmem_control_class);
	if (err)
		pr_err("cannot create /sys/class/pmem-control: error %d; to add or remove devices, load the driver again\n",
		       err);
	pmem_has_control = !err;
}

/**
 * pmem_del_control - undo pmem_add_control()
 *
 * Context: May sleep. Waits for running writes to the files.
 */
void pmem_del_control(void)
{
	if (pmem_has_control)
		class_unregister(&pmem_control_class);
}
