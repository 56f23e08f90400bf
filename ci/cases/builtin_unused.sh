#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A built-in driver takes no memory and logs no error if nothing is reserved and there
# are no parameters: a distribution can build it in. The harness fails on warnings.
#
# kernel: vm+builtin
# cpus: 1
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
no_disk() { ! ls /dev/pmem*; }
report 'no device' no_disk
one_line() {
	[ "$(dmesg --kernel | grep 'pmem:' | sed 's/^\[[^]]*\] //')" = \
		'pmem: no devices: [mem 0x800000000-0xfffffffff] is not reserved, and there are no parameters' ] ||
		{ dmesg --kernel | grep 'pmem:'; return 1; }
}
report 'the log says so in one line' one_line
end_tests
