// SPDX-License-Identifier: GPL-2.0
/*
 * From the text that a user types to checked device ranges.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <kunit/visibility.h>
#else
#include <algorithm>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#define U64_MAX		UINT64_MAX
#define div_u64(n, d)	((n) / (d))
using std::min;
#endif

#include "layout.h"

/* How much of a user's text is repeated in an answer. */
#define PMEM_QUOTE	48

/* A piece of text: which parameter it is of, or which part of ranges=. */
struct pmem_text {
	const char *start;
	int len;
	const char *name;
	const char *item;
	int item_len;
};

static __printf(3, 4)
int pmem_complain(struct pmem_complaint *complaint, int err,
		  const char *format, ...)
{
	va_list args;
	char *at;

	va_start(args, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, args);
	va_end(args);

	/* a value can have line breaks in it; the answer is one line */
	for (at = complaint->text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == '\x7f')
			*at = '?';
	return err;
}

/* As above, of one value: "start=3M is odd", "ranges=1G@3M: start=3M is odd". */
static int pmem_complain_of(struct pmem_complaint *complaint, int err,
			    const struct pmem_text *text, const char *problem)
{
	int len = min(text->len, PMEM_QUOTE);
	int item_len = min(text->item_len, PMEM_QUOTE);

	if (text->item)
		return pmem_complain(complaint, err, "ranges=%.*s: %s=%.*s %s",
				     item_len, text->item, text->name, len,
				     text->start, problem);
	return pmem_complain(complaint, err, "%s=%.*s %s", text->name, len,
			     text->start, problem);
}

/* Decimal digits up to the first other character, which *@text is moved to. */
static int pmem_parse_digits(const char **text, const char *end, __u64 *value)
{
	const char *at = *text;

	*value = 0;
	if (at == end || *at < '0' || *at > '9')
		return -EINVAL;

	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		unsigned int digit = *at - '0';

		if (*value > div_u64(U64_MAX - digit, 10))
			return -ERANGE;
		*value = *value * 10 + digit;
	}

	*text = at;
	return 0;
}

static int pmem_parse_amount(const char *text, const char *end, __u64 *bytes)
{
	unsigned int shift = 30;
	int err;

	err = pmem_parse_digits(&text, end, bytes);
	if (err)
		return err;

	if (text < end) {
		switch (*text++) {
		case 'K': case 'k':
			shift = 10;
			break;
		case 'M': case 'm':
			shift = 20;
			break;
		case 'G': case 'g':
			break;
		case 'T': case 't':
			shift = 40;
			break;
		default:
			return -EINVAL;
		}
	}
	if (text < end)
		return -EINVAL;
	if (*bytes > U64_MAX >> shift)
		return -ERANGE;

	*bytes <<= shift;
	return 0;
}

static int pmem_parse_number(const char *text, const char *end,
			     unsigned int *number)
{
	__u64 value;
	int err;

	err = pmem_parse_digits(&text, end, &value);
	if (err)
		return err;
	if (text < end)
		return -EINVAL;
	if (value > UINT_MAX)
		return -ERANGE;

	*number = (unsigned int)value;
	return 0;
}

/**
 * pmem_parse_size - read an amount of memory
 * @text: decimal digits, then at most one of the letters K, M, G and T, upper
 *        or lower case, for a power of 1024; without a letter the number counts
 *        GiB
 * @bytes: the result, in bytes; undefined on error
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- @text has another form
 * * %-ERANGE	- the amount does not fit in 64 bits
 */
int pmem_parse_size(const char *text, __u64 *bytes)
{
	return pmem_parse_amount(text, text + strlen(text), bytes);
}

/**
 * pmem_parse_count - read a number of devices
 * @text: decimal digits
 * @count: the result; undefined on error
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- @text has another form
 * * %-ERANGE	- the number does not fit in an unsigned int
 */
int pmem_parse_count(const char *text, unsigned int *count)
{
	return pmem_parse_number(text, text + strlen(text), count);
}

/**
 * pmem_parse_map - read where page descriptors shall be
 * @text: "mem" or "dev"
 * @map: the result; undefined on error
 * @complaint: says what is wrong; set on error only
 *
 * Context: Any.
 * Return: 0, or %-EINVAL if @text is neither
 */
