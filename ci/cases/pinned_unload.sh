#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A page in a pipe is left when its filesystem is unmounted, and the driver waits for it:
# it says so every ten seconds, lets tasks be frozen meanwhile, can be killed, and goes on
# when the page is released. On mainline the unmount waits, so that there is no such page.
#
# allows: pmem: .*stays claimed until the next boot.*
# allows: pmem: .*in use, see .*
# allows: pmem: pmem0: hibernation is refused, .*
# memory: 6G
# cmdline: memmap=1G$4G
# module: pmem ranges=1G@4G/2
# timeout: 240
# bases: 6.12
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/hold.sh
. "${0%/cases/*}/lib/hold.sh"
control=/sys/devices/pmem
mkdir -p /mnt/mem

# pin DISK: a process in the background has a page of a file in a pipe; its number is in
# HOLDER. The disk is not mounted any more.
pin() {
	mkfs.ext4 -q -F -b 4096 "/dev/$1"
	mount -o dax "/dev/$1" /mnt/mem
	dd if=/dev/urandom of=/mnt/mem/file bs=2M count=1 status=none
	hold /mnt/mem/file $((2 << 20)) pin
	umount /mnt/mem
}

waits() { dmesg --kernel | grep -c "pmem: $1: a pipe, an io_uring or a device still uses the page at 0x" || true; }
# says DISK N: N lines in less than 60 seconds
says() {
	for _ in {1..600}; do
		[ "$(waits "$1")" -lt "$2" ] || return 0
		sleep 0.1
	done
	dmesg --kernel | tail -n 5
	return 1
}
# ends PID: the process ends in less than 10 seconds
ends() {
	for _ in {1..100}; do
		[ -e "/proc/$1" ] || return 0
		sleep 0.1
	done
	return 1
}
gone() { ! grep -q '^pmem ' /proc/modules; }

pin pmem0
refused() {
	! echo "$1" 2> /run/said > "$2" && grep 'Device or resource busy' /run/said &&
		[ "$(waits pmem0)" -gt 0 ] || { cat /run/said; dmesg --kernel | tail -n 5; return 1; }
}
report 'the removal of a device is refused' refused pmem0 $control/remove
echo freezer > /sys/power/pm_test
report 'hibernation is refused' refused disk /sys/power/state
same() { mount -o dax /dev/pmem0 /mnt/mem && e2fsck -fn /dev/pmem0 > /dev/null 2>&1; umount /mnt/mem; }
report 'after that the disk can be used' same

start=$(waits pmem0)
rmmod pmem &
unloader=$!
report 'rmmod says every ten seconds that it waits' says pmem0 $((start + 2))
still() { [ -e /proc/$unloader ]; }
report 'rmmod is still there' still
freeze() { echo freeze > /sys/power/state; }
report 'tasks can be frozen meanwhile' freeze
release
report 'rmmod ends when the page is released' ends $unloader
report 'the driver is gone' gone
all_free() { ! grep pmem /proc/iomem; }
report 'all memory is free' all_free

modprobe pmem ranges=1G@4G/2
pin pmem1
start=$(waits pmem1)
rmmod pmem &
unloader=$!
report 'rmmod waits again' says pmem1 $((start + 1))
kill -9 $unloader
report 'a killed rmmod ends' ends $unloader
report 'the driver is gone after that' gone
one_claimed() { [ "$(grep -c pmem /proc/iomem)" = 1 ] && grep pmem1 /proc/iomem; }
report 'the memory of that device alone stays claimed' one_claimed
logged() { dmesg --kernel | grep 'pmem: pmem1: \[mem 0x120000000-0x13fffffff\] stays claimed until the next boot'; }
report 'the log says so' logged
taken() { ! modprobe pmem ranges=1G@4G/2 2> /run/said && grep 'resource busy' /run/said; }
report 'it cannot be taken again' taken
report 'the other one can' modprobe pmem ranges=512M@4G
rmmod pmem
release

# with struct pages on the device too
modprobe pmem ranges=256M@4G map=dev,format
pin pmem0
rmmod pmem &
unloader=$!
report 'with map=dev, rmmod waits too' says pmem0 $(($(waits pmem0) + 1))
kill -9 $unloader
report 'with map=dev, a killed rmmod ends too' ends $unloader
kill "$HOLDER"
report 'the log has no error after the page is released' ends "$HOLDER"
end_tests
