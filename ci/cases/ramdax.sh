#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mainline's ramdax and this driver side by side, on 2 GiB each: both give disks whose
# files 2 MiB pages map. Prints what each takes.
#
# allows: pmem: pmem.*: .* holds the info block of a map=dev device .*
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 14G
# cmdline: memmap=2G!4G memmap=2G$8G
# bases: mainline
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
# shellcheck source=ci/lib/peers.sh
. "${0%/cases/*}/lib/peers.sh"
export PMEM_TEST_DIR=/mnt/mem
mkdir -p "$PMEM_TEST_DIR"

ramdax_disks() {
	for _ in 1 2; do
		ndctl create-namespace --mode=fsdax --map="$1" --size=1008M || return
	done
}

our_disks() {
	modprobe pmem start=8 size=2 count=2 map="$1"
}

# two_disks NAME COMMAND...: sets DISKS
two_disks() {
	local name=$1
	free=$(free_kib 0)
	shift
	new_disks report "$name gives two disks" "$@"
	echo "# $name: $((free - $(free_kib 0))) KiB of RAM, disks of $(blockdev --getsize64 "${DISKS[@]}" | paste -sd' ') bytes"
}

# maps_huge DISK: a file on it
maps_huge() {
	mkfs.ext4 -q -F -E nodiscard "$1" && mount -o dax "$1" "$PMEM_TEST_DIR"
	selftests huge_pages
	umount "$PMEM_TEST_DIR"
}

report 'ramdax takes the memory' bind_ramdax
for map in dev mem; do
	two_disks "ramdax with map=$map" ramdax_disks $map
	theirs=$(blockdev --getsize64 "${DISKS[0]}")
	maps_huge "${DISKS[0]}"
	ndctl destroy-namespace --force all

	two_disks "this driver with map=$map" our_disks $map
	report "the disks are not smaller than those of ramdax with map=$map" \
		[ "$(blockdev --getsize64 "${DISKS[0]}")" -ge "$theirs" ]
	maps_huge "${DISKS[0]}"
	wipefs -qa "${DISKS[0]}"
	rmmod pmem
done
end_tests