int pmem_parse_map(const char *text, enum pmem_map_mode *map,
		   struct pmem_complaint *complaint)
{
	if (!strcmp(text, "mem"))
		*map = PMEM_MAP_MEM;
	else if (!strcmp(text, "dev"))
		*map = PMEM_MAP_DEV;
	else
		return pmem_complain(complaint, -EINVAL,
				     "map=%.*s is no place for page descriptors; write map=mem or map=dev",
				     PMEM_QUOTE, text);
	return 0;
}

/**
 * pmem_format_size - write an amount of memory as pmem_parse_size() reads it
 * @text: the result, with the largest unit that gives a whole number
 * @room: bytes at @text; 24 are enough for all
 * @bytes: the amount, a multiple of 1024
 *
 * Context: Any.
 * Return: @text
 */
const char *pmem_format_size(char *text, size_t room, __u64 bytes)
{
	static const char units[] = "KMGT";
	unsigned int unit = 0;

	bytes >>= 10;
	while (bytes && !(bytes % 1024) && unit < 3) {
		bytes >>= 10;
		unit++;
	}
	snprintf(text, room, "%llu%c", bytes, units[unit]);
	return text;
}

static int pmem_parse_address(const struct pmem_text *text, __u64 *bytes,
			      struct pmem_complaint *complaint)
{
	char low[24], high[24], problem[96];
	__u64 below;
	int err;

	err = pmem_parse_amount(text->start, text->start + text->len, bytes);
	if (err == -EINVAL)
		return pmem_complain_of(complaint, err, text,
					"is not an amount of memory; write a number of GiB, or a number with K, M, G or T");
	if (err)
		return pmem_complain_of(complaint, err, text,
					"does not fit in 64 bits; write a smaller number");
	if (!(*bytes % PMEM_ALIGN))
		return 0;

	/* what is zero or too large after rounding is not worth proposing */
	below = *bytes - *bytes % PMEM_ALIGN;
	pmem_format_size(low, sizeof(low), below);
	pmem_format_size(high, sizeof(high), below + PMEM_ALIGN);
	if (!below)
		snprintf(problem, sizeof(problem),
			 "is not a multiple of 2 MiB; write %s", high);
	else if (below > U64_MAX - PMEM_ALIGN)
		snprintf(problem, sizeof(problem),
			 "is not a multiple of 2 MiB; write %s", low);
	else
		snprintf(problem, sizeof(problem),
			 "is not a multiple of 2 MiB; write %s or %s", low,
			 high);
	return pmem_complain_of(complaint, -EINVAL, text, problem);
}

/* The nearest lower number of devices that a size can be divided by. */
static unsigned int pmem_next_count(__u64 size, unsigned int count)
{
	__u64 units = div_u64(size, PMEM_ALIGN), each;

	if (count > units)
		count = (unsigned int)units;
	for (; count > 1; count--) {
		each = div_u64(units, count);
		if (each * count == units)
			break;
	}
	return count;
}

static int pmem_parse_share(struct pmem_share *share,
			    const struct pmem_text *start,
			    const struct pmem_text *size,
			    const struct pmem_text *count,
			    struct pmem_complaint *complaint)
{
	struct pmem_range *range = &share->range;
	char problem[96];
	__u64 each;
	int err;

	err = pmem_parse_address(start, &range->start, complaint);
	if (err)
		return err;
	err = pmem_parse_address(size, &range->size, complaint);
	if (err)
		return err;
	if (!range->size)
		return pmem_complain_of(complaint, -EINVAL, size,
					"is nothing; write the size that memmap= sets aside");
	if (range->start > U64_MAX - range->size)
		return pmem_complain_of(complaint, -ERANGE, size,
					"from start on reaches past 64 bits; write a smaller start or size");

	err = pmem_parse_number(count->start, count->start + count->len,
				&share->count);
	if (err == -EINVAL || (!err && !share->count))
		return pmem_complain_of(complaint, -EINVAL, count,
					"is not a number of devices; write a number from 1 up");
	if (err || share->count > PMEM_MAX_DEVICES)
		return pmem_complain_of(complaint, -ERANGE, count,
					"is too many devices; write 65536 at most");

	each = div_u64(range->size, share->count);
	if (each * share->count == range->size && !(each % PMEM_ALIGN))
		return 0;

	snprintf(problem, sizeof(problem),
		 "does not divide the size into multiples of 2 MiB; write %u",
		 pmem_next_count(range->size, share->count));
	return pmem_complain_of(complaint, -EINVAL, count, problem);
}

