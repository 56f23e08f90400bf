// SPDX-License-Identifier: GPL-2.0
/*
 * Into the memory, out of it, and zeroes over it.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <kunit/visibility.h>

#include "pmem.h"

/**
 * pmem_read - copy out of the memory of a device
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @to: where to, in memory of the kernel
 * @len: in bytes
 *
 * A machine check in here is an error and not the end of the kernel; what it
 * hit is a bad block from then on.
 *
 * Context: May sleep.
 * Return: 0, or %-EIO if some of the memory is poisoned; @to then has what
 *         came before that, or nothing
 */
int pmem_read(struct pmem_device *pmem, u64 offset, void *to, size_t len)
{
	unsigned long rest;

	if (unlikely(pmem_is_bad(pmem, offset, len, NULL)))
		return -EIO;

	rest = copy_mc_to_kernel(to, pmem->addr + offset, len);
	if (unlikely(rest)) {
		pmem_add_poison(pmem, offset + len - rest, 1);
		return -EIO;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_read);

/**
 * pmem_write - copy into the memory of a device
 * @pmem: the device
 * @offset: from its first block, in bytes
 * @from: where from, in memory of the kernel
 * @len: in bytes
 *
 * The copy goes past the CPU caches, so pmem_wmb() alone makes it durable. Whole
 * sectors that were poisoned are good afterwards.
 *
 * Context: May sleep.
 */
void pmem_write(struct pmem_device *pmem, u64 offset, const void *from,
		size_t len)
{
	pmem_make_writable(pmem, offset, len);
	memcpy_flushcache(pmem->addr + offset, from, len);
	pmem_clear_poison(pmem, offset, len);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_write);

/*
 * Zeroes past the caches, a cache line of them. With a constant length of 16,
 * memcpy_flushcache() is two store instructions, and what it copies from is not
 * read.
 */
static inline void pmem_zero_line(char *addr)
{
	static const u64 zeroes[2] = { 0, 0 };

	memcpy_flushcache(addr, zeroes, 16);
	memcpy_flushcache(addr + 16, zeroes, 16);
	memcpy_flushcache(addr + 32, zeroes, 16);
	memcpy_flushcache(addr + 48, zeroes, 16);
}

/**
 * pmem_zero - write zeroes into the memory of a device
 * @pmem: the device
 * @offset: from its first block, in bytes, a multiple of %SECTOR_SIZE
 * @len: in bytes, a multiple of %SECTOR_SIZE
 *
 * As pmem_write(), but there is no page of zeroes to read on the way.
 *
 * Context: May sleep.
 */
void pmem_zero(struct pmem_device *pmem, u64 offset, size_t len)
{
	char *addr = pmem->addr + offset, *end = addr + len;

	pmem_make_writable(pmem, offset, len);
	for (; addr < end; addr += SECTOR_SIZE) {
		pmem_zero_line(addr);
		pmem_zero_line(addr + 64);
		pmem_zero_line(addr + 128);
		pmem_zero_line(addr + 192);
		pmem_zero_line(addr + 256);
		pmem_zero_line(addr + 320);
		pmem_zero_line(addr + 384);
		pmem_zero_line(addr + 448);
	}
	pmem_clear_poison(pmem, offset, len);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_zero);
