#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Out of memory at each allocation of loading: ENOMEM, one line, nothing claimed,
# and nothing lost.
#
# kernel: vm+debug
# memory: 6G
# cmdline: memmap=1G$4G
# allows: pmem: .*
# allows: vmemmap alloc failure: .*
# timeout: 300
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
leaks=/sys/kernel/debug/kmemleak

# what the kernel itself lost until now
echo scan > $leaks
echo clear > $leaks

PMEM_TEST_MODULE=$(modinfo -F filename pmem)
modprobe pmem start=4 size=1 count=2
rmmod pmem
export PMEM_TEST_MODULE PMEM_TEST_PARAMETERS='start=4 size=1 count=2'
"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:no_memory

# twice: what was just allocated is not looked at the first time
none_lost() {
	echo scan > $leaks
	sleep 6
	echo scan > $leaks
	[ "$(grep -c '^unreferenced' $leaks)" = 0 ] || { cat $leaks; return 1; }
}
report 'kmemleak finds nothing' none_lost
