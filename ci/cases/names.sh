#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# If another driver has named a disk pmem0 without a number from memregion_alloc(), the
# devices get the next free names, and the kernel log reports it.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mount -t configfs configfs /sys/kernel/config
modprobe null_blk nr_devices=0
nullb=/sys/kernel/config/nullb

# foreign NAME: a disk of another driver
foreign() {
	mkdir "$nullb/$1"
	echo 16 > "$nullb/$1/size"
	echo 1 > "$nullb/$1/power"
}

our_disks() {
	find /sys/devices/platform/pmem.*/block -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd' '
}
disks_are() { [ "$(our_disks)" = "$1" ] || { our_disks; return 1; }; }
logged() { dmesg --kernel | grep -F -- "$1" || { dmesg --kernel | tail -n 5; return 1; }; }

foreign pmem0
foreign pmem2
modprobe pmem start=4 size=4 count=2
report 'the devices get the free names, pmem1 and pmem3' disks_are 'pmem1 pmem3'
report 'the log reports that number 0 is taken' logged \
	'pmem: number 0 is taken by another driver; [mem 0x100000000-0x17fffffff] becomes pmem1'
report 'the log reports that number 2 is taken' logged \
	'pmem: number 2 is taken by another driver; [mem 0x180000000-0x1ffffffff] becomes pmem3'
same_data() {
	dd if=/dev/urandom of=/run/data bs=1M count=4 status=none &&
		dd if=/run/data of=/dev/pmem3 oflag=direct bs=1M status=none &&
		cmp -n $((4 << 20)) /run/data /dev/pmem3
}
report 'a device with another number returns what was written to it' same_data
rmmod pmem

rmdir "$nullb/pmem0"
modprobe pmem start=4 size=4 count=2
report 'the devices get a name that is free again' disks_are 'pmem0 pmem1'
rmmod pmem
end_tests
