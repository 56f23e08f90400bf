// SPDX-License-Identifier: GPL-2.0
/*
 * What the first page of a range tells about how it was used before.
 */
#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/string.h>
#else
#include <stdint.h>
#include <string.h>
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#include "infoblock.h"
#include "layout.h"

/* In the byte order of the machine: RAM does not move to another one. */
struct pmem_infoblock {
	char magic[16];
	__u64 size;
};

static const char pmem_magic[16] = "pmem map=dev 1";

/* What pmem_layout_check() lets through: info, descriptors and disk, one each. */
#define PMEM_INFOBLOCK_LEAST	(3 * PMEM_ALIGN)

/**
 * pmem_infoblock_fill - write the info block of map=dev
 * @page: %PMEM_INFOBLOCK_SIZE bytes, all of which are set
 * @size: of the range, in bytes
 *
 * Context: Any.
 */
void pmem_infoblock_fill(void *page, __u64 size)
{
	struct pmem_infoblock block;

	memcpy(block.magic, pmem_magic, sizeof(block.magic));
	block.size = size;
	memset(page, 0, PMEM_INFOBLOCK_SIZE);
	memcpy(page, &block, sizeof(block));
}

/**
 * pmem_infoblock_found - whether a range was used with map=dev
 * @page: its first %PMEM_INFOBLOCK_SIZE bytes
 * @size: of the range as it was then, in bytes; set if it was
 *
 * A size that no range can have is not believed, whoever wrote it there.
 *
 * Context: Any.
 * Return: 1 if it was, 0 if not
 */
int pmem_infoblock_found(const void *page, __u64 *size)
{
	struct pmem_infoblock block;
	unsigned int i;

	memcpy(&block, page, sizeof(block));
	if (memcmp(block.magic, pmem_magic, sizeof(block.magic)))
		return 0;
	if (block.size % PMEM_ALIGN || block.size < PMEM_INFOBLOCK_LEAST)
		return 0;

	/* or it is older than what a disk of map=mem wrote behind it */
	for (i = sizeof(block); i < PMEM_INFOBLOCK_SIZE; i++)
		if (((const char *)page)[i])
			return 0;

	*size = block.size;
	return 1;
}

/**
 * pmem_content - what a disk holds, as far as its first page tells
 * @page: its first %PMEM_INFOBLOCK_SIZE bytes
 *
 * Context: Any.
 * Return: a name for it, or NULL if nothing that is known here was found
 */
const char *pmem_content(const void *page)
{
	static const struct {
		unsigned int offset;
		unsigned int len;
		const char *magic;
		const char *name;
	} known[] = {
		/* a GPT comes with an MBR, and either may come with a boot loader */
		{ 512, 8, "EFI PART", "a partition table" },
		{ 1080, 2, "\x53\xef", "an ext2, ext3 or ext4 filesystem" },
		{ 0, 4, "XFSB", "an xfs filesystem" },
		{ 1024, 4, "\x10\x20\xf5\xf2", "an f2fs filesystem" },
		{ 0, 6, "LUKS\xba\xbe", "an encrypted volume" },
		{ 512, 8, "LABELONE", "a volume of LVM" },
		{ 4086, 10, "SWAPSPACE2", "a swap area" },
		{ 510, 2, "\x55\xaa", "a partition table" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!memcmp((const char *)page + known[i].offset,
			    known[i].magic, known[i].len))
			return known[i].name;
	return NULL;
}
