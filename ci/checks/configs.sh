#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The driver, and what the series changes elsewhere, build without a warning
# whatever else is configured.
. "$(dirname "$0")/../common.sh"
# shellcheck source=ci/small.sh
. "$TOP/ci/small.sh"
lock_cache
small_build configs CC='ccache gcc'

# What the driver selects, because it cannot do its work without it. It compiles
# without some of these.
selects=(DAX MEMREGION SPARSEMEM_VMEMMAP MEMORY_HOTREMOVE ZONE_DEVICE TRANSPARENT_HUGEPAGE)

# What may be on or off, and the combinations that are built: not every one, but
# all, none, and each by itself against both. A line is the value of BLK_DEV_PMEM,
# which of the two it starts from, and what differs; to have something else
# checked, add it to options and add its two lines.
options=(LIBNVDIMM FS_DAX BLK_DEV_INTEGRITY NUMA X86_MCE MEMORY_FAILURE BLK_DEV_PMEM_INJECT)
variants=(
	'm on'
	'm on LIBNVDIMM=n'
	'm on FS_DAX=n'
	'm on BLK_DEV_INTEGRITY=n'
	'm on NUMA=n'
	'm on MEMORY_FAILURE=n'
	'm on MEMORY_FAILURE=n X86_MCE=n'
	'm on BLK_DEV_PMEM_INJECT=n'
	'y on'
	'y off'
	'm off'
	'm off LIBNVDIMM=y'
	'm off FS_DAX=y'
	'm off BLK_DEV_INTEGRITY=y'
	'm off NUMA=y'
	'm off BLK_DEV_PMEM_INJECT=y'
	'm off X86_MCE=y'
	'm off X86_MCE=y MEMORY_FAILURE=y'
	'm off EXT4_KUNIT_TESTS=n'
)

# builds SYMBOL=VALUE...
builds() {
	local changed name
	# it selects LIBNVDIMM
	configure vm+pmem X86_PMEM_LEGACY=n X86_MCE_INJECT=n "$@" || return
	for name in "${selects[@]}"; do
		[ "$(value "$name")" != n ] || { echo "$name is off"; return 1; }
	done
	mapfile -t changed < <(changed_objects)
	silent drivers/block/pmem/ "${changed[@]}"
}

for variant in "${variants[@]}"; do
	read -r driver start differs <<< "$variant"
	case $start in
	on) values=("${options[@]/%/=y}") ;;
	off) values=("${options[@]/%/=n}") ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	report "the driver builds as =$driver with all options $start${differs:+ but $differs}" \
		builds "BLK_DEV_PMEM=$driver" "${values[@]}" $differs
done
