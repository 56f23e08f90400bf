#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The driver builds without a warning in several configurations, and so do the other
# files that the series changes, in those that differ for them.
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/small.sh
. "$TOP/ci/lib/small.sh"
lock_cache
small_build configs CC='ccache gcc'

# The options that the driver needs at run time and so selects. It compiles without some
# of them.
selects=(DAX MEMREGION SPARSEMEM_VMEMMAP MEMORY_HOTREMOVE ZONE_DEVICE TRANSPARENT_HUGEPAGE)

# A column for each option, a row for each configuration that is built. Every pair of
# options has all four combinations in some row, except MEMORY_FAILURE without X86_MCE,
# which Kconfig does not allow. BLK_DEV_PMEM is m where it is not y.
options=(BLK_DEV_PMEM LIBNVDIMM FS_DAX BLK_DEV_INTEGRITY NUMA X86_MCE MEMORY_FAILURE
	BLK_DEV_PMEM_INJECT EXT4_KUNIT_TESTS)
# In the rows with a star, the other changed files are built, too: they hold every
# combination of FS_DAX and MEMORY_FAILURE.
rows=(
	'n n n n n n n n n *'
	'y y y n y n n y n *'
	'n y n y y n n y y'
	'y n n y y y y n n *'
	'y y y y n y n n y'
	'n n y n n y y y y'
	'y y y y y y y y y *'
)

# has A B TEXT: some row has TEXT in these two columns
has() {
	printf '%s\n' "${rows[@]}" |
		awk -v a="$1" -v b="$2" -v text="$3" \
			'$(a + 1) $(b + 1) == text { found = 1 } END { exit !found }'
}
all_pairs() {
	local a b text
	for ((a = 0; a < ${#options[@]}; a++)); do
		for ((b = a + 1; b < ${#options[@]}; b++)); do
			for text in nn ny yn yy; do
				has "$a" "$b" $text ||
					[ "${options[a]} ${options[b]} $text" = 'X86_MCE MEMORY_FAILURE ny' ] ||
					{ echo "no row has $text for ${options[a]} and ${options[b]}"; return 1; }
			done
		done
	done
}
report 'the rows hold every combination of two options' all_pairs

# builds all|driver SYMBOL=VALUE...
builds() {
	local changed=() what=$1 name
	shift
	# X86_PMEM_LEGACY would select LIBNVDIMM
	configure vm+pmem X86_PMEM_LEGACY=n X86_MCE_INJECT=n "$@" || return
	for name in "${selects[@]}"; do
		[ "$(value "$name")" != n ] || { echo "$name is off"; return 1; }
	done
	[ "$what" = driver ] || mapfile -t changed < <(changed_objects)
	silent drivers/block/pmem/ "${changed[@]}"
}

for row in "${rows[@]}"; do
	what=driver
	[[ $row != *'*' ]] || what=all
	read -ra values <<< "${row% \*}"
	[ "${values[0]}" = y ] || values[0]=m
	on=()
	for ((n = 0; n < ${#options[@]}; n++)); do
		[ "${values[n]}" != y ] || on+=("${options[n]}")
		values[n]=${options[n]}=${values[n]}
	done
	report "the driver builds with ${on[*]:-none of the options}" builds $what "${values[@]}"
done
end_tests
