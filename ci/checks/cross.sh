#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where the driver cannot work, Kconfig leaves it out, and what the series changes
# elsewhere still builds: for i386, arm64 and User Mode Linux.
. "$(dirname "$0")/../common.sh"
# shellcheck source=ci/small.sh
. "$TOP/ci/small.sh"
lock_cache

# left_out SYMBOL=VALUE...: the five lines of pmem.config do not bring the driver
left_out() {
	configure pmem BLOCK=y BLK_DEV=y MODULES=y "$@" || return
	! grep 'BLK_DEV_PMEM' "$build/.config"
}

builds() {
	local changed
	mapfile -t changed < <(changed_objects)
	silent drivers/block/ "${changed[@]}"
}

# What brings the two drivers within reach; brd, so that drivers/block/ is not
# empty.
peers=(BLK_DEV_RAM=m LIBNVDIMM=m ND_PMEM=m)

# FS_DAX needs page descriptors for devices, which a 32-bit kernel cannot have;
# LIBNVDIMM needs addresses of more than 32 bits.
small_build i386 ARCH=i386 CC='ccache gcc'
report 'Kconfig leaves the driver out on i386' \
	left_out HIGHMEM64G=y FS_DAX=n "${peers[@]}"
report 'what the series changes builds for i386' builds

small_build arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
	CC='ccache aarch64-linux-gnu-gcc'
report 'Kconfig leaves the driver out on arm64' \
	left_out SPARSEMEM_VMEMMAP=y MEMORY_HOTPLUG=y MIGRATION=y \
	MEMORY_HOTREMOVE=y ZONE_DEVICE=y FS_DAX=y NVDIMM_PFN=y "${peers[@]}"
report 'what the series changes builds for arm64' builds

# It has X86_64, but not the memory map of a PC.
small_build um ARCH=um SUBARCH=x86_64 CC='ccache gcc'
report 'Kconfig leaves the driver out of User Mode Linux' left_out 64BIT=y FS_DAX=n
