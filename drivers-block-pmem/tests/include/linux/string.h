/* SPDX-License-Identifier: GPL-2.0 */
/* What infoblock.c uses of linux/string.h, in user space. */
#include <string.h>
