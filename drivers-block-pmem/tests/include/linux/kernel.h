/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What layout.c uses of linux/kernel.h, in user space.
 */
#ifndef _PMEM_TESTS_KERNEL_H
#define _PMEM_TESTS_KERNEL_H

#include_next <linux/kernel.h>
#include <algorithm>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

using std::min;

/* The only option that layout.c asks for is CONFIG_BLK_DEV_PMEM_DEV_DAX. */
inline bool pmem_tests_dev_dax = true;
#define IS_ENABLED(option)	pmem_tests_dev_dax

#define __printf(f, a)		__attribute__((__format__(printf, f, a)))
#define round_down(x, y)	((x) / (y) * (y))
#define round_up(x, y)		round_down((x) + (y) - 1, y)

#endif /* _PMEM_TESTS_KERNEL_H */
