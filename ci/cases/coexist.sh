#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This driver and drivers/nvdimm work side by side in one kernel, each on its own
# memory and with its own numbers, whichever is loaded first.
#
# With or without this driver, nd_pmem logs that it cannot guarantee persistence, for all
# memory that memmap=nn!ss marks.
#
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 14G
# cpus: 1
# cmdline: memmap=2G!4G memmap=4G$8G
# reboots: 1
# debug: no
set -euo pipefail

# disks PATTERN: the names of the pmem disks of the devices that match below platform/
disks() {
	find /sys/devices/platform -path "*/$1/block/pmem*" -prune -printf '%f\n' | sort | paste -sd' '
}

# usable DISK: ext4 on it mounts with DAX, and is clean after a write
usable() {
	mkfs.ext4 -q -F -E nodiscard "/dev/$1" && mount -o dax "/dev/$1" /mnt &&
		dd if=/dev/urandom of=/mnt/file bs=1M count=4 status=none &&
		umount /mnt && e2fsck -fn "/dev/$1" > /dev/null 2>&1
}

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
has_disks() { [ "$(wc -w <<< "$2")" = "$1" ]; }

check() {
	local order=$1 disk theirs ours
	theirs=$(disks 'e820_pmem/*')
	ours=$(disks 'pmem.*')
	report "$order: drivers/nvdimm has one disk, $theirs" has_disks 1 "$theirs"
	report "$order: this driver has two disks, $ours" has_disks 2 "$ours"
	for disk in $theirs $ours; do
		report "$order: ext4 with DAX works on $disk" usable "$disk"
	done
}

load_nvdimm() {
	local i
	modprobe -a nd_pmem nd_e820
	# libnvdimm registers its devices asynchronously
	for ((i = 0; i < 100; i++)); do
		[ -z "$(disks 'e820_pmem/*')" ] || return 0
		sleep 0.1
	done
}

load_pmem() {
	modprobe pmem start=8 size=4 count=2
}

if [ "$PMEM_BOOT" = 0 ]; then
	load_nvdimm
	load_pmem
	check 'nvdimm first'
	# libnvdimm and nd_e820 use each other and cannot be unloaded, so reboot
	reset_guest
fi

load_pmem
load_nvdimm
check 'this driver first'
end_tests
