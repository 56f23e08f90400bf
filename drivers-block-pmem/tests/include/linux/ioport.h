/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing: a test that compiles reserved.c declares what it needs of this. */
