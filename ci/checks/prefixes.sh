#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# After each patch of the series, what the series adds and changes compiles and
# finds its symbols, so that a bisection works. The long version links the kernel
# and all modules after each patch.
#
# soak: link
# takes: 500
. "$(dirname "$0")/../lib/common.sh"
lock_cache
how=${1:-compile}

mapfile -t patches < <(patch_names)

# kernel_files N: what patch number N adds or changes, without documents and tests
kernel_files() {
	touched_by "${patches[$1]}" | sed -n '/^\(Documentation\|tools\)\//d; /\.[ch]$\|Kconfig\|Makefile/p'
}

boot=$("$TOP/ci/build" vm) || boot=
report 'the whole series builds' [ -n "$boot" ]
[ -n "$boot" ] || exit 1

use_base
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

# targets_of N: what there is to compile after patch number N: objects of the sources
# that it changes, but all where it does more than that
targets_of() {
	local file
	kernel_files "$1" | while read -r file; do
		if [[ $file = *.c && -f $src/$file ]]; then
			[ ! -f "$whole/${file%.c}.o" ] || echo "${file%.c}.o"
		else
			printf '%s\n' "${targets[@]}"
		fi
	done | sort -u
}

# prefix_builds N: the first N patches, configured anew where the last one may change
# what Kconfig says
prefix_builds() {
	local some=("${targets[@]}")

	"$TOP/ci/apply" "$1" prefixes > /dev/null || return
	if [ "$1" = 0 ] || grep -q Kconfig <(touched_by "${patches[$1 - 1]}"); then
		configure "$tree" "$build" || return
	fi
	if [ "$how" = link ]; then
		make_kernel "$tree" "$build" vmlinux modules
		return
	fi
	[ "$1" = 0 ] || mapfile -t some < <(targets_of $(($1 - 1)))
	make_kernel "$tree" "$build" "${some[@]:-prepare}" && nothing_missing
}

# Against the headers of a kernel that does not have the series.
builds_alone() {
	local alone=$work/alone
	rm -rf "$alone"
	"$TOP/ci/alone" "$alone" "$BASE" &&
	make_kernel "$tree" "$build" modules_prepare &&
	make_kernel "$tree" "$build" KBUILD_MODPOST_WARN=1 M="$alone" 2> "$work/said" &&
	[ -s "$alone/pmem.ko" ] &&
	rm -rf "$alone" || { cat "$work/said"; return 1; }
}

report 'the base compiles' prefix_builds 0
report 'the driver builds by itself on the base' builds_alone
for ((n = 0; n < ${#patches[@]}; n++)); do
	! grep -q . <(kernel_files "$n") ||
		report "what is touched builds after ${patches[n]}" prefix_builds $((n + 1))
done
end_tests
