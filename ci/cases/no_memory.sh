#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A load that fails because of an allocation fails with ENOMEM and one error message,
# claims no memory and leaks none. Each allocation fails in turn; on the debug kernel,
# where a load takes a second, every 32nd does.
#
# The kernel may log failed allocations, so the case checks the log itself.
#
# soak: 1
# memory: 6G
# cpus: 1
# cmdline: memmap=1G$4G
# allows: .*
# timeout: 200 3000
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
leaks=/sys/kernel/debug/kmemleak

# ignore what the kernel leaked during boot
if [ -e $leaks ]; then
	export PMEM_TEST_STEP=${1:-32}
	echo scan > $leaks
	echo clear > $leaks
fi

PMEM_TEST_MODULE=$(modinfo -F filename pmem)
modprobe pmem start=4 size=256M count=2
rmmod pmem
export PMEM_TEST_MODULE PMEM_TEST_PARAMETERS='start=4 size=256M count=2'
selftests no_memory

# the same for adding device DAX, with the settings that the selftest has left
modprobe device_dax
modprobe pmem ranges=128M@4G
dax_added() {
	python3 - "${PMEM_TEST_STEP:-1}" <<- 'END'
		import errno, os, sys
		step = int(sys.argv[1])
		add = os.open("/sys/devices/pmem/add", os.O_WRONLY)
		remove = os.open("/sys/devices/pmem/remove", os.O_WRONLY)
		faults = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
		def claims():
		    return open("/proc/iomem").read()
		before, refused, nth = claims(), 0, 0
		while nth < 4096:
		    nth += step
		    error, text = 0, f"{nth}".encode()
		    os.pwrite(faults, text, 0)
		    try:
		        os.write(add, b"128M@4224M:dax")
		    except OSError as problem:
		        error = problem.errno
		    left = os.pread(faults, 16, 0)
		    os.pwrite(faults, b"0", 0)
		    if not error:
		        os.write(remove, b"dax1.0")
		    elif error != errno.ENOMEM:
		        sys.exit(f"allocation {nth}: {os.strerror(error)}")
		    refused += error != 0
		    if claims() != before:
		        sys.exit(f"allocation {nth}: claims memory")
		    if int(left):
		        break
		print(f"# {nth} allocations, {refused} of them end it")
		sys.exit(None if refused > 20 // step else "too few")
	END
}
report 'adding device DAX fails with ENOMEM, and claims nothing' dax_added
report 'the driver unloads after that' rmmod pmem

# pmem-messages.rst lists every message of the driver; addresses, steps and errnos vary.
document=${0%/ci/cases/*}/Documentation/admin-guide/blockdev/pmem-messages.rst
general() { sed 's/mem 0x[^]]*\]/mem]/g; s/error -[0-9]*/error/; s/cannot [^:]*:/cannot:/'; }
undocumented() {
	dmesg --kernel --level=err | sed -n '/invalid for parameter/d; s/.*\] pmem: //p' | general | sort -u |
		while read -r line; do
			grep -qF -- "\`\`$line\`\`" <(general < "$document") || echo "$line"
		done
}
all_documented() { [ -z "$(undocumented)" ] || { undocumented; return 1; }; }
report 'pmem-messages.rst lists all messages' all_documented

# A failed allocation may log a stack, and add_pages() warns about each of its failures.
# Nothing else may be logged.
sound() {
	! dmesg --kernel --level=emerg,alert,crit,err,warn | grep -v 'WARNING: .*at add_pages+' |
		grep -E 'BUG|WARNING|KASAN|UBSAN|Oops|possible .* detected|refcount_t|corruption|sleeping function|invalid context|unreferenced'
}
report 'the rest of the kernel logs no error' sound

# The slab allocator leaks the name of a cache that it cannot add to sysfs.
leaked() {
	awk 'BEGIN { RS = "unreferenced object" } NR > 1 && !/sysfs_slab_add/' $leaks
}

# kmemleak reports an object only some seconds after its allocation, so scan twice
none_leaked() {
	echo scan > $leaks
	sleep 6
	echo scan > $leaks
	[ -z "$(leaked)" ] || { leaked; return 1; }
}
[ ! -e $leaks ] || report 'kmemleak finds no leak' none_leaked
end_tests
