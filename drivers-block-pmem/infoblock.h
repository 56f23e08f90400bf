/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the first page of a range tells about how it was used before.
 *
 * With map=dev a range begins with an info block and page descriptors, with
 * map=mem its first block is the first block of the disk. Loading with the other
 * mode than before would hide the data, or destroy it. So map=dev leaves its
 * info block, and both modes look before they write.
 *
 * Nothing here needs a kernel service, so the same file is compiled as C++ and
 * unit-tested and fuzzed in user space.
 */
#ifndef _PMEM_INFOBLOCK_H
#define _PMEM_INFOBLOCK_H

#include <linux/types.h>

/* What is looked at, in bytes. */
#define PMEM_INFOBLOCK_SIZE	4096

void pmem_infoblock_fill(void *page, __u64 size);
int pmem_infoblock_found(const void *page, __u64 *size);
const char *pmem_content(const void *page);

#endif /* _PMEM_INFOBLOCK_H */
