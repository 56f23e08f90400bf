#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ext4's placement of DAX files moves no block of a filesystem without DAX: after the same
# operations, all extents are where they are on a kernel before the patch that adds it.
#
# Builds that kernel in the folder of the whole one, which then is built again.
# alone: yes
# level: soak
# soak: run
. "$(dirname "$0")/../lib/common.sh"
lock_cache

use_base
mapfile -t patches < <(patch_names)
work=$(mktemp -d "$CACHE/ext4-blocks.XXXXXX")
trap 'rm -rf "$work"' EXIT
session=$TOP/ci/vm/sessions/blocks.sh

for ((n = 0; n < ${#patches[@]}; n++)); do
	! grep -qx 'fs/ext4/mballoc-dax.c' <(touched_by "${patches[n]}") || break
done

# The kernel before it, and where that puts all, are kept under a name that says what
# they were made of.
before=$CACHE/boot-${src##*/src-}-before-ext4-$(
	{ (cd "$TOP/patches" && cat "${patches[@]:0:n}")
	  (cd "$TOP/kernel-config" && fragments vm pmem | xargs cat)
	  cat "$session" "$TOP/ci/lib/aging.sh"
	  project_files tools/aging tools/lib | (cd "$TOP" && xargs cat); } | short_hash)

# It is built from the objects and with the configuration of the whole one, because
# without the driver nothing selects FS_DAX.
build_before() {
	local build=$CACHE/build-${src##*/src-}-vm make tree
	[ ! -s "$before/bzImage" ] || return 0
	rm -rf "$CACHE/boot-${src##*/src-}-before-ext4-"*
	"$TOP/ci/build" vm > /dev/null &&
	cp "$build/.config" "$work/config" &&
	tree=$("$TOP/ci/apply" "$n") &&
	cp "$work/config" "$build/.config" &&
	make=(make -s -C "$tree" O="$build" -j"$(nproc)" CC='ccache gcc') &&
	"${make[@]}" olddefconfig &&
	"${make[@]}" bzImage modules &&
	"${make[@]}" INSTALL_MOD_PATH="$before.tmp" modules_install &&
	cp "$build/arch/x86/boot/bzImage" "$build/.config" "$before.tmp/" &&
	mv "$before.tmp" "$before"
}

# where_all_is BOOT FILE: and at least a thousand extents of something
where_all_is() {
	"$TOP/ci/vm/guest" "$1" "$session" > "$2" && [ "$(wc -l < "$2")" -gt 1000 ]
}
same_blocks() {
	local boot
	boot=$("$TOP/ci/build" vm) &&
	if [ ! -s "$before/blocks" ]; then
		where_all_is "$before" "$work/before" &&
			mv "$work/before" "$before/blocks" || return
	fi &&
	where_all_is "$boot" "$work/blocks" && diff "$before/blocks" "$work/blocks"
}
report 'the kernel before the placement builds' build_before
report 'the placement moves no block of a filesystem without DAX' same_blocks
end_tests
