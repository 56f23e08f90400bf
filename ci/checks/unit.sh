#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The driver's logic that needs no kernel, compiled as C++20, and what the tools
# compute are right, run under the address and undefined-behaviour sanitizers.
. "$(dirname "$0")/../common.sh"
lock_cache

build=$CACHE/build-unit
configure() {
	cmake --fresh -S "$TOP" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DPMEM_TESTS=ON
}
report 'the unit tests configure' configure
report 'the unit tests build' cmake --build "$build" -j "$(nproc)"

clean() {
	[ "$status" = 0 ] || { echo "$output"; return 1; }
}
for test in layout_test infoblock_test windows_test memory_test \
	block_device_test mappings_test report_test aging_test ways_test turns_test instruction_test fsx_test; do
	status=0
	output=$("$build/$test" 2>&1) || status=$?
	sed -n 's/^\[       OK \] \([^ ]*\).*/ok - \1/p; s/^\[  FAILED  \] \([^ ,]*\) (.*/not ok - \1/p' <<< "$output"
	report "$test ends without a failure or a sanitizer report" clean
done
