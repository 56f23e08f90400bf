#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# On i386, arm64 and User Mode Linux, Kconfig leaves the driver out, and the files that
# the series changes still build.
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/small.sh
. "$TOP/ci/lib/small.sh"
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

# The dependencies of both drivers are met as far as the architecture allows. brd is on, so
# that drivers/block/ has an object.
peers=(BLK_DEV_RAM=m LIBNVDIMM=m ND_PMEM=m)

# FS_DAX needs ZONE_DEVICE, which a 32-bit kernel cannot have;
# LIBNVDIMM needs addresses of more than 32 bits.
small_build i386 ARCH=i386 CC='ccache gcc'
pae=X86_PAE
[ "$BASE" != 6.12 ] || pae=HIGHMEM64G
report 'Kconfig leaves the driver out on i386' \
	left_out $pae=y FS_DAX=n "${peers[@]}"
report 'what the series changes builds for i386' builds

small_build arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
	CC='ccache aarch64-linux-gnu-gcc'
report 'Kconfig leaves the driver out on arm64' \
	left_out SPARSEMEM_VMEMMAP=y MEMORY_HOTPLUG=y MIGRATION=y \
	MEMORY_HOTREMOVE=y ZONE_DEVICE=y FS_DAX=y NVDIMM_PFN=y "${peers[@]}"
report 'what the series changes builds for arm64' builds

# User Mode Linux has X86_64, but not the memory map of a PC.
small_build um ARCH=um SUBARCH=x86_64 CC='ccache gcc'
report 'Kconfig leaves the driver out of User Mode Linux' left_out 64BIT=y FS_DAX=n
end_tests
