// SPDX-License-Identifier: GPL-2.0
/*
 * Parse the module parameters into a checked list of device ranges.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "layout.h"

/* The most characters of a value that an error message quotes: %.48s. */
#define PMEM_QUOTE	48

static __printf(2, 3)
int pmem_error(struct pmem_message *message, const char *format, ...)
{
	va_list args;
	char *at;

	va_start(args, format);
	vsnprintf(message->text, sizeof(message->text), format, args);
	va_end(args);

	/* a value can have line breaks in it; the message is one line */
	for (at = message->text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			*at = '?';
	return -EINVAL;
}

/*
 * Decimal digits and at most one of @units, two letters for each power of 1024; else
 * shift by @shift. 0 if @text is anything else or the number is too large. memparse()
 * also takes octal and hexadecimal numbers, P and E, and wraps silently.
 */
static u64 pmem_parse_number(const char *text, const char *units, int shift)
{
	const char *unit;
	u64 value = 0;

	while (*text >= '0' && *text <= '9') {
		value = value * 10 + *text++ - '0';
		if (value > PMEM_MAX_ADDRESS)
			return 0;
	}
	if (*text) {
		unit = strchr(units, *text++);
		if (!unit || *text)
			return 0;
		shift = 10 + (int)(unit - units) / 2 * 10;
	}
	return value > PMEM_MAX_ADDRESS >> shift ? 0 : value << shift;
}

static int pmem_parse_address(const char *name, const char *text, u64 *bytes,
			      struct pmem_message *message)
{
	u64 low;

	*bytes = pmem_parse_number(text, "KkMmGgTt", 30);
	if (*bytes < PMEM_ALIGN)
		return pmem_error(message,
				  "%s=%.48s: expected a number of GiB, or one with K, M, G or T, from 2M to 4096T",
				  name, text);
	low = round_down(*bytes, PMEM_ALIGN);
	if (low < *bytes)
		return pmem_error(message,
				  "%s=%.48s: must be a multiple of 2 MiB; use %lluM or %lluM",
				  name, text, low >> 20, (low + PMEM_ALIGN) >> 20);
	return 0;
}

/* Without @start, @size must be "auto", and only the count is set. */
static int pmem_parse_share(struct pmem_share *share, const char *start,
			    const char *size, const char *count,
			    struct pmem_message *message)
{
	u64 devices = pmem_parse_number(count, "", 0), units;

	if (!start && strcmp(size, "auto"))
		return pmem_error(message,
				  "expected SIZE@START[/COUNT][:dax] or auto[/COUNT][:dax], such as 32G@32G/4");
	if (!devices || devices > PMEM_MAX_DEVICES)
		return pmem_error(message, "count=%.48s: expected a number from 1 to %d",
				  count, PMEM_MAX_DEVICES);
	share->count = (unsigned int)devices;
	if (!start)
		return 0;
	if (pmem_parse_address("start", start, &share->range.start, message) ||
	    pmem_parse_address("size", size, &share->range.size, message))
		return -EINVAL;

	units = share->range.size / PMEM_ALIGN;
	while (units % devices)
		devices--;
	if (devices < share->count)
		return pmem_error(message,
				  "count=%u: must divide the size into multiples of 2 MiB; use %llu",
				  share->count, devices);
	return 0;
}

/* @type is what is after the colon, NULL without one. */
static int pmem_parse_type(const char *type, bool *dev_dax,
			   struct pmem_message *message)
{
	*dev_dax = !!type;
	if (!type)
		return 0;
	if (strcmp(type, "dax"))
		return pmem_error(message,
				  "expected :dax at the end, or no colon for disks");
	if (!IS_ENABLED(CONFIG_BLK_DEV_PMEM_DEV_DAX))
		return pmem_error(message,
				  "this driver was built without device DAX; build it with CONFIG_DEV_DAX, or remove :dax for disks");
	return 0;
}

/**
 * pmem_parse_map - parse the place of struct pages
 * @text: "mem", "dev" or "dev,format"
 * @mode: its ro is set; map and format are the result
 * @message: the error message; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL if @text is none of them, or would format a read-only device
 */
int pmem_parse_map(const char *text, struct pmem_mode *mode, struct pmem_message *message)
{
	mode->format = !strcmp(text, "dev,format");
	mode->map = mode->format || !strcmp(text, "dev") ? PMEM_MAP_DEV : PMEM_MAP_MEM;
	if (mode->map == PMEM_MAP_MEM && strcmp(text, "mem"))
		return pmem_error(message, "map=%.48s: expected mem, dev or dev,format", text);
	if (mode->format && mode->ro)
		return pmem_error(message, "map=dev,format writes, but ro=1 does not; use map=dev");
	return 0;
}

/**
 * pmem_layout_parse - parse the parameters of a single range
 * @layout: the result; undefined on error
 * @start: first address: decimal digits and at most one of K, M, G and T, in upper
 *         or lower case, for KiB to TiB; without a letter the unit is GiB
 * @size: size of the range, in the same form
 * @count: number of devices
 * @message: the error message; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL if a parameter has the wrong form or is out of its limits,
 *         @start or @size is not a multiple of %PMEM_ALIGN, or @count does not divide
 *         @size into such multiples
 */
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_message *message)
{
	layout->nr = 1;
	layout->auto_count = 0;
	layout->auto_dev_dax = false;
	layout->shares[0].dev_dax = false;
	return pmem_parse_share(layout->shares, start, size, count, message);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_parse);

