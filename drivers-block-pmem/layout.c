// SPDX-License-Identifier: GPL-2.0
/*
 * From the text that a user types to checked device ranges.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/math64.h>
#else
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#define U64_MAX		UINT64_MAX
#define div_u64(n, d)	((n) / (d))
#endif

#include "layout.h"

/* Decimal digits up to the first other character, which *@end is set to. */
static int pmem_parse_digits(const char *text, const char **end, __u64 *value)
{
	*value = 0;
	if (*text < '0' || *text > '9')
		return -EINVAL;

	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned int digit = *text - '0';

		if (*value > div_u64(U64_MAX - digit, 10))
			return -ERANGE;
		*value = *value * 10 + digit;
	}

	*end = text;
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
	unsigned int shift = 30;
	int err;

	err = pmem_parse_digits(text, &text, bytes);
	if (err)
		return err;

	if (*text) {
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
	if (*text)
		return -EINVAL;
	if (*bytes > U64_MAX >> shift)
		return -ERANGE;

	*bytes <<= shift;
	return 0;
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
	__u64 value;
	int err;

	err = pmem_parse_digits(text, &text, &value);
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	if (value > UINT_MAX)
		return -ERANGE;

	*count = (unsigned int)value;
	return 0;
}

static int pmem_complain(struct pmem_complaint *complaint, int err,
			 const char *name, const char *problem,
			 const char *remedy)
{
	complaint->name = name;
	complaint->problem = problem;
	complaint->remedy = remedy;
	return err;
}

static int pmem_parse_address(const char *name, const char *text, __u64 *bytes,
			      struct pmem_complaint *complaint)
{
	int err = pmem_parse_size(text, bytes);

	if (err == -EINVAL)
		return pmem_complain(complaint, err, name,
				     "is not an amount of memory",
				     "write a number of GiB, or a number with K, M, G or T");
	if (err)
		return pmem_complain(complaint, err, name,
				     "does not fit in 64 bits",
				     "write a smaller number");
	if (*bytes % PMEM_ALIGN)
		return pmem_complain(complaint, -EINVAL, name,
				     "is not a multiple of 2 MiB",
				     "round it to 2M");
	return 0;
}

/**
 * pmem_layout_parse - read and check the module parameters
 * @layout: the result; undefined on error
 * @start: first address, in the form of pmem_parse_size()
 * @size: length of the whole range, in the same form
 * @count: number of devices, in the form of pmem_parse_count()
 * @complaint: says what is wrong; set on error only
 *
 * Whether the memory is there and free is not asked here.
 *
 * Context: Any.
 * Return: 0, or
 * * %-EINVAL	- a parameter has the wrong form, is zero, is not aligned to
 *		  %PMEM_ALIGN, or @count does not divide @size into devices that
 *		  are multiples of %PMEM_ALIGN
 * * %-ERANGE	- a number, or the end of the range, does not fit in 64 bits
 */
int pmem_layout_parse(struct pmem_layout *layout, const char *start,
		      const char *size, const char *count,
		      struct pmem_complaint *complaint)
{
	struct pmem_range *range = &layout->range;
	__u64 each;
	int err;

	err = pmem_parse_address("start", start, &range->start, complaint);
	if (err)
		return err;
	err = pmem_parse_address("size", size, &range->size, complaint);
	if (err)
		return err;
	if (!range->size)
		return pmem_complain(complaint, -EINVAL, "size", "is zero",
				     "write the size that memmap= sets aside");
	if (range->start > U64_MAX - range->size)
		return pmem_complain(complaint, -ERANGE, "size",
				     "reaches past 64 bits from start",
				     "write a smaller start or size");

	err = pmem_parse_count(count, &layout->count);
	if (err || !layout->count)
		return pmem_complain(complaint, err ? err : -EINVAL, "count",
				     "is not a number of devices",
				     "write a number from 1 up");

	each = div_u64(range->size, layout->count);
	if (each * layout->count != range->size || each % PMEM_ALIGN)
		return pmem_complain(complaint, -EINVAL, "count",
				     "does not divide size into multiples of 2 MiB",
				     "write a count that does");
	return 0;
}

/**
 * pmem_layout_device - where a device lies
 * @layout: checked by pmem_layout_parse()
 * @index: of the device, below @layout->count
 *
 * Context: Any.
 * Return: the device's part of the range
 */
struct pmem_range pmem_layout_device(const struct pmem_layout *layout,
				     unsigned int index)
{
	struct pmem_range device;

	device.size = div_u64(layout->range.size, layout->count);
	device.start = layout->range.start + index * device.size;
	return device;
}
