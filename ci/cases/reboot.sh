#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Contents survive a warm reboot: after a reset of the machine, the filesystem on the same
# memory is clean and a file has the same bytes.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# reboots: 1
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
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
	reset_guest
fi

another_boot() { ! cmp -s /proc/sys/kernel/random/boot_id "$PMEM_SHARE/boot_id"; }
clean() { e2fsck -fn /dev/pmem1; }
same_file() { [ "$(sha256sum < "$file")" = "$(cat "$PMEM_SHARE/sum")" ]; }

report 'the machine has booted again' another_boot
report 'the filesystem is clean' clean
mount -o dax /dev/pmem1 /mnt
report 'the contents of the file have survived' same_file
umount /mnt
end_tests
