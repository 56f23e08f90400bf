// SPDX-License-Identifier: GPL-2.0
/*
 * The info block of map=dev.
 */
#include <linux/crc32.h>
#include <linux/string.h>

#include "infoblock.h"
#include "layout.h"

/* In native byte order: RAM does not move to another machine. */
struct pmem_infoblock {
	char magic[16];
	u64 size;
	u8 uuid[PMEM_UUID_SIZE];
	/* of all before it; linux/crc32.h */
	u32 crc;
	u32 zero;
};

static const char pmem_magic[16] = "pmem map=dev 2";

static u32 pmem_infoblock_crc(const struct pmem_infoblock *block)
{
	return crc32_le(~0U, (const unsigned char *)block,
			offsetof(struct pmem_infoblock, crc));
}

/**
 * pmem_infoblock_fill - fill a page with the info block of map=dev
 * @page: %PMEM_INFOBLOCK_SIZE bytes; all are overwritten
 * @size: size of the device's range in bytes
 * @uuid: %PMEM_UUID_SIZE bytes
 *
 * Context: Any.
 */
void pmem_infoblock_fill(void *page, u64 size, const u8 *uuid)
{
	struct pmem_infoblock block;

	memset(&block, 0, sizeof(block));
	memcpy(block.magic, pmem_magic, sizeof(block.magic));
	block.size = size;
	memcpy(block.uuid, uuid, sizeof(block.uuid));
	block.crc = pmem_infoblock_crc(&block);
	memset(page, 0, PMEM_INFOBLOCK_SIZE);
	memcpy(page, &block, sizeof(block));
}

/**
 * pmem_infoblock_found - check a page for an info block of map=dev
 * @page: the first %PMEM_INFOBLOCK_SIZE bytes of a range
 * @size: set to the size in bytes from the info block if there is one
 * @uuid: %PMEM_UUID_SIZE bytes, set if there is an info block
 *
 * Context: Any.
 * Return: true if @page is an info block, and nothing else
 */
bool pmem_infoblock_found(const void *page, u64 *size, u8 *uuid)
{
	struct pmem_infoblock block;
	unsigned int i;

	memcpy(&block, page, sizeof(block));
	if (memcmp(block.magic, pmem_magic, sizeof(block.magic)) ||
	    block.crc != pmem_infoblock_crc(&block))
		return false;

	/* data after it means that a map=mem disk was written to since */
	for (i = offsetof(struct pmem_infoblock, zero); i < PMEM_INFOBLOCK_SIZE; i++)
		if (((const char *)page)[i])
			return false;

	*size = block.size;
	memcpy(uuid, block.uuid, sizeof(block.uuid));
	return true;
}
