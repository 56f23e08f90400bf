#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A machine check becomes a bad block on an AMD CPU with SMCA too, where memory controllers
# report no physical address and cores that consume poison do. QEMU emulates no such CPU,
# so the kernel is told to take this one for one, which 6.12 cannot: reports come from
# X86_MCE_INJECT, and no register of SMCA is read for them.
#
# allows: .*\[Hardware Error\].*
# allows: mce: .*
# allows: .*setcpuid.*
# memory: 9G
# cmdline: memmap=4G$4G setcpuid=smca
# module: pmem start=4 size=4 count=2
# module: mce-inject
# bases: mainline
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/mce.sh
. "${0%/cases/*}/lib/mce.sh"

# AMD64 APM, volume 2, 9.3.2.1: EN, UC, ADDRV and POISON; the same without POISON
CONSUMED=0x3400080000000000
NO_POISON=0x3400000000000000

report 'the kernel takes the CPU for one with SMCA' grep -qw smca /proc/cpuinfo
report_error $NO_POISON 0x180000000 0 0
report_error $CONSUMED 0x181234567 0 0
report 'poison that a core has consumed is a bad block, an error without POISON is not' \
	bad pmem1 '37282 1'
end_tests
