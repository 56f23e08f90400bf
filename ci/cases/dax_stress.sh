#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The contents of DAX files on ext4, XFS and, on 6.12, ext2 match a model after random
# operations: reads, writes, mappings, pins, clones, fsync() and all modes of
# fallocate(). Other processes fault the same pages and reuse freed blocks, and on ext4 one
# moves the blocks of the files.
#
# allows: EXT2-fs .pmem0.: DAX enabled. Warning: EXPERIMENTAL, use at your own risk
# allows: ext2 filesystem being mounted at .* supports timestamps until 2038-.*
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=1
# module: xfs
# module: ext2
# tools: yes
# timeout: 300 4200
# soak: 1200
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
seconds=${1:-30}
only=${2:-}

# faults KIND: their number since boot; nothing if the kernel does not count them
faults() { sed -n "s/^dax_fault_$1 //p" /proc/vmstat; }
more() { [ "$(faults pmd)" -gt "$before_pmd" ] && [ "$(faults pte)" -gt "$before_pte" ]; }
found() {
	local said
	! said=$(dax-stress --ops 200 --break 100 /mnt/mem 2>&1) &&
		grep 'byte 0x.* is .*, expected' <<< "$said"
}

# stress FILESYSTEM ARGUMENT...: run random operations with these arguments
stress() {
	report "$1: contents match the model" \
		dax-stress --jobs 2 --size 8M --beside "${@:2}" /mnt/mem
}

# clean FILESYSTEM FSCK...: unmount and check it
clean() {
	umount /mnt/mem
	report "$1: filesystem intact" "${@:2}"
}

mkdir -p /mnt/mem
if [ "${only:-ext4}" = ext4 ]; then
	mkfs.ext4 -q -E nodiscard /dev/pmem0 512M
	mount -o dax /dev/pmem0 /mnt/mem
	before_pmd=$(faults pmd)
	before_pte=$(faults pte)
	report 'a wrong byte is detected' found
	report 'ext4, without other processes: contents match the model' \
		dax-stress --seconds "$((seconds / 3))" --jobs 2 --seed 101 /mnt/mem
	[ -z "$before_pmd" ] ||
		report 'both 2 MiB and 4 KiB pages were mapped' more
	stress ext4 --seconds "$seconds" --touchers 1
	python3 "${0%/cases/*}/lib/move.py" "$seconds" /mnt/mem > /run/moved 2>&1 &
	mover=$!
	stress 'ext4, while blocks are moved' --seconds "$seconds" --touchers 1
	status=0
	wait $mover || status=$?
	sed 's/^/# /' /run/moved
	report 'ext4: blocks were moved' [ $status = 0 ]
	clean ext4 e2fsck -fn /dev/pmem0
fi
if [ "${only:-xfs}" = xfs ]; then
	mkfs.xfs -q -f -K -m reflink=1 -d size=1g,su=2m,sw=1 -l su=32k /dev/pmem0
	mount -o dax=always /dev/pmem0 /mnt/mem
	stress xfs --seconds "$seconds" --touchers 1
	clean xfs xfs_repair -n /dev/pmem0
fi
if [ "${only:-ext2}" = ext2 ] && on_base 6.12; then
	mkfs.ext2 -q -F -b 4096 -E nodiscard /dev/pmem0 512M
	mount -t ext2 -o dax /dev/pmem0 /mnt/mem
	stress ext2 --seconds "$seconds" --touchers 1
	clean ext2 e2fsck -fn /dev/pmem0
fi
end_tests
