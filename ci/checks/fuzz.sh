#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No input makes the driver's logic that needs no kernel break its own rules,
# read or write where it must not, or hang. libFuzzer looks for one for 60 seconds,
# or as many as the argument says.
#
# soak: 3600
. "$(dirname "$0")/../lib/common.sh"
lock_cache
seconds=${1:-60}

# What one run finds worth keeping is where the next one starts, so that many
# short runs come as far as a long one.
build=$CACHE/build-fuzz
mkdir -p "$build/corpus"
rm -rf "$build/found"
mkdir "$build/found"

configure() {
	configure_cpp "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DCMAKE_CXX_COMPILER=clang++ -DPMEM_FUZZ=ON
}
report 'the fuzzer configures' configure
report 'the fuzzer builds' cmake --build "$build" -j "$(nproc)"

# show FILE: an input that made the fuzzer fail, as printable text
show() {
	echo "this input, shown as cat -A does:"
	cut -b -300 "$1" | cat -A | sed -n 1,12p
	echo "to see it again: $build/layout_fuzz $1"
}

fuzz() {
	local log=$build/fuzz.log input
	"$build/layout_fuzz" -max_total_time="$seconds" -timeout=10 \
		-max_len=6000 -dict="$TOP/drivers-block-pmem/tests/layout.dict" \
		-artifact_prefix="$build/found/" -print_final_stats=1 \
		"$build/corpus" "$TOP/drivers-block-pmem/tests/corpus" > "$log" 2>&1 && return
	grep -m 8 'not so: \|runtime error: \|ERROR: \|drivers-block-pmem/' "$log" ||
		tail -n 5 "$log"
	for input in "$build/found"/*; do
		[ ! -f "$input" ] || show "$input"
	done
	return 1
}
report "the fuzzer finds nothing in $seconds s" fuzz
sed -n 's/^stat::number_of_executed_units: */# inputs tried: /p' "$build/fuzz.log"
end_tests
