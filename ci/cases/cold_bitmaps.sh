#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An allocation on a filesystem with cold block bitmaps reads few of them: each group
# has free space, but none has a free chunk or 1 MiB of contiguous space. The case counts
# reads of the device with mb_dax_pmd=1 and with mb_dax_pmd=0, which is stock behaviour.
#
# With groups of 2 MiB, there are as many bitmaps as on a disk that is 64 times as large.
# The soak has as many as a disk of 6 TiB.
#
# memory: 101G
# cmdline: memmap=96G$4G
# module: pmem start=4 size=96 count=1
# tools: yes
# timeout: 300 3600
# soak: 96G
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

size=${1:-8G}
# lazy initialization would leave groups without a bitmap
make_filesystem "$size" -g 512 -N $((${size%G} * 8192)) \
	-O meta_bg,^resize_inode,^uninit_bg,^metadata_csum -E nodiscard,lazy_itable_init=0
mount -o dax /dev/pmem0 /mnt/mem

# holes FILE: remove all but one block of each MiB of a file. The extent tree needs
# blocks for that; freed blocks can be used after a commit.
holes() {
	local i mib=$(($(stat -c %s "$1") >> 20))
	for ((i = 0; i <= mib; i++)); do
		echo "fpunch ${i}m 1020k"
		((i % 100)) || echo syncfs
	done | xfs_io "$1" > /dev/null
}

# fill all of the space, including the blocks that ext4 reserves
echo 0 > /sys/fs/ext4/pmem0/reserved_clusters
free=$(($(stat -f -c '%a * %S' /mnt/mem) >> 20))
fallocate -l $((free * 98 / 100))M /mnt/mem/most
dd if=/dev/zero of=/mnt/mem/rest bs=1M status=none 2> /dev/null || true
truncate -s -512K /mnt/mem/rest
sync -f /mnt/mem
holes /mnt/mem/most
holes /mnt/mem/rest
umount /mnt/mem
echo "# $((${size%G} * 512)) groups"

echo 1 > /sys/block/pmem0/queue/iostats
reads() { awk '{ print $1 }' /sys/block/pmem0/stat; }

# reads_of SWITCH COMMAND...: set READS to the number of reads of the device, on a
# filesystem that was just mounted, without the thread that prefetches bitmaps
reads_of() {
	local before
	mount -o dax,no_prefetch_block_bitmaps /dev/pmem0 /mnt/mem
	echo "$1" > /sys/fs/ext4/pmem0/mb_dax_pmd
	before=$(reads)
	"${@:2}" > /dev/null
	sync -f /mnt/mem
	READS=$(($(reads) - before))
	umount /mnt/mem
}

made() { mkdir "/mnt/mem/$1"; }
written_1() { xfs_io -f -c 'pwrite -b 1m 0 1m' "/mnt/mem/$1"; }
written_8() { xfs_io -f -c 'pwrite -b 8m 0 8m' "/mnt/mem/$1"; }

# within READS STOCK
within() { [ "$1" -gt 0 ] && [ "$2" -gt 0 ] && [ "$1" -le $(($2 + 32)) ]; }

# few COMMAND WHAT: COMMAND gets the name of a file to make
few() {
	local stock
	reads_of 0 "$1" "$1.stock"
	stock=$READS
	reads_of 1 "$1" "$1"
	report "$2 with cold bitmaps: $READS reads of the device, at most 32 more than with mb_dax_pmd=0 ($stock)" \
		within $READS "$stock"
}

few made 'mkdir'
few written_1 '1 MiB by write()'
few written_8 '8 MiB by write()'
e2fsck -fn /dev/pmem0 > /run/fsck 2>&1 || { cat /run/fsck; exit 1; }

# Only the last groups have whole chunks; the allocator finds them at once.
make_filesystem 4G
mount -o dax /dev/pmem0 /mnt/mem
{
	echo 'falloc 0 3400m'
	for ((i = 0; i < 3400 * 8; i++)); do
		echo "fpunch $((i * 128))k 64k"
	done
} | xfs_io -f /mnt/mem/holes > /dev/null
umount /mnt/mem
mount -o dax,no_prefetch_block_bitmaps /dev/pmem0 /mnt/mem
percent=$(placement --dir /mnt/mem --way write-4k --mib 64 --files 1 | awk '{ print int($4) }')
report "64 MiB by writes of 4 KiB just after a mount: 2 MiB pages map $percent %, at least 96" \
	[ "$percent" -ge 96 ]
end_tests
