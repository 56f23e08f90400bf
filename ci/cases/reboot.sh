#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Contents survive a warm reboot and a kexec: after a reset of the machine, the filesystem
# on the same memory is clean, a file has the same bytes, and so has device DAX.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G
# module: pmem ranges=2G@4G,2G@6G:dax
# module: device_dax
# reboots: 2
# allows: Spurious LAPIC timer interrupt on cpu 0
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
file=/mnt/file how=(reset kexec)

# device_dax store|sum: 64 MiB at the start of its second half
device_dax() {
	python3 - "$1" <<- 'END'
		import hashlib, mmap, os, sys
		memory = mmap.mmap(os.open("/dev/dax1.0", os.O_RDWR), 2 << 30)
		start, end = 1 << 30, (1 << 30) + (64 << 20)
		if sys.argv[1] == "store":
		    memory[start:end] = os.urandom(end - start)
		print(hashlib.sha256(memory[start:end]).hexdigest())
	END
}

if [ "$PMEM_BOOT" = 0 ]; then
	mkfs.ext4 -q -E nodiscard /dev/pmem0
	mount -o dax /dev/pmem0 /mnt
	dd if=/dev/urandom of="$file" bs=1M count=64 status=none
	sha256sum < "$file" > "$PMEM_SHARE/sum"
	device_dax store > "$PMEM_SHARE/dax-sum"
	umount /mnt
else
	way=${how[PMEM_BOOT - 1]}
	another_boot() { ! cmp -s /proc/sys/kernel/random/boot_id "$PMEM_SHARE/boot_id"; }
	clean() { e2fsck -fn /dev/pmem0; }
	same_file() { [ "$(sha256sum < "$file")" = "$(cat "$PMEM_SHARE/sum")" ]; }
	same_device() { [ "$(device_dax sum)" = "$(cat "$PMEM_SHARE/dax-sum")" ]; }

	report "after the $way, the kernel has booted again" another_boot
	report "after the $way, the filesystem is clean" clean
	mount -o dax /dev/pmem0 /mnt
	report "after the $way, the contents of the file have survived" same_file
	umount /mnt
	report "after the $way, the contents of device DAX have survived" same_device
fi

if [ "$PMEM_BOOT" = ${#how[@]} ]; then
	end_tests
	exit
fi
cat /proc/sys/kernel/random/boot_id > "$PMEM_SHARE/boot_id"
sync
echo "next: ${how[PMEM_BOOT]}"
"${how[PMEM_BOOT]}_guest"
