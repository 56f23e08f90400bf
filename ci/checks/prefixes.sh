#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# After each patch of the series, what the series adds and changes compiles and
# finds its symbols, so that a bisection works. The long version links the kernel
# and all modules after each patch. And the patches to ext4 move nothing on a
# filesystem without DAX.
#
# soak: link
. "$(dirname "$0")/../common.sh"
lock_cache
how=${1:-compile}

mapfile -t patches < <(patch_names)

# touched_by N: what patch number N adds or changes
touched_by() {
	sed -n 's,^\(---\|+++\) [ab]/\([^\t]*\).*,\2,p' "$TOP/patches/${patches[$1]}" | sort -u
}

boot=$("$TOP/ci/build" vm) || { echo 'not ok - the whole series builds'; exit 1; }
echo 'ok - the whole series builds'

src=$("$TOP/ci/fetch")
whole=$CACHE/build-${src##*/src-}-vm
tree=$("$TOP/ci/apply" 0 prefixes)
build=$CACHE/build-${src##*/src-}-prefixes
mkdir -p "$build"
work=$(mktemp -d "$CACHE/prefixes.XXXXXX")
whole_config=$work/config
cp "$whole/.config" "$whole_config"
trap 'rm -rf "$work"' EXIT

# make_kernel TREE BUILD ARGUMENT...
make_kernel() {
	make -s -C "$1" O="$2" -j"$(nproc)" CC='ccache gcc' "${@:3}"
}

# targets: what there is to compile of the files that the series touches: objects,
# folders of headers, and the parents of folders that the base does not have
targets() {
	local file dir
	touched_files | sed '/^\(Documentation\|include\|tools\)\//d' | while read -r file; do
		dir=${file%/*}
		case $file in
		*.[ch])
			if [ ! -d "$src/$dir" ]; then
				echo "${dir%/*}/"
			elif [[ $file = *.h ]]; then
				echo "$dir/"
			elif [ -f "$src/$file" ] && [ -f "$whole/${file%.c}.o" ]; then
				echo "${file%.c}.o"
			fi
			;;
		esac
	done | sort -u
}
mapfile -t targets < <(targets)

# symbols BUILD NM-OPTION: of all these objects, by name
symbols() {
	(cd "$1" &&
	 find "${targets[@]}" -name '*.o' ! -name '*.mod.o' -exec nm -A "$2" {} + 2> /dev/null) |
		awk '{ print $NF }' | sort -u
}
symbols "$whole" --defined-only > "$work/all"

# No object needs what only a later patch brings. What an earlier run compiled of
# later patches does not count.
nothing_missing() {
	local file
	touched_files | grep '\.c$' | while read -r file; do
		[ -f "$tree/$file" ] || rm -f "$build/${file%.c}.o"
	done
	symbols "$build" --defined-only > "$work/defined"
	symbols "$build" --undefined-only | comm -12 - "$work/all" |
		comm -23 - "$work/defined" > "$work/missing"
	[ ! -s "$work/missing" ] || { sed 's/^/not defined: /' "$work/missing"; return 1; }
}

# configure TREE BUILD: with the configuration of the whole series. What is not yet
# known to Kconfig is dropped, and what the selects bring does not change on the way,
# which would build all anew.
configure() {
	cp "$whole_config" "$2/.config" &&
	make_kernel "$1" "$2" olddefconfig
}

# prefix_builds N: the first N patches, configured anew where the last one may change
# what Kconfig says
prefix_builds() {
	"$TOP/ci/apply" "$1" prefixes > /dev/null || return
	if [ "$1" = 0 ] || touched_by $(($1 - 1)) | grep -q Kconfig; then
		configure "$tree" "$build" || return
	fi
	if [ "$how" = link ]; then
		make_kernel "$tree" "$build" vmlinux modules
	else
		make_kernel "$tree" "$build" "${targets[@]}" && nothing_missing
	fi
}

# Against the headers of a kernel that does not have the series.
builds_alone() {
	local alone=$CACHE/alone.tmp
	rm -rf "$alone"
	mkdir "$alone"
	project_files drivers-block-pmem | copy_files "$TOP" "$alone" &&
	make_kernel "$tree" "$build" modules_prepare &&
	make_kernel "$tree" "$build" KBUILD_MODPOST_WARN=1 M="$alone/drivers-block-pmem" 2> "$work/said" &&
	[ -s "$alone/drivers-block-pmem/pmem.ko" ] &&
	rm -rf "$alone" || { cat "$work/said"; return 1; }
}

report 'the base compiles' prefix_builds 0
report 'the driver builds by itself on the base' builds_alone
for ((n = 0; n < ${#patches[@]}; n++)); do
	! touched_by "$n" | grep -q '\.[ch]$\|Kconfig\|Makefile' ||
		report "the kernel builds after ${patches[n]}" prefix_builds $((n + 1))
done

# The kernel before the patches to ext4, and where it puts all, are kept under a
# name that says what they were made of.
for ((n = 0; n < ${#patches[@]}; n++)); do
	! touched_by "$n" | grep -q '^fs/ext4/' || break
done
before=$CACHE/boot-${src##*/src-}-before-ext4-$(
	
	{ (cd "$TOP/patches" && cat "${patches[@]:0:n}")
	  cat "$whole_config" "$TOP/ci/sessions/blocks.sh" "$TOP/ci/aging.sh"
	  project_files fs-dax/bench fs-dax/lib | (cd "$TOP" && xargs cat); } | short_hash)

# It is built from the objects of the whole, which then are made again.
keep_before() {
	local status=0 tree
	[ ! -s "$before/bzImage" ] || return 0
	rm -rf "$CACHE/boot-${src##*/src-}-before-ext4-"*
	tree=$("$TOP/ci/apply" "$n") &&
	configure "$tree" "$whole" &&
	make_kernel "$tree" "$whole" bzImage modules &&
	make_kernel "$tree" "$whole" INSTALL_MOD_PATH="$before.tmp" modules_install &&
	cp "$whole/arch/x86/boot/bzImage" "$whole/.config" "$before.tmp/" &&
	mv "$before.tmp" "$before" || status=1
	"$TOP/ci/build" vm > /dev/null && return $status
}

# where_all_is BOOT FILE: and at least a thousand extents of something
where_all_is() {
	"$TOP/ci/guest" "$1" "$TOP/ci/sessions/blocks.sh" > "$2" &&
	[ "$(wc -l < "$2")" -gt 1000 ]
}
same_blocks() {
	if [ ! -s "$before/blocks" ]; then
		where_all_is "$before" "$work/before" &&
			mv "$work/before" "$before/blocks" || return
	fi
	where_all_is "$boot" "$work/blocks" && diff "$before/blocks" "$work/blocks"
}
report 'the kernel before the patches to ext4 is kept' keep_before
report 'without DAX, ext4 puts all blocks where it put them before' same_blocks
