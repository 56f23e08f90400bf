#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The unit tests of the tools and of the driver's logic, which is compiled as C++20,
# pass under the address and undefined-behaviour sanitizers. ctest runs each test in a
# process of its own, so that a crash or a sanitizer report fails that test.
#
# level: check
. "$(dirname "$0")/../lib/common.sh"
lock_cache

build=$CACHE/build-unit
report 'the unit tests configure' \
	configure_cpp "$build" -DCMAKE_BUILD_TYPE=Debug -DPMEM_TESTS=ON
report 'the unit tests build' cmake --build "$build" --target unit_tests -j "$(nproc)"

# ctest's line "N/TOTAL Test #N: NAME ... RESULT SECONDS sec" as one of TAP
status=0
output=$(ctest --test-dir "$build" --no-tests=error --output-on-failure \
	--timeout 300 -j "$(nproc)" 2>&1) || status=$?
results=$(sed -nE 's,^ *[0-9]+/[0-9]+ Test +#[0-9]+: ,,
	s/^([^ ]+) \.+ +Passed .*/ok - \1/p
	s/^([^ ]+) \.+\*\*\*Skipped .*/ok - \1 # SKIP/p
	s/^([^ ]+) \.+[^.]*\*\*\*.*/not ok - \1/p' <<< "$output")
echo "$results"
TESTS=$((TESTS + $(wc -l <<< "$results")))

complete() {
	local total
	total=$(ctest --test-dir "$build" -N | sed -n 's/^Total Tests: //p')
	[ "$status" = 0 ] && [ "$(wc -l <<< "$results")" = "$total" ] ||
		{ grep -vE '^ +Start | Passed ' <<< "$output"; return 1; }
}
report 'ctest runs all unit tests without a failure' complete
end_tests
