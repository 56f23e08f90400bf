#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# clang with W=1 is silent, as gcc is: on the driver, the files that the series adds, the
# selftests, the tools and the unit tests; without W=1 on the files that it changes, of
# which some give warnings on the base, too.
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/small.sh
. "$TOP/ci/lib/small.sh"
lock_cache

# Mainline wants 17 at least. GNU binutils link for both compilers.
small_build clang CC='ccache clang-19'

# compiled SYMBOL=VALUE...
compiled() {
	local object added=(drivers/block/pmem/) changed=()
	configure vm+pmem "$@" || return
	for object in $(changed_objects); do
		if [ -e "$src/${object%.o}.c" ]; then
			changed+=("$object")
		else
			added+=("$object")
		fi
	done
	silent "${added[@]}" && warnings='' silent "${changed[@]}"
}
report 'clang builds the driver and what the series changes' \
	compiled BLK_DEV_PMEM=m LIBNVDIMM=m ND_PMEM=m

selftests() {
	local output=$build/selftests
	rm -rf "$output"
	mkdir -p "$output" &&
	"${small_make[@]}" headers > /dev/null &&
	make -s -C "$tree/tools/testing/selftests/pmem" CC=clang-19 OUTPUT="$output" \
		KHDR_INCLUDES="-isystem $build/usr/include" USERCFLAGS=-Werror all
}
report 'clang builds the selftests without a warning' selftests

# With CMake's command lines, so that each file has the options that it is built with.
# What only the fuzzer has is compiled by clang there.
cpp() {
	local commands=$CACHE/build-clang++
	configure_cpp "$commands" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++ \
		-DPMEM_TESTS=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null &&
	(cd "$commands" &&
		jq -j '.[].command + " -fsyntax-only\u0000"' compile_commands.json |
		xargs -0 -n 1 -P "$(nproc)" sh -c)
}
report 'clang++ reads the tools and the unit tests without a warning' cpp
end_tests
