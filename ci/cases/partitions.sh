#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Partitioners align partitions to 2 MiB by default, so a file on such a partition can be
# mapped in 2 MiB pages. On a misaligned partition, ext4 logs that it cannot.
#
# allows: EXT4-fs (pmem1p1): no 2 MiB pages for DAX: block 0 is 1024 KiB past .*
# allows: EXT4-fs (pmem2): DAX needs blocks of 4096 bytes, not 1024.*
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=4
# timeout: 300
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/mem

with_fdisk_dos() { printf 'o\nn\np\n\n\n\nw\n' | fdisk -w always "$1"; }
with_fdisk_gpt() { printf 'g\nn\n\n\n\nw\n' | fdisk -w always "$1"; }
with_sfdisk() { printf ',\n' | sfdisk -w always "$1"; }
with_parted() { parted -s -a optimal "$1" mklabel gpt mkpart data ext4 0% 100%; }

# aligned PARTITION: it starts at a multiple of 2 MiB; prints where
aligned() {
	local start
	start=$(cat "/sys/class/block/$1/start")
	echo "starts at sector $start"
	[ $((start % 4096)) = 0 ]
}
huge() {
	local status=0
	mkfs.ext4 -q "/dev/$1" && mount -o dax "/dev/$1" /mnt/mem || return
	PMEM_TEST_DIR=/mnt/mem "$PMEM_KERNEL/selftests/pmem/huge_pages" || status=$?
	umount /mnt/mem
	return $status
}

disk=0
for tool in fdisk_dos fdisk_gpt sfdisk parted; do
	part=pmem${disk}p1
	report "$tool makes a partition" "with_$tool" "/dev/pmem$disk"
	report "the partition of $tool is aligned to 2 MiB" aligned "$part"
	echo "# $tool: $(aligned "$part")"
	report "a file on the partition of $tool maps in 2 MiB pages" huge "$part"
	disk=$((disk + 1))
done

printf 'start=2048\n' | sfdisk -q -X dos -w always /dev/pmem1
mkfs.ext4 -q -E nodiscard /dev/pmem1p1
warned() {
	mount -o dax /dev/pmem1p1 /mnt/mem &&
		dmesg | grep -F 'EXT4-fs (pmem1p1): no 2 MiB pages for DAX: block 0 is 1024 KiB past a 2 MiB boundary in memory; align the partition or mapping to 2 MiB'
}
report 'a misaligned partition mounts with a warning' warned
cannot() {
	! echo 1 2> /run/said > /sys/fs/ext4/pmem1p1/mb_dax_pmd &&
		grep 'Operation not supported' /run/said
}
report 'mb_dax_pmd cannot be set on a misaligned partition' cannot
umount /mnt/mem

mkfs.ext4 -q -F -b 1024 /dev/pmem2
block_size() {
	! mount -o dax /dev/pmem2 /mnt/mem 2> /dev/null &&
		dmesg | grep EXT4-fs | tail -n 1 | grep -F 'DAX needs blocks of 4096 bytes, not 1024; use mkfs.ext4 -b 4096'
}
report 'mount logs the block size that DAX needs' block_size
mkfs.ext4 -q -F /dev/pmem0
echo "# mkfs.ext4: $(dumpe2fs -h /dev/pmem0 2> /dev/null | grep -i 'raid\|block size' | tr -s ' ' | paste -sd,)"
end_tests
