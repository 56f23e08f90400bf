#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Contents survive a warm reboot: the machine is reset, the kernel boots again,
# and the filesystem on the same memory is whole.
#
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# reboots: 1
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
file=/mnt/file

if [ "$PMEM_BOOT" = 0 ]; then
	mkfs.ext4 -q -E nodiscard /dev/pmem1
	mount -o dax /dev/pmem1 /mnt
	dd if=/dev/urandom of="$file" bs=1M count=64 status=none
	sha256sum < "$file" > "$PMEM_SHARE/sum"
	cat /proc/sys/kernel/random/boot_id > "$PMEM_SHARE/boot_id"
	umount /mnt
	sync
	echo 'resetting the machine'
	"$PMEM_RESET"
fi

another_boot() { ! cmp -s /proc/sys/kernel/random/boot_id "$PMEM_SHARE/boot_id"; }
clean() { e2fsck -fn /dev/pmem1; }
same_file() { [ "$(sha256sum < "$file")" = "$(cat "$PMEM_SHARE/sum")" ]; }

report 'the machine has booted again' another_boot
report 'the filesystem is clean' clean
mount -o dax /dev/pmem1 /mnt
report 'the file is as it was' same_file
umount /mnt
