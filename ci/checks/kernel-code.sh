#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The compiler, sparse and -Wc++-compat are silent on the project's files in the kernel
# tree.
#
# alone: yes
. "$(dirname "$0")/../lib/common.sh"
lock_cache
work=$(mktemp -d "$CACHE/kernel-code.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$TOP/ci/build" vm > /dev/null
tree=$("$TOP/ci/apply")
build=$CACHE/build-${tree##*/tree-}-vm

# Sparse 0.6.4 lacks an operator that mainline wants of a checker. Without that, it takes
# what MODULE_LICENSE() and the like define, in column 1, for no constant.
check=sparse
known='no message'
if grep -qs typeof_unqual "$tree/scripts/checker-valid.sh" &&
   [ "$("$tree/scripts/checker-valid.sh" sparse)" != 1 ]; then
	check='sparse -D__typeof_unqual__=__typeof__'
	known='^[^ ]*:[0-9]*:1: error: bad constant expression$'
fi

# build_driver MAKE-ARGUMENT...: all of the driver anew; messages on stdout
build_driver() {
	rm -f "$build"/drivers/block/pmem/*.o
	make -s -C "$tree" O="$build" CC='ccache gcc' "$@" drivers/block/pmem/ 2>&1 ||
		echo 'the driver does not build'
}

silent() {
	local output
	output=$(build_driver "$@" CHECK="$check" | grep -v "$known" || true)
	[ -z "$output" ] || { echo "$output"; return 1; }
}
report 'W=1 and sparse are silent on the driver' silent W=1 C=2

# The base has warnings of its own about the files that the series changes, and does
# not have those that the series adds.
use_base
mapfile -t objects < <(changed_sources "$tree" | sed 's/\.c$/.o/')

# messages TREE BUILD: of the compiler and sparse about those files
messages() {
	local object there=()
	for object in "${objects[@]}"; do
		[ ! -e "$1/${object%.o}.c" ] || there+=("$object")
	done
	(cd "$2" && rm -f "${there[@]}")
	make -s -C "$1" O="$2" CC='ccache gcc' CHECK="$check" W=1 C=2 "${there[@]}" 2>&1 |
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
	output=$(new_lines "$work/before" "$work/after" | grep -v "$known" || true)
	[ -z "$output" ] || { echo "$output"; return 1; }
}
report 'W=1 and sparse find nothing new in the files that the series changes' \
	changed_silent

# The kernel's own headers give thousands: only ours count. bool, true and false mean
# the same in both languages.
cxx_compatible() {
	local output
	output=$(build_driver KCFLAGS='-Wc++-compat -Wno-error' |
		grep 'drivers/block/pmem/.*warning\|does not build' |
		grep -v 'identifier .\(bool\|true\|false\). conflicts with C++ keyword') || return 0
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
end_tests
