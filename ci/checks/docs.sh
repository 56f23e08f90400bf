#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The documents build without a warning and describe each parameter and each file
# of the driver.
. "$(dirname "$0")/../lib/common.sh"
lock_cache

tree=$("$TOP/ci/apply")
work=$(mktemp -d "$CACHE/docs.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$tree"

driver=drivers/block/pmem
document=Documentation/admin-guide/blockdev/pmem.rst
mapfile -t abi < <(cd "$TOP" && project_files 'Documentation/ABI/*')

# The one folder, into a folder of its own. htmldocs would also make documents
# of all specifications of netlink, in the source tree: not with YNL_INDEX= .
htmldocs() {
	make -C "$tree" O="$work/build" SPHINXDIRS=admin-guide/blockdev YNL_INDEX= \
		htmldocs > "$work/html.log" 2>&1 ||
		{ cat "$work/html.log"; return 1; }
}
report 'make htmldocs works on the folder of block devices' htmldocs

has_page() {
	local html=$work/build/Documentation/output/admin-guide/blockdev
	[ -s "$html/pmem.html" ] && grep -q 'href="pmem.html"' "$html/index.html" &&
		[ -s "$html/pmem-dax.html" ] && grep -q 'href="pmem-dax.html"' "$html/index.html" &&
		[ -s "$html/pmem-messages.html" ] && grep -q 'href="pmem-messages.html"' "$html/index.html"
}
report 'there are three pages for the driver, and the index links to them' has_page

no_warning() {
	! grep -F -A 3 "${document%.rst}" "$work/html.log"
}
report 'the pages give no warning' no_warning

# Warnings count as well as the exit status.
silent_kernel_doc() {
	local output
	output=$(scripts/kernel-doc -none "$driver"/*.[ch] 2>&1) && [ -z "$output" ] ||
		{ echo "$output"; return 1; }
}
report "kernel-doc is silent on the driver's files" silent_kernel_doc

silent_get_abi() {
	local file output get_abi=tools/docs/get_abi.py
	[ -f "$get_abi" ] || get_abi=scripts/get_abi.pl
	[ ${#abi[@]} -gt 0 ] || { echo 'there is no entry'; return 1; }
	output=$("$get_abi" validate 2>&1) || { echo "$output"; return 1; }
	for file in "${abi[@]}"; do
		! grep -F -A 2 "$file" <<< "$output" || return
	done
}
report 'get_abi validate is silent on our entries' silent_get_abi

silent_manuals() {
	local manuals output
	mapfile -t manuals < <(cd "$TOP" && project_files '*.1')
	cd "$TOP" && output=$(mandoc -T lint -W warning "${manuals[@]}" 2>&1 &&
		groff -mandoc -ww -z -Tutf8 "${manuals[@]}" 2>&1) && [ -z "$output" ] ||
		{ echo "$output"; return 1; }
}
report 'mandoc and groff are silent on the manuals of the tools' silent_manuals

# names REGEX: its first group in each match in the driver's sources; at least one
names() {
	local found
	found=$(sed -nE "s/.*$1.*/\1/p" "$driver"/*.c)
	[ -n "$found" ] || { echo "nothing in $driver matches $1"; return 1; }
	echo "$found"
}

# named REGEX FILE...: some line of the files matches
named() {
	local regex=$1
	shift
	grep -qE -- "$regex" "$@" || { echo "nothing in $* matches $regex"; return 1; }
}

# Each has an entry in the document and one in the kernel's list of parameters.
parameters_named() {
	local name found
	found=$(names '^module_param_named\((\w+),') ||
		{ echo "$found"; return 1; }
	for name in $found; do
		named "^\`\`$name=\`\`\$" "$document" &&
		named "^	pmem\.$name=" Documentation/admin-guide/kernel-parameters.txt ||
			return
	done
}
report 'every module parameter is described' parameters_named

# files_named REGEX ENTRY: each file that the driver creates, by REGEX, has an ABI entry.
# In the regular expression ENTRY, @ is the name of the file.
files_named() {
	local name found
	found=$(names "$1") || { echo "$found"; return 1; }
	for name in $found; do
		named "^What:.*${2/@/$name}\$" "${abi[@]}" || return
	done
}
report 'every file in sysfs is described' files_named \
	'^static DEVICE_ATTR[A-Z_]*\((\w+)[,)].*' '/sys/(block/pmem<N>/(\w+/)?|devices/pmem/)@'
report 'every file in debugfs is described' files_named \
	'debugfs_create_file\("(\w+)",' '/sys/kernel/debug/pmem/pmem<N>/@'
end_tests
