#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The compiler, sparse and a C++ reader have nothing to say about the project's
# files in the kernel tree.
. "$(dirname "$0")/../common.sh"
lock_cache
work=$(mktemp -d "$CACHE/kernel-code.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$TOP/ci/build" vm > /dev/null
tree=$("$TOP/ci/apply")
build=$CACHE/build-${tree##*/tree-}-vm

# build_driver MAKE-ARGUMENT...: all of the driver anew; messages on stdout
build_driver() {
	rm -f "$build"/drivers/block/pmem/*.o
	make -s -C "$tree" O="$build" CC='ccache gcc' "$@" drivers/block/pmem/ 2>&1 ||
		echo 'the driver does not build'
}

silent() {
	local output
	output=$(build_driver "$@")
	[ -z "$output" ] || { echo "$output"; return 1; }
}
report 'W=1 and sparse are silent on the driver' silent W=1 C=2

# The base has warnings of its own about the files that the series changes.
src=$("$TOP/ci/fetch")
mapfile -t objects < <(changed_sources | sed 's/\.c$/.o/')

# messages TREE BUILD: of the compiler and sparse about those files
messages() {
	(cd "$2" && rm -f "${objects[@]}")
	make -s -C "$1" O="$2" CC='ccache gcc' W=1 C=2 "${objects[@]}" 2>&1 |
		sed "s,$1/,,g; s,\.\./[^ ]*/src-[^/ ]*/,,g"
	# what make itself says
	[ "${PIPESTATUS[0]}" = 0 ] || echo "$1: some do not build"
}

base_build=$CACHE/build-${src##*/src-}-base
changed_silent() {
	local output
	mkdir -p "$base_build"
	cp "$build/.config" "$base_build"
	output=$(make -s -C "$src" O="$base_build" CC='ccache gcc' olddefconfig prepare 2>&1) ||
		{ echo "$output"; return 1; }
	messages "$src" "$base_build" > "$work/before"
	messages "$tree" "$build" > "$work/after"
	! grep 'some do not build' "$work/before" "$work/after" ||
		{ cat "$work/after"; return 1; }
	output=$(new_lines "$work/before" "$work/after")
	[ -z "$output" ] || { echo "$output"; return 1; }
}
report 'W=1 and sparse have nothing new to say on the files that the series changes' \
	changed_silent

# The kernel's own headers give thousands: only ours count.
cxx_compatible() {
	local output
	output=$(build_driver KCFLAGS='-Wc++-compat -Wno-error' |
		grep 'drivers/block/pmem/.*warning\|does not build') || return 0
	echo "$output"
	return 1
}
report 'no -Wc++-compat warning in the driver' cxx_compatible

# The next build finds the objects that it made itself.
build_driver > /dev/null

# make_selftests: into a folder of their own, with every warning an error
make_selftests() {
	make -s -C "$tree/tools/testing/selftests/pmem" OUTPUT="$work/selftests" \
		KHDR_INCLUDES="-isystem $build/usr/include" \
		USERCFLAGS='-Werror -Wc++-compat' all
}
mkdir "$work/selftests"
report 'the selftests build without a warning' make_selftests
