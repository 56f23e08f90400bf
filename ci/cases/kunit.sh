#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The KUnit tests of the driver, of DAX devices and of ext4's allocator pass. They use no device, but
# the module with the driver's tests needs the driver.
#
# One test fills the badblocks list, and the driver logs an error.
#
# allows: ext4_issue_zeroout_stub: .*
# allows: EXT4-fs warning .device kunit-ext4.: __ext4fs_dirhash:.*
# allows: pmem: fake: badblocks list is full, cannot add sectors .*
# memory: 9G
# cpus: 1
# bases: all
# cmdline: memmap=4G$4G kunit.enable=1 kunit.autorun=1 kunit.filter=speed>slow
# module: pmem start=4 size=4
# module: pmem_kunit
# module: dax-test
set -euo pipefail
shopt -s nullglob
# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"

# passed RESULTS: kunit.py reads them, and no test failed, crashed or is missing
passed() {
	python3 -B "$PMEM_KERNEL/tools/testing/kunit/kunit.py" parse "$1" > /run/parsed ||
		{ cat /run/parsed; return 1; }
}

# passed_tests SUITE: a line for each; a test with parameters is a group of its own
passed_tests() {
	awk -v suite="$1" '
		/ =+ [^ []+ +=+$/ { group = $3 ": " }
		/ \[PASSED\] .*=$/ { group = "" }
		sub(/^[^ ]+ \[PASSED\] /, "") { print "ok - " suite ": " group $0 }' /run/parsed
}

suites=0
for results in /sys/kernel/debug/kunit/{pmem_*,dax_*,ext4_mballoc_*test}/results; do
	suite=${results%/results}
	suite=${suite##*/}
	suites=$((suites + 1))
	report "$suite: no test fails or is missing" passed "$results"
	passed_tests "$suite" | tee /run/lines
	TESTS=$((TESTS + $(wc -l < /run/lines)))
done
all_there() {
	[ "$suites" = 8 ] || { echo "there are $suites; see the kernel log"; return 1; }
}
report 'all eight suites are there' all_there
end_tests
