#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two NUMA nodes with a range on each: devices are numbered in the order of the
# ranges, each one's page descriptors are on its own node, and with map=dev they
# cost no ordinary memory. A filesystem is found again at the next load.
#
# allows: pmem: .* was used with map=dev .*
# allows: pmem: .* holds .* that map=dev would write over.*
# allows: pci_bus 0000:00: Unknown NUMA node; .*
# memory: 36G 34G
# cmdline: memmap=32G$4G memmap=32G$38G
# timeout: 300
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"

GIB=$((1 << 30))

# cost NODES PARAMETER...: KiB of these nodes' memory that loading takes
cost() {
	local nodes=$1 before after
	shift
	# shellcheck disable=SC2086
	before=$(free_kib $nodes)
	modprobe pmem "$@"
	# shellcheck disable=SC2086
	after=$(free_kib $nodes)
	rmmod pmem
	echo $((before - after))
}

at_most() { [ "$2" -le "$1" ] || { echo "$2 is more than $1"; return 1; }; }
at_least() { [ "$2" -ge "$1" ] || { echo "$2 is less than $1"; return 1; }; }

both=32G@4G,32G@38G
if ! on_debug_kernel; then
	modprobe pmem ranges=$both map=dev
	rmmod pmem
	dev=$(cost '0 1' ranges=$both map=dev)
	mem=$(cost '0 1' ranges=$both map=mem)
	node0=$(cost 0 ranges=32G@38G map=mem)
	node1=$(cost 1 ranges=32G@38G map=mem)
	report "64 GiB with map=dev take at most 2 MiB of ordinary memory ($dev KiB)" at_most 2048 "$dev"
	report "64 GiB with map=mem take 1 GiB of it ($mem KiB)" at_least 1040000 "$mem"
	report "page descriptors of memory on node 1 are on node 1 ($node1 KiB)" at_least 520000 "$node1"
	report "and not on node 0 ($node0 KiB)" at_most 2048 "$node0"
fi

# is FILE VALUE: a file below /sys/block reads that value
is() { [ "$(cat "/sys/block/$1")" = "$2" ] || { cat "/sys/block/$1"; return 1; }; }
parsed() {
	[ "$(lsblk -bdno SIZE "/dev/$1")" = "$2" ] || { lsblk -b "/dev/$1"; return 1; }
}

modprobe pmem ranges=32G@38G/2,32G@4G map=mem
report 'the first range has the first devices' is pmem0/pmem/start 0x980000000
report 'and the rest of it the next' is pmem1/pmem/start 0xd80000000
report 'the second range has the last' is pmem2/pmem/start 0x100000000
report 'the first device is on node 1' is pmem0/pmem/numa_node 1
report 'the last device is on node 0' is pmem2/pmem/numa_node 0
report 'with map=mem all of the memory is disk' parsed pmem0 $((16 * GIB))
rmmod pmem

# 2 MiB for the info block, and 64 bytes for each page
modprobe pmem ranges=$both map=dev
report 'the map mode can be read' is pmem0/pmem/map dev
report 'with map=dev 514 MiB of 32 GiB are no disk' parsed pmem0 $((32 * GIB - (514 << 20)))
report 'and the data starts behind them' is pmem0/pmem/data_start 0x120200000
mkfs.ext4 -q -E nodiscard /dev/pmem1
mkdir -p /mnt/mem
mount -o dax /dev/pmem1 /mnt/mem
dd if=/dev/urandom of=/mnt/mem/file bs=1M count=64 status=none
sum=$(sha256sum < /mnt/mem/file)
PMEM_TEST_DIR=/mnt/mem "$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:huge_pages
umount /mnt/mem
rmmod pmem

same() {
	mount -o dax /dev/pmem1 /mnt/mem && [ "$(sha256sum < /mnt/mem/file)" = "$sum" ] &&
		umount /mnt/mem && e2fsck -fn /dev/pmem1
}
log_has() { dmesg | tail -n 5 | grep -q "$1" || { dmesg | tail -n 5; return 1; }; }

# the other mode destroys nothing, and says that there is something
modprobe pmem ranges=$both map=mem
report 'map=mem tells that the range was used with map=dev' \
	log_has 'pmem1: .* was used with map=dev as a range of 32768 MiB before'
rmmod pmem
modprobe pmem ranges=$both map=dev
report 'the filesystem is found again by the same parameters' same
rmmod pmem

# and a filesystem of map=mem is safe from map=dev
modprobe pmem ranges=32G@4G map=mem
mkfs.ext4 -q -E nodiscard /dev/pmem0
rmmod pmem
refused() { ! modprobe pmem ranges=32G@4G map=dev 2> /dev/null; }
report 'map=dev does not load over a filesystem' refused
report 'and says why' log_has 'holds an ext2, ext3 or ext4 filesystem that map=dev would write over'
modprobe pmem ranges=32G@4G map=mem
report 'which is whole' e2fsck -fn /dev/pmem0
wipefs -qa /dev/pmem0
rmmod pmem
report 'after wipefs it does load' modprobe pmem ranges=32G@4G map=dev
rmmod pmem

# nor does it where the first disk is empty, but another began in what is written
small=64M@4G,64M@4160M
modprobe pmem ranges=$small map=mem
mkfs.ext4 -q -E nodiscard /dev/pmem1
rmmod pmem
report 'map=dev does not load over the filesystem of a later disk' refused
report 'and says where that is' log_has 'would write over, at 0x104000000; '
modprobe pmem ranges=$small map=mem
report 'the filesystem is whole' e2fsck -fn /dev/pmem1
rmmod pmem
refused
wipe=$(dmesg | sed -n 's/.* with map=mem to wipe it (\(blkdiscard [^)]*\)).*/\1/p' | tail -n 1)
modprobe pmem ranges=32G@4G map=mem
# shellcheck disable=SC2086 # it is a command
report "what the line says wipes it: $wipe" $wipe
rmmod pmem
report 'and then map=dev loads' modprobe pmem ranges=32G@4G map=dev
rmmod pmem

# wipe SIZE: forget what map=dev left at the beginning, up to 4 GiB of it, and a
# filesystem behind that
wipe() {
	modprobe pmem "ranges=$1@4G" map=mem
	blkdiscard -f -l 66M /dev/pmem0
	rmmod pmem
}

# nor does it when the division changes, and what it would write over is data
wipe 32G
modprobe pmem ranges=2G@4G map=dev
mkfs.ext4 -q -E nodiscard /dev/pmem0
rmmod pmem
report 'map=dev does not load over the data of a smaller device' refused
modprobe pmem ranges=2G@4G map=dev
report 'whose filesystem is whole' e2fsck -fn /dev/pmem0
rmmod pmem

# nor over the middle of the data of a larger one, which can be wiped with map=mem
wipe 4G
modprobe pmem ranges=4G@4G map=dev
rmmod pmem
split() { ! modprobe pmem ranges=4G@4G/2 map=dev 2> /dev/null; }
report 'map=dev does not load over a part of a larger device' split
report 'and says what it was' log_has 'was used with map=dev as a range of 4096 MiB; load it like that'
wipe 4G
report 'but does when that is wiped' modprobe pmem ranges=4G@4G/2 map=dev
rmmod pmem
