/* SPDX-License-Identifier: GPL-2.0 */
/*
 * crc32_le() of the kernel, from that of zlib, which inverts both ends.
 */
#ifndef _PMEM_TESTS_CRC32_H
#define _PMEM_TESTS_CRC32_H

#include <linux/types.h>
#include <zlib.h>

static inline u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	return ~(u32)crc32(~crc, p, len);
}

#endif /* _PMEM_TESTS_CRC32_H */