/**
 * pmem_layout_parse - read the parameters for a single range
 * @layout: the result; undefined on error
 * @start: first address, in the form of pmem_parse_size()
 * @size: length of the whole range, in the same form
 * @count: number of devices, in the form of pmem_parse_count()
 * @complaint: says what is wrong; set on error only
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- a parameter has the wrong form, is zero, is not aligned to
 *		  %PMEM_ALIGN, or @count does not divide @size into devices that
 *		  are multiples of %PMEM_ALIGN
 * * %-ERANGE	- a number, or the end of the range, does not fit in 64 bits, or
 *		  @count is more than %PMEM_MAX_DEVICES
 */
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_complaint *complaint)
{
	const struct pmem_text texts[] = {
		{ start, (int)strlen(start), "start", NULL, 0 },
		{ size, (int)strlen(size), "size", NULL, 0 },
		{ count, (int)strlen(count), "count", NULL, 0 },
	};

	layout->nr = 1;
	return pmem_parse_share(&layout->shares[0], &texts[0], &texts[1],
				&texts[2], complaint);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_parse);

/* From @start up to @end, a part of the @len characters at @item. */
static struct pmem_text pmem_part(const char *name, const char *start,
				  const char *end, const char *item, int len)
{
	struct pmem_text text;

	text.start = start;
	text.len = (int)(end - start);
	text.name = name;
	text.item = item;
	text.item_len = len;
	return text;
}

/* One SIZE@START[/COUNT]. */
static int pmem_parse_item(struct pmem_share *share, const char *item, int len,
			   struct pmem_complaint *complaint)
{
	const char *at = (const char *)memchr(item, '@', len);
	const char *slash = (const char *)memchr(item, '/', len);
	const char *end = item + len, *one = "1";
	struct pmem_text start, size, count;

	if (!at || (slash && slash < at))
		return pmem_complain(complaint, -EINVAL,
				     "ranges=%.*s is not SIZE@START or SIZE@START/COUNT; write for example 32G@32G/4",
				     min(len, PMEM_QUOTE), item);

	start = pmem_part("start", at + 1, slash ? slash : end, item, len);
	size = pmem_part("size", item, at, item, len);
	if (slash)
		count = pmem_part("count", slash + 1, end, item, len);
	else
		count = pmem_part("count", one, one + 1, item, len);

	return pmem_parse_share(share, &start, &size, &count, complaint);
}

/**
 * pmem_layout_parse_ranges - read the parameter for several ranges
 * @layout: the result; undefined on error
 * @ranges: SIZE@START[/COUNT][,...], with SIZE, START and COUNT as for
 *          pmem_layout_parse(); COUNT is 1 where it is left out
 * @complaint: says what is wrong; set on error only
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- as pmem_layout_parse(), or @ranges has another form
 * * %-ERANGE	- as pmem_layout_parse()
 * * %-E2BIG	- there are more than %PMEM_MAX_RANGES, or more than
 *		  %PMEM_MAX_DEVICES devices
 */
int pmem_layout_parse_ranges(struct pmem_layout *layout, const char *ranges,
			     struct pmem_complaint *complaint)
{
	unsigned int devices = 0;
	int err;

	for (layout->nr = 0; ; layout->nr++) {
		struct pmem_share *share = &layout->shares[layout->nr];
		int len = (int)strcspn(ranges, ",");

		if (layout->nr == PMEM_MAX_RANGES)
			return pmem_complain(complaint, -E2BIG,
					     "ranges= has more than %d ranges; leave out what begins with %.*s",
					     PMEM_MAX_RANGES, PMEM_QUOTE, ranges);

		err = pmem_parse_item(share, ranges, len, complaint);
		if (err)
			return err;

		devices += share->count;
		if (devices > PMEM_MAX_DEVICES)
			return pmem_complain(complaint, -E2BIG,
					     "ranges= makes more than %d devices; write smaller counts",
					     PMEM_MAX_DEVICES);
		if (!ranges[len])
			break;
		ranges += len + 1;
	}

	layout->nr++;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_parse_ranges);

static int pmem_check_limit(const struct pmem_range *range, __u64 limit,
			    struct pmem_complaint *complaint)
{
	char size[24], start[24], end[24];

	if (range->size <= limit && range->start <= limit - range->size)
		return 0;

	return pmem_complain(complaint, -ERANGE,
			     "%s@%s ends past %s, where physical addresses end on this machine; write a smaller start or size",
			     pmem_format_size(size, sizeof(size), range->size),
			     pmem_format_size(start, sizeof(start), range->start),
			     pmem_format_size(end, sizeof(end), limit));
}

