#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A memory error that the hardware reports, without anybody having touched the
# memory, makes a bad block: with the granularity that it tells, and only for
# errors that are not corrected, in memory that is a device's.
#
# The report is injected where the kernel hands it on (X86_MCE_INJECT).
#
# allows: .*\[Hardware Error\].*
# allows: mce: .*
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# module: mce-inject
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
inject=/sys/kernel/debug/mce-inject

# of an AMD CPU of the kind that is emulated: valid address, error of memory (AMD
# BIOS and kernel developer's guide, MC4_STATUS), and not corrected
CORRECTED=0x1400000000080000
UNCORRECTED=0x3400000000080000

# report_error STATUS ADDRESS [MISC]
report_error() {
	echo sw > $inject/flags
	echo "$1" > $inject/status
	echo "$2" > $inject/addr
	echo "${3:-0}" > $inject/misc
	echo 4 > $inject/bank
}

# bad DISK LIST: in the end, because reports are handed on in the background
bad() {
	for _ in {1..50}; do
		[ "$(cat "/sys/block/$1/badblocks")" != "$2" ] || return 0
		sleep 0.1
	done
	cat "/sys/block/$1/badblocks"
	return 1
}

report_error $CORRECTED 0x180000000
report_error $UNCORRECTED 0x200000000
report_error $UNCORRECTED 0x181234567
report 'an address in the second device is a bad block there' bad pmem1 '37282 1'
report 'one that was corrected is not, nor one elsewhere' bad pmem0 ''
# the lowest 12 bits of the address do not count: a page
report_error $UNCORRECTED 0x100005678 12
report 'an error of a page is eight bad blocks' bad pmem0 '40 8'
unreadable() { ! dd if=/dev/pmem0 of=/dev/null bs=4096 skip=5 count=1 iflag=direct 2> /run/said && grep 'Input/output error' /run/said; }
report 'they cannot be read' unreadable
dd if=/dev/zero of=/dev/pmem0 bs=4096 seek=5 count=1 oflag=direct status=none
report 'until they are written' bad pmem0 ''
