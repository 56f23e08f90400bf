#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The scripts and the C++ are clean, and each script tells what it is for.
. "$(dirname "$0")/../common.sh"
cd "$TOP"

files=$(project_files '*')
scripts=()
while read -r file; do
	if head -n 1 "$file" | grep -q '^#!/bin/.*sh$'; then
		scripts+=("$file")
	fi
done <<< "$files"

report "shellcheck is silent on ${#scripts[@]} scripts" \
	shellcheck "${scripts[@]}" ci/aging.sh ci/common.sh ci/measure.sh ci/placement.sh \
	ci/programs.sh ci/report.sh ci/small.sh

helps() {
	local script
	for script in ci/*; do
		[ -x "$script" ] && [ -f "$script" ] || continue
		"$script" --help | grep -q "^$script" ||
			{ echo "$script --help does not begin with $script"; return 1; }
	done
}
report 'every script in ci/ answers --help' helps

formatted() {
	local sources
	mapfile -t sources < <(project_files '*.cpp' '*.hpp')
	clang-format --dry-run -Werror "${sources[@]}"
}
report 'clang-format has nothing to change in the C++' formatted

licensed() {
	local missing
	missing=$(grep -v '^COPYING$\|^kernel-config/pmem.config$\|^patches/\|^fs-dax/fuzz/corpus/\|^fs-dax/selftests/\(config\|settings\)$' <<< "$files" |
		while read -r file; do
			grep -q -m 1 'SPDX-License-Identifier: GPL-2.0' <(head -n 3 "$file") ||
				echo "$file"
		done)
	[ -z "$missing" ] || { echo "no SPDX line in $missing"; return 1; }
}
report 'every file names its licence' licensed
