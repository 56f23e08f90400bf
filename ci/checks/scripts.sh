#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The scripts and the C++ are clean, and each script has a help text.
#
# level: check
. "$(dirname "$0")/../lib/common.sh"
cd "$TOP"

files=$(project_files '*')
scripts=()
while read -r file; do
	if grep -q '^#!/bin/.*sh$' <(head -n 1 "$file"); then
		scripts+=("$file")
	fi
done <<< "$files"

report "shellcheck is silent on ${#scripts[@]} scripts" \
	shellcheck "${scripts[@]}" ci/lib/*.sh

# With pipefail, a reader that stops early makes the writer's SIGPIPE the status of
# the pipe, now and then: such a reader takes a file, or <(COMMAND).
read_to_the_end() {
	! grep -Pzo '[^|][|]\s+(grep -[a-zA-Z]*q|head )[^\n]*\n' "${scripts[@]}" ci/lib/*.sh
}
report 'no pipe ends in a command that stops reading' read_to_the_end

helps() {
	local script
	for script in ci/* ci/vm/*; do
		[ -x "$script" ] && [ -f "$script" ] || continue
		grep -q "^$script" <("$script" --help) ||
			{ echo "$script --help does not begin with $script"; return 1; }
	done
}
report 'every script in ci/ answers --help' helps

# Another version of the program formats some lines in another way.
formatted() {
	local sources
	mapfile -t sources < <(project_files '*.cpp' '*.hpp')
	clang-format --dry-run -Werror "${sources[@]}"
}
name='clang-format has nothing to change in the C++'
if grep -q 'version 14\.' <(clang-format --version); then
	report "$name" formatted
else
	skip "$name" 'the layout is that of version 14'
fi

licensed() {
	local missing
	missing=$(grep -v '^COPYING$\|^kernel-config/pmem.config$\|^packaging/version$\|^packaging/debian/\|^patches/\|^drivers-block-pmem/tests/corpus/\|^fs-dax/selftests/\(config\|settings\)$' <<< "$files" |
		while read -r file; do
			grep -q -m 1 'SPDX-License-Identifier: GPL-2.0' <(head -n 3 "$file") ||
				echo "$file"
		done)
	[ -z "$missing" ] || { echo "no SPDX line in $missing"; return 1; }
}
report 'every file names its licence' licensed
end_tests
