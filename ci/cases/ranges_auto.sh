#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ranges=auto takes all RAM that memmap= reserved: not what another driver uses, not what
# is no RAM. RAM ends at 16 GiB.
#
# memory: 14G
# cpus: 1
# cmdline: memmap=2G$6G memmap=1G$10G memmap=1G$12G memmap=1G$15872M
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"

# ranges: start and size of each device, in MiB
ranges() {
	local disk
	for disk in /sys/block/pmem*; do
		echo "${disk##*/} $(($(< "$disk/pmem/start") >> 20)) $(($(< "$disk/pmem/size") >> 20))"
	done
}
are() { [ "$(ranges)" = "$1" ] || { ranges; return 1; }; }
logged() { dmesg --kernel | grep -F -- "$1" || { dmesg --kernel | tail -n 5; return 1; }; }

modprobe ramoops mem_address=0x300000000 mem_size=0x100000
before=$(cat /proc/iomem)
modprobe pmem ranges=auto
report 'ranges=auto: a device in each range, in the order of addresses' are \
	"pmem0 6144 2048
pmem1 10240 1024
pmem2 15872 512"
report 'the log names the range that another driver uses' logged \
	'ranges=auto: leaving [mem 0x300000000-0x33fffffff], which another driver uses; see /proc/iomem'
rmmod pmem
report '/proc/iomem is as before' test "$(cat /proc/iomem)" = "$before"
rmmod ramoops

modprobe pmem ranges=auto/3
report 'ranges=auto/3: three devices in each range, in multiples of 2 MiB' are \
	"pmem0 6144 682
pmem1 6826 682
pmem10 16042 170
pmem11 16212 170
pmem2 7508 682
pmem3 10240 340
pmem4 10580 340
pmem5 10920 340
pmem6 12288 340
pmem7 12628 340
pmem8 12968 340
pmem9 15872 170"
rmmod pmem
end_tests
