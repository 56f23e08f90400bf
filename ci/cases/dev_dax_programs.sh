#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What people use device DAX for works: fio verifies what it wrote, a tool of PMDK copies to
# a device, and, with an argument, a virtual machine has its memory on one, or on a
# file in 2 MiB pages.
#
# memory: 10G
# cmdline: memmap=4G$4G
# module: device_dax
# module: pmem ranges=1G@4G:dax,1G@5G:dax,2G@6G
# timeout: 120 900
# soak: all
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/mem /run/inner

verified() {
	fio --name=verify --ioengine=dev-dax --filename=/dev/dax0.0 --rw=randwrite --bs=64k \
		--size=1G --io_size=64M --verify=crc32c --verify_fatal=1 --randrepeat=1 > /run/fio 2>&1 &&
		grep -q 'err= 0' /run/fio && grep -q 'READ:.*io=64' /run/fio ||
		{ cat /run/fio; return 1; }
}
report 'fio verifies what it wrote' verified

pool() { objects --keys 1000 fill /dev/dax1.0 && objects --keys 1000 verify /dev/dax1.0; }
# libpmemobj 1.12 asks libndctl for the bad blocks of a device, and crashes if it is not one
# of nvdimm; daxio asks only to clear them
copy() {
	daxio --clear-bad-blocks=no -i /run/data -o /dev/dax1.0 &&
		daxio --clear-bad-blocks=no -i /dev/dax1.0 -o /run/copied -l 16M && cmp /run/data /run/copied
}
dd if=/dev/urandom of=/run/data bs=1M count=16 status=none
report 'daxio copies a file to a device and back' copy

if [ $# = 0 ]; then
	end_tests
	exit
fi

# A machine in the machine. Its first process fills 16 MiB, reads them back, and says so.
token=$(tr -d - < /proc/sys/kernel/random/uuid)
gcc -static -O2 -o /run/inner/init -x c - <<- END
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/reboot.h>
	#include <unistd.h>
	#define PAGES 4096
	int main(void)
	{
		static char pages[PAGES][4096] __attribute__((aligned(4096)));
		int i, bad = 0;

		for (i = 0; i < PAGES; i++)
			sprintf(pages[i], "$token %d", i);
		for (i = 0; i < PAGES; i++) {
			char wanted[64];

			sprintf(wanted, "$token %d", i);
			bad += !!strcmp(pages[i], wanted);
		}
		printf("inner machine: %d pages, %d wrong\n", PAGES, bad);
		fflush(stdout);
		sleep(1);
		reboot(RB_AUTOBOOT);
		return 0;
	}
END
mkdir /run/inner/dev
mknod /run/inner/dev/console c 5 1
(cd /run/inner && find . | cpio -o -H newc --quiet > /run/initrd)

# machine PATH SIZE [OPTION...]: its memory is there
machine() {
	timeout 250 qemu-system-x86_64 -M q35,memory-backend=ram -accel tcg -cpu max -smp 1 -m "$2" \
		-nodefaults -display none -no-reboot -serial file:/run/console \
		-object "memory-backend-file,id=ram,mem-path=$1,size=$2,share=on${3:-}" \
		-kernel "$PMEM_KERNEL/bzImage" -initrd /run/initrd \
		-append 'console=ttyS0 panic=-1 no_timer_check' < /dev/null > /run/qemu 2>&1 &&
		grep 'inner machine: 4096 pages, 0 wrong' /run/console ||
		{ cat /run/qemu; tail -n 20 /run/console; return 1; }
}
# found PATH: pages with the token, in its memory after its end
found() {
	python3 - "$1" "$token" <<- 'END'
		import mmap, os, stat, sys
		file = os.open(sys.argv[1], os.O_RDWR)
		size = os.fstat(file).st_size
		if stat.S_ISCHR(os.fstat(file).st_mode):
		    size = int(open(f"/sys/bus/dax/devices/{os.path.basename(sys.argv[1])}/size").read())
		memory = mmap.mmap(file, size)
		token = sys.argv[2].encode() + b" "
		pages = sum(memory[at:at + len(token)] == token for at in range(0, size, 4096))
		sys.exit(None if pages >= 4096 else f"{pages} pages")
	END
}
report 'a virtual machine runs on a device' machine /dev/dax0.0 1G ,align=1G
report 'the device has what it wrote' found /dev/dax0.0

mkfs.ext4 -q /dev/pmem2
mount -o dax /dev/pmem2 /mnt/mem
fallocate -l 512M /mnt/mem/ram
before=$(awk '$1 == "dax_fault_pte" { print $2 }' /proc/vmstat)
report 'a virtual machine runs on a file' machine /mnt/mem/ram 512M ,align=2M
report 'the file has what it wrote' found /mnt/mem/ram
huge() { [ "$(awk '$1 == "dax_fault_pte" { print $2 }' /proc/vmstat)" = "$before" ]; }
report 'it was mapped in 2 MiB pages only' huge
umount /mnt/mem
end_tests