/**
 * pmem_layout_parse_ranges - parse the parameter for several ranges
 * @layout: the result; undefined on error
 * @ranges: SIZE@START[/COUNT][:dax][,...], with the parts as for pmem_layout_parse(),
 *          or auto[/COUNT][:dax], which leaves the ranges to pmem_layout_add()
 * @message: the error message; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL as from pmem_layout_parse() and pmem_layout_add(), if
 *         @ranges has a different form, or for :dax in a kernel without device DAX
 */
int pmem_layout_parse_ranges(struct pmem_layout *layout, const char *ranges,
			     struct pmem_message *message)
{
	char item[PMEM_QUOTE + 1], *start, *count, *type;
	const char *at = ranges, *size;
	struct pmem_message problem;
	struct pmem_share share;
	int len;

	layout->nr = 0;
	layout->auto_count = 0;
	layout->auto_dev_dax = false;
	for (;; at += len + 1) {
		/* a longer item is no range, or has zeroes in front */
		len = (int)strcspn(at, ",");
		if (snprintf(item, sizeof(item), "%.*s", len, at) > PMEM_QUOTE)
			*item = '\0';
		type = item;
		count = strsep(&type, ":");
		start = strsep(&count, "/");
		size = strsep(&start, "@");
		if (pmem_parse_share(&share, start, size, count ? count : "1",
				     &problem) ||
		    pmem_parse_type(type, &share.dev_dax, &problem))
			return pmem_error(message, "ranges=%.*s: %s",
					  min(len, PMEM_QUOTE), at, problem.text);

		if (!start && (at > ranges || at[len]))
			return pmem_error(message,
					  "ranges=%.48s: auto must be alone; remove it or the other ranges",
					  ranges);
		if (start && pmem_layout_add(layout, &share, message))
			return -EINVAL;
		if (!start) {
			layout->auto_count = share.count;
			layout->auto_dev_dax = share.dev_dax;
		}
		if (!at[len])
			return 0;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_parse_ranges);

/**
 * pmem_layout_add - append a range to a layout
 * @layout: from pmem_layout_parse_ranges()
 * @added: the memory in bytes, and from 1 to %PMEM_MAX_DEVICES devices; they start at
 *         the first multiple of %PMEM_ALIGN in it, and leave out what does not divide
 *         evenly at its end
 * @message: the error message; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL if @added has less than %PMEM_ALIGN for each device, or for
 *         more than %PMEM_MAX_RANGES ranges or %PMEM_MAX_DEVICES devices in all
 */
int pmem_layout_add(struct pmem_layout *layout, const struct pmem_share *added,
		    struct pmem_message *message)
{
	struct pmem_share *share = &layout->shares[layout->nr];
	u64 start = round_up(added->range.start, PMEM_ALIGN);
	u64 end = added->range.start + added->range.size, each;

