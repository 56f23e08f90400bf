#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the driver does with memory, poison and parameters is right inside a
# kernel, too, and so is what fs/dax.c asks for to zero files, and what ext4 makes
# of requests for blocks. The tests use no device, but loading ours takes the
# driver.
#
# A list of bad blocks that has no room is an error, and is tested.
#
# allows: pmem: fake: no room to note that sectors .*
# memory: 9G
# cmdline: memmap=4G$4G kunit.enable=1 kunit.filter=speed>slow
# module: pmem start=4 size=4
# module: pmem_kunit
set -euo pipefail
shopt -s nullglob
# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"

# KTAP: a test's line is below that of its suite, and "1..N" comes before.
test_line='^    \(not ok\|ok\) [0-9]* '
all_ran() {
	local planned
	planned=$(sed -n 's/^    1\.\.\([0-9]*\)$/\1/p' "$1") &&
		[ "$planned" -gt 0 ] &&
		[ "$(grep -c "$test_line" "$1")" = "$planned" ]
}

suites=0
for results in /sys/kernel/debug/kunit/{pmem_*,ext4_mballoc_*test}/results; do
	suite=${results%/results}
	suite=${suite##*/}
	suites=$((suites + 1))
	sed -n "s/$test_line/\1 - $suite: /p" "$results"
	report "$suite: every test ran" all_ran "$results"
	! grep -q '^ *not ok' "$results" || sed 's/^/# /' "$results"
done
all_there() {
	[ "$suites" = 6 ] || { echo "there are $suites; see the kernel log"; return 1; }
}
report 'all six suites are there' all_there
