#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# After each patch of the series the kernel builds, so that a bisection works.
. "$(dirname "$0")/../common.sh"
lock_cache

# The whole series' configuration is used all along: what is not yet known to
# Kconfig is dropped, and what the selects bring does not change on the way,
# which would build the kernel anew.
"$TOP/ci/build" vm > /dev/null || { echo 'not ok - the whole series builds'; exit 1; }
echo 'ok - the whole series builds'

tree=$("$TOP/ci/apply")
build=$CACHE/build-${tree##*/tree-}-vm
cp -p "$build/.config" "$CACHE/prefixes.config"
trap 'cp -p "$CACHE/prefixes.config" "$build/.config"; rm -f "$CACHE/prefixes.config"; "$TOP/ci/apply" > /dev/null' EXIT

prefix_builds() {
	"$TOP/ci/apply" "$1" > /dev/null &&
	cp "$CACHE/prefixes.config" "$build/.config" &&
	make -s -C "$tree" O="$build" olddefconfig &&
	make -s -C "$tree" O="$build" -j"$(nproc)" CC='ccache gcc' bzImage modules
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
done
