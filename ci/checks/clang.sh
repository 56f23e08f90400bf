#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# clang has nothing to say, with W=1, where gcc has not: the driver, what the
# series changes elsewhere, the selftests, the tools and the unit tests.
. "$(dirname "$0")/../common.sh"
# shellcheck source=ci/small.sh
. "$TOP/ci/small.sh"
lock_cache

# GNU binutils link for both compilers: what they do with the objects is no
# matter of the driver's.
small_build clang CC='ccache clang'

# compiled SYMBOL=VALUE...
compiled() {
	local changed
	configure vm+pmem "$@" || return
	mapfile -t changed < <(changed_objects)
	silent drivers/block/pmem/ "${changed[@]}"
}
report 'clang builds the driver and what the series changes' \
	compiled BLK_DEV_PMEM=m LIBNVDIMM=m ND_PMEM=m

selftests() {
	local output=$build/selftests
	rm -rf "$output"
	mkdir -p "$output" &&
	"${small_make[@]}" headers > /dev/null &&
	make -s -C "$tree/tools/testing/selftests/pmem" CC=clang OUTPUT="$output" \
		KHDR_INCLUDES="-isystem $build/usr/include" USERCFLAGS=-Werror all
}
report 'clang builds the selftests without a warning' selftests

# The driver's logic is compiled by clang with the fuzzer.
cpp() {
	project_files '*.cpp' |
		(cd "$TOP" && xargs -n 4 -P "$(nproc)" \
			clang++ -fsyntax-only -std=c++20 -Wall -Wextra -Werror -I drivers-block-pmem \
			-I fs-dax/lib -I fs-dax/daxmap -I fs-dax/bench -I fs-dax/fsx -I tools/counts -x c++)
}
report 'clang++ reads the tools and the unit tests without a warning' cpp
