#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hibernation is refused while it would lose something: an open disk, or the struct pages
# of map=dev. Suspend to RAM is not. /sys/power/pm_test ends both after the tasks are
# frozen, because the guest has no swap.
#
# allows: pmem: pmem.: hibernation is refused, .*
# memory: 6G
# cmdline: memmap=1G$4G
# module: pmem ranges=1G@4G/2
# timeout: 120
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/mem
echo freezer > /sys/power/pm_test

hibernate() { echo disk > /sys/power/state; }
suspend() { echo mem > /sys/power/state || echo freeze > /sys/power/state; }
# refused MESSAGE
refused() {
	if hibernate 2> /run/said; then
		echo 'it is not refused'
		return 1
	fi
	grep 'Device or resource busy' /run/said && dmesg --kernel | grep -F -- "pmem: $1" ||
		{ cat /run/said; dmesg --kernel | tail -n 5; return 1; }
}

report 'hibernation is allowed while no disk is open' hibernate
can_open() { : < /dev/pmem0 && : < /dev/pmem1; }
report 'disks can be opened after that' can_open
mkfs.ext4 -q /dev/pmem1
mount -o dax /dev/pmem1 /mnt/mem
dd if=/dev/urandom of=/run/data bs=1M count=4 status=none
cp /run/data /mnt/mem/data
report 'hibernation is refused while a filesystem is mounted' refused \
	'pmem1: hibernation is refused, because it would lose the contents; unmount or close the disk first'
report 'disks can be opened after the refusal' can_open
report 'the file is the same' cmp /run/data /mnt/mem/data
report 'suspend to RAM is allowed while a filesystem is mounted' suspend
umount /mnt/mem
exec 5< /dev/pmem0
report 'hibernation is refused while a disk is open' refused \
	'pmem0: hibernation is refused, because it would lose the contents; unmount or close the disk first'
exec 5<&-
report 'hibernation is allowed after it is closed' hibernate
rmmod pmem

modprobe pmem ranges=1G@4G map=dev,format
report 'hibernation is refused with map=dev' refused \
	'pmem0: hibernation is refused, because it would lose the struct pages of map=dev; remove the device first'
rmmod pmem
report 'hibernation is allowed without the driver' hibernate
end_tests
