#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A minute of operations by chance on files with DAX: reads, writes, mappings and
# fallocate in all its modes, held against a model in memory after each one; the
# second half with other processes that fault the same pages at the same time.
#
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# tools: yes
# timeout: 300 1200
# soak: 600
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
half=$((${1:-60} / 2))

mkfs.ext4 -q -E nodiscard /dev/pmem0
mkdir -p /mnt/mem
mount -o dax /dev/pmem0 /mnt/mem

# faults KIND: how many there were since boot; nothing where that is not counted
faults() { sed -n "s/^dax_fault_$1 //p" /proc/vmstat; }
before_pmd=$(faults pmd)
before_pte=$(faults pte)

report 'files have what was done to them' \
	dax_fsx --seconds $half --jobs 2 /mnt/mem
report 'files have what was done to them while others fault' \
	dax_fsx --seconds $half --jobs 2 --touchers 1 --seed 101 /mnt/mem

if [ -n "$before_pmd" ]; then
	more() { [ "$(faults pmd)" -gt "$before_pmd" ] && [ "$(faults pte)" -gt "$before_pte" ]; }
	report 'pages of 2 MiB and of 4 KiB had their part in it' more
fi

found() {
	local said
	! said=$(dax_fsx --ops 200 --break 100 /mnt/mem 2>&1) &&
		grep 'byte 0x.* is .*, expected' <<< "$said"
}
report 'a byte that is not what it should be is found' found

umount /mnt/mem
report 'the filesystem is clean' e2fsck -fn /dev/pmem0
