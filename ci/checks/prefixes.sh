#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# After each patch of the series the kernel builds, so that a bisection works. And
# between the first and the last of them, nothing changes for ext4 without DAX.
. "$(dirname "$0")/../common.sh"
lock_cache

# The whole series' configuration is used all along: what is not yet known to
# Kconfig is dropped, and what the selects bring does not change on the way,
# which would build the kernel anew.
boot=$("$TOP/ci/build" vm) || { echo 'not ok - the whole series builds'; exit 1; }
echo 'ok - the whole series builds'

tree=$("$TOP/ci/apply")
build=$CACHE/build-${tree##*/tree-}-vm
cp -p "$build/.config" "$CACHE/prefixes.config"
base_boot=$CACHE/boot-${tree##*/tree-}-base
rm -rf "$base_boot"
trap 'cp -p "$CACHE/prefixes.config" "$build/.config"; rm -f "$CACHE/prefixes.config"; "$TOP/ci/apply" > /dev/null' EXIT

make_kernel() {
	make -s -C "$tree" O="$build" -j"$(nproc)" CC='ccache gcc' "$@"
}
prefix_builds() {
	"$TOP/ci/apply" "$1" > /dev/null &&
	cp "$CACHE/prefixes.config" "$build/.config" &&
	make_kernel olddefconfig &&
	make_kernel vmlinux modules
}

# What a guest needs of it.
keep_base() {
	mkdir "$base_boot" &&
	make_kernel bzImage &&
	make_kernel INSTALL_MOD_PATH="$base_boot" modules_install &&
	cp "$build/arch/x86/boot/bzImage" "$build/.config" "$base_boot/"
}

# where_all_is BOOT: and at least a thousand extents of something
where_all_is() {
	"$TOP/ci/guest" "$1" "$TOP/ci/sessions/blocks.sh" > "$1.blocks" &&
	[ "$(wc -l < "$1.blocks")" -gt 1000 ]
}
same_blocks() {
	where_all_is "$base_boot" && where_all_is "$boot" &&
	diff "$base_boot.blocks" "$boot.blocks"
}

# Against the headers of a kernel that does not have the series.
builds_alone() {
	local alone=$CACHE/alone.tmp
	rm -rf "$alone"
	mkdir "$alone"
	project_files drivers-block-pmem | copy_files "$TOP" "$alone" &&
	make -s -C "$tree" O="$build" CC='ccache gcc' M="$alone/drivers-block-pmem" &&
	[ -s "$alone/drivers-block-pmem/pmem.ko" ] &&
	rm -rf "$alone"
}

mapfile -t patches < <(patch_names)
for ((n = 0; n < ${#patches[@]}; n++)); do
	if [ $n = 0 ]; then
		name='the base builds'
	else
		name="the kernel builds after ${patches[n - 1]}"
	fi
	report "$name" prefix_builds "$n"
	[ $n != 0 ] || report 'the driver builds by itself on the base' builds_alone
	[ $n != 0 ] || report 'the base is kept for a guest' keep_base
done
report 'without DAX, ext4 puts all blocks where the base puts them' same_blocks
