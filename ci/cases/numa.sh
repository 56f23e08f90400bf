#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two NUMA nodes with a range on each: devices are numbered in the order of the
# ranges, the struct pages of each are on its own node, and with map=dev they
# take no ordinary memory. The next load finds a filesystem again.
#
# allows: pmem: .* holds the info block of a map=dev device .*
# allows: pci_bus 0000:00: Unknown NUMA node; .*
# memory: 36G 34G
# cmdline: memmap=32G$4G memmap=32G$38G
# timeout: 300
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"

GIB=$((1 << 30))

# cost NODES PARAMETER...: KiB of these nodes' memory that loading takes; the least of
# three loads, because other tasks take memory too
cost() {
	local nodes=$1 before after
	shift
	for _ in 1 2 3; do
		# shellcheck disable=SC2086
		before=$(free_kib $nodes)
		modprobe pmem "$@"
		# shellcheck disable=SC2086
		after=$(free_kib $nodes)
		rmmod pmem
		echo $((before - after))
	done | sort -n | sed -n 1p
}

at_most() { [ "$2" -le "$1" ] || { echo "$2 is more than $1"; return 1; }; }
at_least() { [ "$2" -ge "$1" ] || { echo "$2 is less than $1"; return 1; }; }

both=32G@4G,32G@38G
if ! on_debug_kernel; then
	modprobe pmem ranges=$both map=dev
	rmmod pmem
	# the code of a module can take a page of 2 MiB
	dev=$(cost '0 1' ranges=$both map=dev)
	mem=$(cost '0 1' ranges=$both map=mem)
	node0=$(cost 0 ranges=32G@38G map=mem)
	node1=$(cost 1 ranges=32G@38G map=mem)
	report "64 GiB with map=dev take at most 4 MiB of ordinary memory ($dev KiB)" at_most 4096 "$dev"
	report "64 GiB with map=mem take 1 GiB of ordinary memory ($mem KiB)" at_least 1040000 "$mem"
	report "struct pages of memory on node 1 are on node 1 ($node1 KiB)" at_least 520000 "$node1"
	report "struct pages of memory on node 1 take at most 2 MiB of node 0 ($node0 KiB)" at_most 2048 "$node0"
fi

# is FILE VALUE: a file below /sys/block reads that value
is() { [ "$(cat "/sys/block/$1")" = "$2" ] || { cat "/sys/block/$1"; return 1; }; }
# disk_size DISK BYTES
disk_size() {
	[ "$(lsblk -bdno SIZE "/dev/$1")" = "$2" ] || { lsblk -b "/dev/$1"; return 1; }
}

modprobe pmem ranges=32G@38G/2,32G@4G map=mem
report 'the first range has the first devices' is pmem0/pmem/start 0x980000000
report 'the second half of the first range has the second device' is pmem1/pmem/start 0xd80000000
report 'the second range has the last device' is pmem2/pmem/start 0x100000000
report 'the first device is on node 1' is pmem0/device/numa_node 1
report 'the last device is on node 0' is pmem2/device/numa_node 0
report 'with map=mem the disk has all of the memory' disk_size pmem0 $((16 * GIB))
rmmod pmem

# 2 MiB for the info block, and 64 bytes for each page
modprobe pmem ranges=$both map=dev
report 'sysfs has the map mode' is pmem0/pmem/map dev
report 'with map=dev the disk is 514 MiB smaller than its 32 GiB' disk_size pmem0 $((32 * GIB - (514 << 20)))
report 'with map=dev the data starts after 514 MiB' is pmem0/pmem/data_start 0x120200000
mkfs.ext4 -q -E nodiscard /dev/pmem1
mkdir -p /mnt/mem
mount -o dax /dev/pmem1 /mnt/mem
dd if=/dev/urandom of=/mnt/mem/file bs=1M count=64 status=none
sum=$(sha256sum < /mnt/mem/file)
export PMEM_TEST_DIR=/mnt/mem
selftests huge_pages
umount /mnt/mem
rmmod pmem

same() {
	mount -o dax /dev/pmem1 /mnt/mem && [ "$(sha256sum < /mnt/mem/file)" = "$sum" ] &&
		umount /mnt/mem && e2fsck -fn /dev/pmem1
}
log_has() { grep -q "$1" <(dmesg | tail -n 5) || { dmesg | tail -n 5; return 1; }; }

# map=mem overwrites nothing, and logs that it found an info block
modprobe pmem ranges=$both map=mem
report 'map=mem warns that the range was used with map=dev' \
	log_has 'pmem1: .* holds the info block of a map=dev device of 32768 MiB; to get'
rmmod pmem
modprobe pmem ranges=$both map=dev
report 'a load with the same parameters finds the filesystem again' same
rmmod pmem

end_tests
