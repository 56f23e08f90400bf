// SPDX-License-Identifier: GPL-2.0
/*
 * Copies from and to the memory of a device, with the badblocks list kept up to date.
 */
#include <linux/cpufeature.h>
#include <linux/export.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/special_insns.h>
#include <kunit/visibility.h>

#include "pmem.h"

/**
 * pmem_read - copy from a device
 * @pmem: the device
 * @offset: start in bytes from the first sector
 * @to: kernel buffer
 * @len: length in bytes
 *
 * A machine check during the copy adds the sector to the badblocks list.
 *
 * Context: May sleep.
 * Return: 0, or %-EIO if a sector is bad or the copy hits poison; @to then holds
 *         the bytes before the poison, or nothing
 */
int pmem_read(struct pmem_device *pmem, u64 offset, void *to, size_t len)
{
	if (unlikely(pmem_is_bad(pmem, offset, len, NULL)))
		return -EIO;
	return pmem_load(pmem, offset, (char *)to, len);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_read);

/**
 * pmem_copy_cached - copy to a RAM disk, into the CPU caches
 * @to: memory of the device that is good
 * @from: kernel buffer
 * @len: length in bytes
 *
 * Most CPUs that are slow in memcpy(), for want of FSRM, are fast in copy_page().
 *
 * Context: Any.
 */
void pmem_copy_cached(char *to, const char *from, size_t len)
{
	for (; len >= PAGE_SIZE; len -= PAGE_SIZE) {
		copy_page(to, (void *)from);
		to += PAGE_SIZE;
		from += PAGE_SIZE;
	}
	memcpy(to, from, len);
}

/*
 * Copy to poisoned memory. Only a store of a whole cache line replaces poison. The
 * stores of memcpy_flushcache() fill a line in a buffer of the CPU, which an interrupt
 * can flush before it is full; MOVDIR64B writes a line in one piece.
 */
static void pmem_write_lines(void *to, const void *from, size_t len)
{
	char *line = (char *)to;
	const char *source = (const char *)from;

	if (!cpu_feature_enabled(X86_FEATURE_MOVDIR64B) ||
	    ((unsigned long)line | len) % 64) {
		memcpy_flushcache(to, from, len);
		return;
	}
	for (; len; len -= 64, line += 64, source += 64)
		movdir64b(line, source);
}

/* Whether injection says that this sector stays bad. */
static bool pmem_is_stuck(const struct pmem_device *pmem, u64 offset)
{
	return offset - pmem->stuck.start < pmem->stuck.size;
}

/*
 * Read back what was written to poisoned memory. The list forgets the sectors first:
 * a report that comes later stays on it, and the poison of one that came earlier
 * is in the memory now and found here. What cannot be read is listed again.
 */
static int pmem_verify(struct pmem_device *pmem, u64 offset, size_t len)
{
	u64 at = round_up(offset, (u64)SECTOR_SIZE);
	u64 end = round_down(offset + len, (u64)SECTOR_SIZE);
	char sector[SECTOR_SIZE];
	int err = 0;

	/* the stores leave the CPU, or this would read its buffers */
	pmem_wmb();
	pmem_clear_poison(pmem, offset, len);
	for (; at < end; at += SECTOR_SIZE) {
		if (!copy_mc_to_kernel(sector, pmem->addr + at, SECTOR_SIZE) &&
		    !pmem_is_stuck(pmem, at))
			continue;
		pmem_add_poison(pmem, at, SECTOR_SIZE);
		err = -EIO;
	}
	return err;
}

/**
 * pmem_write - copy to a device
 * @pmem: the device
 * @offset: start in bytes from the first sector
 * @from: kernel buffer
 * @len: length in bytes
 *
 * The stores bypass the CPU caches, so pmem_wmb() alone makes them durable, except on
 * a RAM disk. Bad sectors that are overwritten as a whole become good if they can be
 * read back.
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-EIO	- some sector cannot be read back, and is still bad
 * * %-EROFS	- the device is read-only
 */
int pmem_write(struct pmem_device *pmem, u64 offset, const void *from,
	       size_t len)
{
	if (unlikely(pmem->mode.ro))
		return -EROFS;
	if (likely(!pmem_restore_mapping(pmem, offset, len))) {
		pmem_store(pmem, offset, (const char *)from, len);
		return 0;
	}
	pmem_write_lines(pmem->addr + offset, from, len);
	return pmem_verify(pmem, offset, len);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_write);

/*
 * Zero a cache line with stores that bypass the caches. With a constant length of
 * 16, memcpy_flushcache() compiles to two store instructions and reads no source.
 */
static inline void pmem_zero_line(char *addr)
{
	static const u64 zeroes[2] = { 0, 0 };

	memcpy_flushcache(addr, zeroes, 16);
	memcpy_flushcache(addr + 16, zeroes, 16);
	memcpy_flushcache(addr + 32, zeroes, 16);
	memcpy_flushcache(addr + 48, zeroes, 16);
}

static void pmem_zero_sector(char *addr)
{
	pmem_zero_line(addr);
	pmem_zero_line(addr + 64);
	pmem_zero_line(addr + 128);
	pmem_zero_line(addr + 192);
	pmem_zero_line(addr + 256);
	pmem_zero_line(addr + 320);
	pmem_zero_line(addr + 384);
	pmem_zero_line(addr + 448);
}

/* As pmem_copy_cached(): clear_page() is fast on more CPUs than memset(). */
static void pmem_zero_cached(char *addr, size_t len)
{
	for (; len >= PAGE_SIZE; len -= PAGE_SIZE) {
		clear_page(addr);
		addr += PAGE_SIZE;
	}
	memset(addr, 0, len);
}

/**
 * pmem_zero - write zeroes to a device
 * @pmem: the device
 * @offset: start in bytes from the first sector, a multiple of %SECTOR_SIZE
 * @len: length in bytes, a multiple of %SECTOR_SIZE
 *
 * Like pmem_write(), without a source to read.
 *
 * Context: May sleep.
 * Return: 0, or
 * * %-EIO	- some sector cannot be read back, and is still bad
 * * %-EROFS	- the device is read-only
 */
int pmem_zero(struct pmem_device *pmem, u64 offset, size_t len)
{
	static const char zeroes[SECTOR_SIZE] = {};
	char *addr = pmem->addr + offset, *end = addr + len;

	if (unlikely(pmem->mode.ro))
		return -EROFS;
	if (likely(!pmem_restore_mapping(pmem, offset, len))) {
		if (pmem->mode.ramdisk) {
			pmem_zero_cached(addr, len);
			return 0;
		}
		for (; addr < end; addr += SECTOR_SIZE)
			pmem_zero_sector(addr);
		return 0;
	}
	for (; addr < end; addr += SECTOR_SIZE)
		pmem_write_lines(addr, zeroes, SECTOR_SIZE);
	return pmem_verify(pmem, offset, len);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_zero);
