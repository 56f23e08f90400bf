#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ramdisk=1 makes a RAM disk: it says so, asks for no flush, refuses MAP_SYNC, keeps data
# over a reload, maps files in 2 MiB pages, and costs fewer instructions than brd. A
# repeated string instruction counts once: both copy with these.
#
# memory: 10G
# cmdline: memmap=1G$8G
# counts: yes
# bases: all
# debug: no
# timeout: 400
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
queue=/sys/block/pmem0/queue
mkdir -p /mnt/mem

# load RAMDISK
load() { modprobe pmem start=8 size=1 count=1 ramdisk="$1"; }
# is FILE TEXT
is() { [ "$(cat "$1")" = "$2" ]; }
logged() { dmesg | grep 'pmem0: .*map=mem, RAM disk$'; }

load 1
report 'the log says that it is a RAM disk' logged
report 'sysfs says that it is a RAM disk' is /sys/block/pmem0/pmem/ramdisk 1
report 'the disk has no write cache to flush' is $queue/write_cache 'write through'
report 'the disk has no FUA' is $queue/fua 0

modprobe brd rd_nr=1 rd_size=$((1 << 20))
dd if=/dev/zero of=/dev/ram0 bs=1M count=256 oflag=direct status=none
pmem_bench --counts "$PMEM_SHARE/counts" --rounds 1 \
	--cases '(read|write)-(4k|1m)-psync|write-4k-fsync|zero-2m' \
	block ours=/dev/pmem0 brd=/dev/ram0 > /run/csv
report 'reads, writes and zeroes cost fewer instructions than on brd' \
	bench_report --value total --most 0.99 --peer brd /run/csv

mkfs.ext4 -q -F -b 4096 -E nodiscard /dev/pmem0
mount -o dax /dev/pmem0 /mnt/mem
dd if=/dev/urandom of=/mnt/mem/file bs=1M count=64 conv=fsync status=none
huge() { daxmap /mnt/mem/file | awk 'END { print; exit !($1 && $1 == $2) }'; }
report '2 MiB pages map a file' huge
refused() { ! xfs_io -c 'mmap -S 0 4k' /mnt/mem/file 2> /run/said && grep -i 'not supported' /run/said; }
report 'MAP_SYNC is refused' refused
report 'fsync() has no write cache to write back' is /sys/block/pmem0/dax/write_cache 0
no_cache() { ! echo 1 2> /run/said > /sys/block/pmem0/dax/write_cache; }
report 'that cannot be changed' no_cache
dax_counts --counts "$PMEM_SHARE/counts" flushes /mnt/mem > /run/flushed
unflushed() { awk '{ print; lines += $1 } END { exit !(NR && lines < 10) }' /run/flushed; }
report 'fsync() writes back no cache line of the data' unflushed
mapped() { xfs_io -c 'mmap 0 4k' -c 'mwrite -S 0x5a 0 4k' -c 'msync -s' /mnt/mem/file; }
report 'a mapping without MAP_SYNC works' mapped
sum=$(sha256sum < /mnt/mem/file)
umount /mnt/mem

rmmod pmem
load 0
report 'without it, sysfs says so' is /sys/block/pmem0/pmem/ramdisk 0
report 'without it, the disk has a write cache' is $queue/write_cache 'write back'
mount -o dax /dev/pmem0 /mnt/mem
kept() { [ "$sum" = "$(sha256sum < /mnt/mem/file)" ]; }
syncs() { xfs_io -c 'mmap -S 0 4k' /mnt/mem/file; }
report 'without it, MAP_SYNC works' syncs
report 'a reload keeps the data' kept
umount /mnt/mem
report 'the filesystem is clean' e2fsck -fn /dev/pmem0
end_tests
