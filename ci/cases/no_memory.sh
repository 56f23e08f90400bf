#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Out of memory at each allocation of loading: ENOMEM, one line, nothing claimed. On
# the debug kernel, where a load takes a second, at every 16th; and nothing lost.
#
# soak: 1
# memory: 6G
# cmdline: memmap=1G$4G
# What the kernel says of an allocation that failed is looked at below.
#
# allows: .*
# timeout: 200 3000
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
leaks=/sys/kernel/debug/kmemleak

# what the kernel itself lost until now
if [ -e $leaks ]; then
	export PMEM_TEST_STEP=${1:-16}
	echo scan > $leaks
	echo clear > $leaks
fi

PMEM_TEST_MODULE=$(modinfo -F filename pmem)
modprobe pmem start=4 size=256M count=2
rmmod pmem
export PMEM_TEST_MODULE PMEM_TEST_PARAMETERS='start=4 size=256M count=2'
"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:no_memory

# Every line that the driver had to say is in the document, but for where and what.
document=${0%/ci/cases/*}/Documentation/admin-guide/blockdev/pmem.rst
general() { sed 's/mem 0x[^]]*\]/mem]/g; s/error -[0-9]*/error/; s/for [0-9]* devices/for devices/'; }
undocumented() {
	dmesg --kernel --level=err | sed -n '/invalid for parameter/d; s/.*\] pmem: //p' | general | sort -u |
		while read -r line; do
			general < "$document" | grep -qF -- "\`\`$line\`\`" || echo "$line"
		done
}
all_documented() { [ -z "$(undocumented)" ] || { undocumented; return 1; }; }
report 'the lines in the log are those of the document' all_documented

# An allocator may tell of a failure, with a stack, and add_pages() warns of every
# one of its own. Nobody else has anything to say.
sound() {
	! dmesg --kernel --level=emerg,alert,crit,err,warn | grep -v 'WARNING: .* at add_pages+' |
		grep -E 'BUG|WARNING|KASAN|UBSAN|Oops|possible .* detected|refcount_t|corruption|sleeping function|invalid context|unreferenced'
}
report 'nothing else in the kernel is broken by it' sound

# The slab allocator loses the name of a cache that it cannot show in sysfs.
lost() {
	awk 'BEGIN { RS = "unreferenced object" } NR > 1 && !/sysfs_slab_add/' $leaks
}

# twice: what was just allocated is not looked at the first time
none_lost() {
	echo scan > $leaks
	sleep 6
	echo scan > $leaks
	[ -z "$(lost)" ] || { lost; return 1; }
}
[ ! -e $leaks ] || report 'kmemleak finds nothing' none_lost