	each = end < start ? 0 : round_down((end - start) / added->count, PMEM_ALIGN);
	if (!each)
		return pmem_error(message,
				  "[mem %#llx-%#llx]: less than 2 MiB for each of %u devices; reserve more, or use a smaller count",
				  added->range.start, end - 1, added->count);
	if (layout->nr == PMEM_MAX_RANGES ||
	    pmem_layout_count(layout) + added->count > PMEM_MAX_DEVICES)
		return pmem_error(message,
				  "%lluM@%lluM: expected at most %d ranges and %d devices in all; use fewer ranges or smaller counts",
				  added->range.size >> 20, start >> 20,
				  PMEM_MAX_RANGES, PMEM_MAX_DEVICES);

	*share = *added;
	share->range.start = start;
	share->range.size = each * added->count;
	layout->nr++;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_add);

/**
 * pmem_layout_check - check a layout against the machine and the mode
 * @layout: the ranges, which pmem_check_reserved() checks further
 * @limit: the first physical address in bytes that the machine does not have
 * @mode: how to use the memory
 * @message: the error message; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL if a range ends above @limit, two overlap, the struct pages
 *         of a device leave no space for data, or device DAX is to be read-only
 */
int pmem_layout_check(const struct pmem_layout *layout, u64 limit,
		      const struct pmem_mode *mode, struct pmem_message *message)
{
	const struct pmem_share *share, *other;
	u64 start, size, end, other_end;

	for (share = layout->shares; share < layout->shares + layout->nr; share++) {
		start = share->range.start;
		size = share->range.size;
		end = start + size;
		if (end > limit)
			return pmem_error(message,
					  "%lluM@%lluM: ends above %lluG, the physical address limit of this machine; use a smaller start or size",
					  size >> 20, start >> 20, limit >> 30);
		for (other = layout->shares; other < share; other++) {
			other_end = other->range.start + other->range.size;
			if (start < other_end && other->range.start < end)
				return pmem_error(message,
						  "%lluM@%lluM: overlaps %lluM@%lluM; start it at %lluM or remove it",
						  size >> 20, start >> 20,
						  other->range.size >> 20,
						  other->range.start >> 20, other_end >> 20);
		}
		size /= share->count;
		if (share->dev_dax && mode->ro)
			return pmem_error(message,
					  "%lluM@%lluM:dax: device DAX cannot be read-only; load without ro=1, or remove :dax for disks",
					  share->range.size >> 20, start >> 20);
		if (pmem_data_offset(size, mode->map) >= size)
			return pmem_error(message,
					  "map=dev: no space for data in a device of %lluM; use at least 6M for each device, or map=mem",
					  size >> 20);
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_check);

/**
 * pmem_data_offset - get the offset of the first sector in a device's range
 * @size: size of the range in bytes, a multiple of %PMEM_ALIGN
 * @map: where struct pages are
 *
 * With %PMEM_MAP_DEV the range starts with %PMEM_ALIGN for the info block, then come
 * the struct pages. The same arguments give the same offset at each load.
 *
 * Context: Any.
 * Return: the offset in bytes, a multiple of %PMEM_ALIGN
 */
u64 pmem_data_offset(u64 size, enum pmem_map_mode map)
{
	u64 struct_pages = size / PMEM_PAGE_SIZE * PMEM_STRUCT_PAGE_SIZE;

	if (map == PMEM_MAP_MEM)
		return 0;
	return PMEM_ALIGN + round_up(struct_pages, PMEM_ALIGN);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_data_offset);
