#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Partitioners with their defaults start partitions on a 2 MiB border, so a file on
# one of them still maps in 2 MiB pages. Of one elsewhere ext4 tells the user.
#
# allows: EXT4-fs (pmem1p1): no 2 MiB pages for DAX: block 0 is 1024 KiB past .*
# memory: 9G
# allows: EXT4-fs (pmem2): no DAX with blocks of 1024 bytes.*
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=4
# timeout: 300
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
mkdir -p /mnt/mem

with_fdisk_dos() { printf 'o\nn\np\n\n\n\nw\n' | fdisk -w always "$1"; }
with_fdisk_gpt() { printf 'g\nn\n\n\n\nw\n' | fdisk -w always "$1"; }
with_sfdisk() { printf ',\n' | sfdisk -w always "$1"; }
with_parted() { parted -s -a optimal "$1" mklabel gpt mkpart data ext4 0% 100%; }

# border PARTITION: it starts on one; says where
border() {
	local start
	start=$(cat "/sys/class/block/$1/start")
	echo "starts at sector $start"
	[ $((start % 4096)) = 0 ]
}
huge() {
	local said
	mkfs.ext4 -q "/dev/$1" && mount -o dax "/dev/$1" /mnt/mem || return
	said=$(PMEM_TEST_DIR=/mnt/mem "$PMEM_KERNEL/selftests/pmem/huge_pages" 2>&1)
	umount /mnt/mem
	grep -q '^ok 1 4 of 4 mappings' <<< "$said" || { echo "$said"; return 1; }
}

disk=0
for tool in fdisk_dos fdisk_gpt sfdisk parted; do
	part=pmem${disk}p1
	report "$tool makes a partition" "with_$tool" "/dev/pmem$disk"
	report "the partition of $tool begins on a 2 MiB border" border "$part"
	echo "# $tool: $(border "$part")"
	report "a file on the partition of $tool maps in 2 MiB pages" huge "$part"
	disk=$((disk + 1))
done

printf 'start=2048\n' | sfdisk -q -X dos -w always /dev/pmem1
mkfs.ext4 -q -E nodiscard /dev/pmem1p1
warned() {
	mount -o dax /dev/pmem1p1 /mnt/mem &&
		dmesg | grep -F 'EXT4-fs (pmem1p1): no 2 MiB pages for DAX: block 0 is 1024 KiB past a multiple of that in memory'
}
report 'a partition that begins elsewhere is mounted, with a warning' warned
cannot() {
	! echo 1 2> /run/said > /sys/fs/ext4/pmem1p1/mb_dax_pmd &&
		grep 'Operation not supported' /run/said
}
report 'and its files cannot be placed for 2 MiB pages' cannot
umount /mnt/mem


mkfs.ext4 -q -F -b 1024 /dev/pmem2
block_size() {
	! mount -o dax /dev/pmem2 /mnt/mem 2> /dev/null &&
		dmesg | grep EXT4-fs | tail -n 1 | grep -F 'no DAX with blocks of 1024 bytes; it takes blocks of the page size, by mkfs.ext4 -b 4096'
}
report 'the last line about a filesystem with blocks of 1 KiB says what size DAX takes' block_size
mkfs.ext4 -q -F /dev/pmem0
echo "# mkfs.ext4: $(dumpe2fs -h /dev/pmem0 2> /dev/null | grep -i 'raid\|block size' | tr -s ' ' | paste -sd,)"
