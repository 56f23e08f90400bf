#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module is loaded and unloaded many times, with I/O in between: data survives, no
# memory leaks, and a module with a disk in use cannot be unloaded.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G
# timeout: 200 1500
# soak: 200
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
cycles=20
! on_debug_kernel || cycles=3
cycles=${1:-$cycles}
data=/run/data
mkdir -p /mnt/mem

# One cycle is two loads: one of each map mode, on its own half of the memory.
cycle() {
	modprobe pmem ranges=2G@4G/2 || return
	if [ -e $data ]; then
		cmp -n $((8 << 20)) $data /dev/pmem1 || return
	fi
	dd if=/dev/urandom of=$data bs=1M count=8 status=none &&
		dd if=$data of=/dev/pmem1 bs=1M oflag=direct status=none &&
		rmmod pmem &&
	modprobe pmem ranges=2G@6G map=dev && mount -o dax /dev/pmem0 /mnt/mem &&
		if [ -e /mnt/mem/data ]; then cmp /mnt/mem/data $data.before; fi &&
		cp $data /mnt/mem/data && cp $data $data.before && umount /mnt/mem &&
		rmmod pmem
}

all_cycles() {
	local i
	for ((i = 1; i <= cycles; i++)); do
		cycle || { echo "cycle $i"; return 1; }
	done
}

modprobe pmem ranges=2G@6G map=dev
mkfs.ext4 -q -E nodiscard /dev/pmem0
rmmod pmem
report 'one cycle of two loads succeeds' cycle
# a debug kernel delays the reuse of freed memory
on_debug_kernel || before=$(free_kib 0)
report "$cycles cycles of two loads succeed, and data survives" all_cycles
few() { [ "$1" -lt 4096 ]; }
if ! on_debug_kernel; then
	lost=$((before - $(free_kib 0)))
	report "$cycles cycles leak less than 4 MiB of memory ($lost KiB)" few $lost
fi

modprobe pmem ranges=2G@6G map=dev
mount -o dax /dev/pmem0 /mnt/mem
refused() { ! rmmod pmem 2> /run/said && grep 'in use' /run/said; }
report 'rmmod is refused while a filesystem is mounted' refused
report 'the file has its contents after the refused rmmod' cmp /mnt/mem/data $data
umount /mnt/mem
exec 5< /dev/pmem0
report 'rmmod is refused while a disk is open' refused
exec 5<&-
twice() { ! insmod "$(modinfo -F filename pmem)" 2> /run/said && grep 'File exists' /run/said; }
report 'loading the module twice is refused' twice
rmmod pmem
end_tests
