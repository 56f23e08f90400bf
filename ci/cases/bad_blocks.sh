#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a file with poisoned pages does beyond what the selftest poison checks: the bytes
# before a poisoned page can be read, a write that does not repair fails, a filesystem
# with a bad block in its first 2 MiB still has 2 MiB pages, and programs that map a page
# get SIGBUS even if the badblocks list is full.
#
# allows: Memory failure: .*
# allows: MCE: Killing python3.*
# allows: pmem: pmem0: badblocks list is full, cannot add sectors .*
# allows: pmem_add_poison: .* callbacks suppressed
# memory: 6G
# cmdline: memmap=1G$4G
# module: pmem start=4 size=1 count=1
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
inject=/sys/kernel/debug/pmem/pmem0/inject_poison
mkdir -p /mnt/mem

# before anything is poisoned, which the driver has a flag for
by_hand() {
	local bad=/sys/block/pmem0/badblocks
	echo 80 8 > $bad && grep -qx '80 8' $bad &&
		! dd if=/dev/pmem0 of=/dev/null bs=4096 skip=10 count=1 iflag=direct 2> /run/said &&
		grep -q 'Input/output error' /run/said &&
		dd if=/dev/zero of=/dev/pmem0 bs=4096 seek=10 count=1 oflag=direct conv=notrunc status=none &&
		! grep -q . $bad && echo 80 8 > $bad && blkdiscard -z -f -o 40960 -l 4096 /dev/pmem0 && ! grep . $bad
}
report 'overwriting repairs sectors that were written to badblocks' by_hand

mkfs.ext4 -q -b 4096 -E nodiscard /dev/pmem0
mount -o dax /dev/pmem0 /mnt/mem
fallocate -l 2M /mnt/mem/file
dd if=/dev/urandom of=/run/good bs=64K count=1 status=none
dd if=/run/good of=/mnt/mem/file bs=64K conv=notrunc status=none
sync
start=$(filefrag -v -b4096 /mnt/mem/file | awk '$1 == "0:" { print $4 + 0 }')

# poison PAGE: of the file
poison() { echo $(((start + $1) * 4096)) 4096 > $inject; }

poison 4
good_bytes() {
	python3 - << 'PY'
import os
fd = os.open("/mnt/mem/file", os.O_RDONLY)
data = os.pread(fd, 8 * 4096, 0)
assert len(data) == 4 * 4096, len(data)
assert data == open("/run/good", "rb").read(4 * 4096)
assert len(os.pread(fd, 8 * 4096, 5 * 4096)) == 8 * 4096
PY
}
report 'read() returns the bytes before a poisoned page' good_bytes

# the first block of the data is in the chunk of block 0
echo $((300 * 4096)) 4096 > $inject
umount /mnt/mem
huge_pages_on() {
	mount -o dax /dev/pmem0 /mnt/mem && [ "$(cat /sys/fs/ext4/pmem0/mb_dax_pmd)" = 1 ]
}
report 'ext4 uses 2 MiB pages although the first 2 MiB have a bad block' huge_pages_on
dd if=/dev/zero of=/dev/pmem0 bs=4096 seek=300 count=1 oflag=direct conv=notrunc status=none

# stuck: a write to a page that stays bad fails, and one after that time does not. The
# driver tells fs/dax.c that no byte was copied, which returns EFAULT for that.
stuck() {
	local address=$(((start + 12) * 4096))
	echo $address 4096 > /sys/kernel/debug/pmem/pmem0/inject_stuck && poison 12 || return
	! dd if=/run/good of=/mnt/mem/file bs=4096 seek=12 count=1 conv=notrunc 2> /run/said &&
		grep 'Bad address\|Input/output error' /run/said &&
		grep -qx "$((address / 512)) 8" /sys/block/pmem0/badblocks || return
	echo 0 0 > /sys/kernel/debug/pmem/pmem0/inject_stuck &&
		dd if=/run/good of=/mnt/mem/file bs=4096 seek=12 count=1 conv=notrunc status=none &&
		! grep -x "$((address / 512)) 8" /sys/block/pmem0/badblocks
}
report 'a write to a page that stays bad fails, and a later one repairs it' stuck

# The second half of the device is free; a list has room for 512 entries.
fill_list() {
	local sector
	for ((sector = 1 << 20; sector < (1 << 20) + 2048; sector += 2)); do
		echo $((sector * 512)) 512 2> /run/said > $inject ||
			{ grep 'No space left' /run/said; return; }
	done
	return 1
}
report 'the badblocks list can be filled' fill_list

# all 512 entries do not fit into a page; the harness fails if sysfs warns
whole_lines() {
	local list=/sys/block/pmem0/badblocks
	[ "$(wc -c < $list)" -lt 4096 ] && [ "$(wc -l < $list)" -gt 300 ] && ! grep -Evx '[0-9]+ [0-9]+' $list &&
		[ "$(tail -c 1 $list | od -An -c | tr -d ' ')" = '\n' ]
}
report 'the end of a long list is a whole line' whole_lines

# killed PAGE: a process that maps this page of the file and poisons it dies of SIGBUS
killed() {
	local status=0
	python3 - /mnt/mem/file $(($1 * 4096)) "$inject" $(((start + $1) * 4096)) << 'PY' || status=$?
import mmap, os, sys
file, offset, inject, address = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
page = mmap.mmap(os.open(file, os.O_RDWR), 4096, offset=offset)
page[0] = 1
os.write(os.open(inject, os.O_WRONLY), f"{address} 4096".encode())
PY
	echo "status $status"
	[ $status = $((128 + $(kill -l BUS))) ]
}
report 'a process that maps a page gets SIGBUS even if the list is full' killed 9
end_tests