static int pmem_check_overlap(const struct pmem_range *range,
			      const struct pmem_range *other,
			      struct pmem_complaint *complaint)
{
	char size[24], start[24], other_size[24], other_start[24], end[24];

	if (range->start >= other->start + other->size ||
	    other->start >= range->start + range->size)
		return 0;

	return pmem_complain(complaint, -EINVAL,
			     "%s@%s overlaps %s@%s; let it start at %s or leave it out",
			     pmem_format_size(size, sizeof(size), range->size),
			     pmem_format_size(start, sizeof(start), range->start),
			     pmem_format_size(other_size, sizeof(other_size), other->size),
			     pmem_format_size(other_start, sizeof(other_start), other->start),
			     pmem_format_size(end, sizeof(end), other->start + other->size));
}

static int pmem_check_room(const struct pmem_share *share,
			   enum pmem_map_mode map,
			   struct pmem_complaint *complaint)
{
	__u64 each = div_u64(share->range.size, share->count);
	char size[24], least[24];

	if (pmem_data_offset(each, map) < each)
		return 0;

	return pmem_complain(complaint, -EINVAL,
			     "a device of %s has no room left after its page descriptors; give each %s at least, or write map=mem",
			     pmem_format_size(size, sizeof(size), each),
			     pmem_format_size(least, sizeof(least), 3 * PMEM_ALIGN));
}

/**
 * pmem_layout_check - check what the text alone does not tell
 * @layout: filled by pmem_layout_parse() or pmem_layout_parse_ranges()
 * @limit: where physical addresses end, in bytes
 * @map: where the page descriptors shall be
 * @complaint: says what is wrong; set on error only
 *
 * Whether the memory is there and free is not asked here.
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- two ranges overlap, or a device has no room for its page
 *		  descriptors
 * * %-ERANGE	- a range ends past @limit
 */
int pmem_layout_check(const struct pmem_layout *layout, __u64 limit,
		      enum pmem_map_mode map, struct pmem_complaint *complaint)
{
	unsigned int i, other;
	int err;

	for (i = 0; i < layout->nr; i++) {
		const struct pmem_share *share = &layout->shares[i];

		err = pmem_check_limit(&share->range, limit, complaint);
		if (err)
			return err;
		err = pmem_check_room(share, map, complaint);
		if (err)
			return err;
		for (other = 0; other < i; other++) {
			err = pmem_check_overlap(&share->range,
						 &layout->shares[other].range,
						 complaint);
			if (err)
				return err;
		}
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_check);

/**
 * pmem_layout_count - how many devices there are
 * @layout: checked by pmem_layout_check()
 *
 * Context: Any.
 * Return: their number, in all ranges
 */
unsigned int pmem_layout_count(const struct pmem_layout *layout)
{
	unsigned int i, count = 0;

	for (i = 0; i < layout->nr; i++)
		count += layout->shares[i].count;
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_count);

/**
 * pmem_layout_device - where a device lies
 * @layout: checked by pmem_layout_check()
 * @index: of the device, below pmem_layout_count(), in the order of the ranges
 *
 * Context: Any.
 * Return: the device's part of its range
 */
struct pmem_range pmem_layout_device(const struct pmem_layout *layout,
				     unsigned int index)
{
	const struct pmem_share *share = layout->shares;
	struct pmem_range device;

	for (; index >= share->count; share++)
		index -= share->count;

	device.size = div_u64(share->range.size, share->count);
	device.start = share->range.start + index * device.size;
	return device;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_layout_device);

/**
 * pmem_data_offset - where in a device's range its blocks begin
 * @size: of the range, in bytes, a multiple of %PMEM_ALIGN
 * @map: where its page descriptors are
 *
 * With %PMEM_MAP_DEV the range begins with %PMEM_ALIGN for what says so (see
 * infoblock.h), then come the descriptors of all its pages. This depends on
 * nothing else, so a filesystem is at the same place at the next load.
 *
 * Context: Any.
 * Return: the offset in bytes, a multiple of %PMEM_ALIGN
 */
__u64 pmem_data_offset(__u64 size, enum pmem_map_mode map)
{
	__u64 descriptors;

	if (map == PMEM_MAP_MEM)
		return 0;

	descriptors = div_u64(size, PMEM_PAGE_SIZE) * PMEM_DESCRIPTOR_SIZE;
	return PMEM_ALIGN +
	       (descriptors + PMEM_ALIGN - 1) / PMEM_ALIGN * PMEM_ALIGN;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_data_offset);
