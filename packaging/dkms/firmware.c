// SPDX-License-Identifier: GPL-2.0
/*
 * The memory map of firmware, from sysfs.
 *
 * Since 6.19, the kernel exports e820__mapped_raw_any() to KVM only, and the series
 * names this module, too. A kernel without the series has the same map, with what kexec
 * has to know added, in /sys/firmware/memmap/N/{start,end,type}.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/e820/api.h>

#include "pmem.h"

#define PMEM_FIRMWARE_MAP	"/sys/firmware/memmap"

struct pmem_firmware_entry {
	u64 start, end;
	enum e820_type type;
};

static struct pmem_firmware_entry *pmem_firmware_map;
static unsigned int pmem_firmware_entries;

/* Read attribute @name of entry @nr as a line without its end. */
static int pmem_firmware_line(unsigned int nr, const char *name, char *line,
			      size_t size)
{
	char path[sizeof(PMEM_FIRMWARE_MAP) + 24];
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	snprintf(path, sizeof(path), PMEM_FIRMWARE_MAP "/%u/%s", nr, name);
	file = filp_open(path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (file_inode(file)->i_sb->s_magic == SYSFS_MAGIC)
		len = kernel_read(file, line, size - 1, &pos);
	else
		len = -ENODEV;
	filp_close(file, NULL);
	if (len < 0)
		return len;
	line[len] = '\0';
	strim(line);
	return 0;
}

static int pmem_firmware_number(unsigned int nr, const char *name, u64 *number)
{
	char line[32];
	int err;

	err = pmem_firmware_line(nr, name, line, sizeof(line));
	return err ? err : kstrtou64(line, 0, number);
}

static int pmem_read_entry(unsigned int nr, struct pmem_firmware_entry *entry)
{
	char type[32];
	int err;

	err = pmem_firmware_number(nr, "start", &entry->start);
	if (!err)
		err = pmem_firmware_number(nr, "end", &entry->end);
	if (!err)
		err = pmem_firmware_line(nr, "type", type, sizeof(type));
	if (err)
		return err;
	entry->end++;
	/* the driver asks for all RAM only */
	entry->type = strcmp(type, "System RAM") ? E820_TYPE_RESERVED :
						   E820_TYPE_RAM;
	return 0;
}

/**
 * pmem_firmware_has - whether a type of memory occurs in a range of the firmware's map
 * @start: physical address
 * @end: physical address, exclusive
 * @type: type of memory
 *
 * As e820__mapped_raw_any().
 *
 * Context: Any, after pmem_read_firmware_map().
 * Return: true if it occurs
 */
bool pmem_firmware_has(u64 start, u64 end, enum e820_type type)
{
	unsigned int i;

	for (i = 0; i < pmem_firmware_entries; i++) {
		const struct pmem_firmware_entry *entry = &pmem_firmware_map[i];

		if (entry->type == type && entry->start < end &&
		    entry->end > start)
			return true;
	}
	return false;
}

/**
 * pmem_free_firmware_map - free what pmem_read_firmware_map() has allocated
 *
 * Context: May sleep.
 */
void pmem_free_firmware_map(void)
{
	kfree(pmem_firmware_map);
	pmem_firmware_map = NULL;
	pmem_firmware_entries = 0;
}

/**
 * pmem_read_firmware_map - read the memory map of firmware from sysfs
 *
 * Context: May sleep. Once, in a process that sees sysfs at /sys.
 * Return: 0, or the errno of a reason that is logged:
 * * %-ENXIO	- sysfs is not mounted, or the kernel has no CONFIG_FIRMWARE_MEMMAP
 * * %-ENODEV	- another filesystem is mounted there
 * * %-ENOMEM	- out of memory
 * * other	- an entry cannot be read
 */
int pmem_read_firmware_map(void)
{
	struct pmem_firmware_entry entry, *map;
	unsigned int nr;
	int err;

	/* memory that was unplugged leaves gaps in the numbers */
	for (nr = 0; nr < E820_MAX_ENTRIES; nr++) {
		err = pmem_read_entry(nr, &entry);
		if (err == -ENOENT)
			continue;
		if (err)
			goto fail;
		map = (struct pmem_firmware_entry *)
			krealloc_array(pmem_firmware_map,
				       pmem_firmware_entries + 1,
				       sizeof(*map), GFP_KERNEL);
		if (!map) {
			err = -ENOMEM;
			goto fail;
		}
		map[pmem_firmware_entries++] = entry;
		pmem_firmware_map = map;
	}
	if (pmem_firmware_entries)
		return 0;
	/* modprobe would take ENOENT for a symbol that is missing */
	err = -ENXIO;
fail:
	pr_err(PMEM_FIRMWARE_MAP ": cannot be read (%d); mount sysfs at /sys, and use a kernel with CONFIG_FIRMWARE_MEMMAP=y\n",
	       err);
	pmem_free_firmware_map();
	return err;
}
