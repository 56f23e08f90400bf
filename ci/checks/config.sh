#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The five lines of pmem.config, and nothing else, give pmem.ko and FS_DAX on top of a
# configuration that people have.
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/archive.sh
. "$TOP/ci/lib/archive.sh"
lock_cache
use_base

tree=$("$TOP/ci/apply")
work=$(mktemp -d "$CACHE/config.XXXXXX")
trap 'rm -rf "$work"' EXIT

# merged NAME BASE: BASE with the five lines on top, in $work/NAME. Without -m, the
# script would look each of the ten thousand symbols of a distribution up in turn.
merged() {
	mkdir -p "$work/$1"
	cp "$2" "$work/$1/base"
	(cd "$tree" &&
	 scripts/kconfig/merge_config.sh -m -O "$work/$1" "$work/$1/base" \
		"$TOP/kernel-config/pmem.config" &&
	 make -s O="$work/$1" olddefconfig) > "$work/$1/log" 2>&1
}

# Every line of the fragment is in the result, and what it needs is too.
has_all() {
	local line
	while read -r line; do
		grep -qxF -- "$line" "$work/$1/.config" ||
			{ echo "$line is not in the result"; return 1; }
	done < <(cat "$TOP/kernel-config/pmem.config"
		 printf 'CONFIG_%s=y\n' ZONE_DEVICE TRANSPARENT_HUGEPAGE FS_DAX_PMD)
}

no_unmet() {
	! grep -A 5 'unmet direct dependencies\|recursive dependency' "$work/$1/log"
}

# The module alone, with what building modules needs of that kernel. That is kept
# from run to run, and has no debug information, whose tools take a minute to build.
build=$CACHE/build-${tree##*/tree-}-config
mkdir -p "$build"
builds() {
	local make=(make -s -C "$tree" O="$build" -j"$(nproc)" CC='ccache gcc')
	cp "$work/$1/.config" "$build" &&
	"$tree/scripts/config" --file "$build/.config" -d DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT \
		-d DEBUG_INFO_DWARF5 -e DEBUG_INFO_NONE &&
	"${make[@]}" olddefconfig &&
	rm -f "$build/drivers/block/pmem/pmem.ko" &&
	"${make[@]}" modules_prepare &&
	"${make[@]}" KBUILD_MODPOST_WARN=1 drivers/block/pmem/pmem.ko &&
	[ -s "$build/drivers/block/pmem/pmem.ko" ]
}

check() {
	report "pmem.config merges onto $3" merged "$1" "$2"
	report "pmem.config on $3 gives BLK_DEV_PMEM and FS_DAX" has_all "$1"
	report "pmem.config on $3 leaves no dependency unmet" no_unmet "$1"
	report "pmem.ko builds with $3" builds "$1"
}

mkdir -p "$work/defconfig.base"
make -s -C "$tree" O="$work/defconfig.base" x86_64_defconfig
check defconfig "$work/defconfig.base/.config" x86_64_defconfig

distribution() { debian_config "$tree" "$work/distribution.base"; }
report "Debian's configuration can be had" distribution
check distribution "$work/distribution.base" "Debian's configuration"
end_tests
