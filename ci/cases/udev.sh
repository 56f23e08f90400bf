#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# systemd's rules make a link with the UUID of each device, which is there again after a
# load with the ranges in another order.
#
# memory: 6G
# cpus: 1
# debug: no
# cmdline: memmap=1G$4G
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
/lib/systemd/systemd-udevd --daemon
# the root of the guest is an overlay, which udevadm takes for a chroot
settle() { SYSTEMD_IGNORE_CHROOT=1 udevadm settle --timeout=30; }
# linked DISK UUID
linked() {
	[ "$(readlink -f "/dev/disk/by-id/pmem-$2")" = "/dev/$1" ] || { ls -l /dev/disk/by-id; return 1; }
}
uuid() { cat "/sys/block/$1/uuid"; }

modprobe pmem ranges=512M@4G,512M@4608M
settle
first=$(uuid pmem0) second=$(uuid pmem1)
report 'each disk has a link with its UUID' linked pmem0 "$first"
report 'the second one too' linked pmem1 "$second"
rmmod pmem
settle
no_link() { ! ls /dev/disk/by-id/pmem-*; }
report 'no link is left after unloading' no_link
modprobe pmem ranges=512M@4608M,512M@4G
settle
report 'the link leads to the same memory with another number' linked pmem1 "$first"
rmmod pmem

modprobe pmem ranges=1G@4G map=dev,format
settle
third=$(uuid pmem0)
report 'with map=dev the link has the UUID of the info block' linked pmem0 "$third"
echo pmem0 > /sys/devices/pmem/remove
settle
report 'no link is left after a removal' no_link
rmmod pmem
end_tests
