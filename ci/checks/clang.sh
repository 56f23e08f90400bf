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

# The driver's logic is compiled by clang with the fuzzer.
cpp() {
	project_files '*.cpp' |
		(cd "$TOP" && xargs -n 4 -P "$(nproc)" \
			clang++ -fsyntax-only -std=c++20 -Wall -Wextra -Werror '-DPMEM_VERSION="1"' \
			-I drivers-block-pmem -I drivers-block-pmem/tests/include \
			-I tools/lib -I tools/daxmap -I tools/aging -I tools/dax-stress -I tools/counts \
			-I tools/bench -I tools/pmemctl -x c++)
}
report 'clang++ reads the tools and the unit tests without a warning' cpp
end_tests
