/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing: kunit/visibility.h has what layout.c needs. */
