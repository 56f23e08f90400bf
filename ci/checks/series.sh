#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series is what the files say, and applies without fuzz; mbox.sh has the ways
# to apply it as mail.
#
# level: check
# bases: all
. "$(dirname "$0")/../lib/common.sh"

work=$(mktemp -d "$CACHE/series.XXXXXX")
trap 'rm -rf "$work"' EXIT
use_base
mapfile -t patches < <(patch_names)
patches=("${patches[@]/#/$TOP/patches/}")

up_to_date() {
	local patch
	mkdir "$work/generated"
	"$TOP/ci/make-series" "$work/generated" || return
	while read -r patch; do
		cmp "$work/generated/$patch" "$TOP/patches/$patch" ||
			{ echo 'run make series'; return 1; }
	done < <(cd "$work/generated" && find . -type f -printf '%P\n')
}
report 'the generated patches are what the files say' up_to_date

once() {
	[ -z "$(patch_names | sort | uniq -d)" ] || { patch_names | sort | uniq -d; return 1; }
}
report "${SERIES##*/} names no patch twice" once

listed() {
	diff <(for base in "${BASES[@]}"; do
			SERIES=$TOP/${BASE_SERIES[$base]} patch_names
	       done | sort -u) \
	     <(cd "$TOP/patches" && find . -name '*.patch' -printf '%P\n' | sort)
}
report 'the series name every patch' listed

applies() {
	mkdir "$work/quilt" &&
	copy_files "$src" "$work/quilt" < <(touched_files) &&
	push_series "$work/quilt"
}
report 'quilt push -a --fuzz=0 works on the base' applies

# The source is no git checkout, in which the commits that headers name could be
# looked up.
checkpatch() {
	(cd "$src" && scripts/checkpatch.pl --strict --terse --no-summary \
		--ignore UNKNOWN_COMMIT_ID "$1" > "$work/said.${1##*/}" 2>&1) || true
}
export -f checkpatch
export src work
# shellcheck disable=SC2016 # for the shell that xargs starts
printf '%s\0' "${patches[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'checkpatch "$1"' sh
silent() {
	[ -f "$1" ] && [ ! -s "$1" ] || { cat "$1"; return 1; }
}
for patch in "${patches[@]}"; do
	report "checkpatch --strict is silent on ${patch##*/}" silent "$work/said.${patch##*/}"
done

# Every patch says who wrote it, and that person signed it off.
signed() {
	local patch author
	for patch in "${patches[@]}"; do
		author=$(sed -n '1,/^$/s/^From: //p' "$patch")
		[ -n "$author" ] && grep -qxF "Signed-off-by: $author" <(sed '/^---$/q' "$patch") ||
			{ echo "${patch##*/} is not signed off by its author"; return 1; }
	done
}
report 'every patch is signed off by its author' signed
end_tests
