#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A memory error that the hardware reports becomes a bad block before the memory is read,
# in the granularity of the report, if the error is uncorrected and its address belongs to
# a device. X86_MCE_INJECT injects the reports.
#
# allows: .*\[Hardware Error\].*
# allows: mce: .*
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# module: mce-inject
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/mce.sh
. "${0%/cases/*}/lib/mce.sh"

# MC4_STATUS of an AMD CPU, which QEMU emulates (AMD BIOS and kernel developer's guide):
# EN, ADDRV, the extended code of a memory error, and UC if it is uncorrected
CORRECTED=0x1400000000080000
UNCORRECTED=0x3400000000080000
# another bank: EN, UC, ADDRV and POISON, when a core consumes poison
CONSUMED=0x3400080000000000

report_error $CORRECTED 0x180000000
report_error $UNCORRECTED 0x200000000
report_error $UNCORRECTED 0x181234567
report 'in a device, an uncorrected error is a bad block and a corrected one is not' \
	bad pmem1 '37282 1'
report 'errors at other addresses are no bad blocks of a device' bad pmem0 ''
# the lowest 12 bits of the address are not valid: the error is in a page
report_error $UNCORRECTED 0x100005678 12
report 'an error in a page is eight bad blocks' bad pmem0 '40 8'
unreadable() { ! dd if=/dev/pmem0 of=/dev/null bs=4096 skip=5 count=1 iflag=direct 2> /run/said && grep 'Input/output error' /run/said; }
report 'bad blocks cannot be read' unreadable
dd if=/dev/zero of=/dev/pmem0 bs=4096 seek=5 count=1 oflag=direct status=none
report 'a write repairs the bad blocks' bad pmem0 ''
report_error $CONSUMED 0x100200000 0 0
report 'poison that a core has consumed is a bad block' bad pmem0 '4096 1'
end_tests
