/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The info block of map=dev.
 *
 * With map=dev a range starts with the info block and struct pages, with map=mem it
 * starts with the first sector of the disk. Struct pages may overwrite only memory
 * that an info block says is theirs, or that has no data.
 *
 * infoblock.c uses no kernel service, so it also compiles as C++ in user space, with
 * unit tests and a fuzzer.
 */
#ifndef _PMEM_INFOBLOCK_H
#define _PMEM_INFOBLOCK_H

#include <linux/types.h>

/* The size of the info block in bytes. */
#define PMEM_INFOBLOCK_SIZE	4096

#define PMEM_UUID_SIZE		16

void pmem_infoblock_fill(void *page, u64 size, const u8 *uuid);
bool pmem_infoblock_found(const void *page, u64 *size, u8 *uuid);

#endif /* _PMEM_INFOBLOCK_H */
