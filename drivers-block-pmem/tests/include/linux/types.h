/* SPDX-License-Identifier: GPL-2.0 */
/*
 * linux/types.h of user space, with the types that only the kernel's has.
 */
#ifndef _PMEM_TESTS_TYPES_H
#define _PMEM_TESTS_TYPES_H

#include_next <linux/types.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;

#endif /* _PMEM_TESTS_TYPES_H */
