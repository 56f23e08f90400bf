#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ci/lines finds source lines, and gives none where it could be wrong.
. "$(dirname "$0")/../lib/common.sh"
lock_cache

boot=$("$TOP/ci/build" vm)
modules=$(echo "$boot"/lib/modules/*)
build=$(realpath "$modules/build")
work=$(mktemp -d "$CACHE/lines-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

object=drivers/block/pmem/blk.o
source=${object%.o}.c
size=0x$(objdump -t "$build/$object" | sed -n 's/.* F .text\t0*\([0-9a-f]*\) pmem_submit_bio$/\1/p')

# start FILE DEFINITION: the line of its brace, where gcc has a function begin
start() {
	sed -n "/^$2/{n;=}" "$build/source/$1"
}
first=$(start "$source" 'static void pmem_submit_bio(')
last=$((first + $(sed "1,${first}d" "$build/source/$source" | sed -n '/^}/{=;q}')))

# says TEXT PLACE [BOOT]: the line ends in TEXT
says() {
	local said
	said=$("$TOP/ci/lines" "${3:-$boot}" "$2" 2>&1)
	[[ $said == *"$1" ]] || { echo "$said"; return 1; }
}
report 'the start of a function' says " at $source:$first" "pmem_submit_bio+0x0/$size"

report 'a function in another section' \
	says ":$(start drivers/block/pmem/main.c 'static int __init pmem_init(')" pmem_init+0x0

# a driver of the base has a function of that name too
inside() {
	local places=() said offset
	for ((offset = 0; offset < size; offset += 64)); do
		places+=("$(printf 'pmem_submit_bio+0x%x/%s' "$offset" "$size")")
	done
	"$TOP/ci/lines" "$boot" "${places[@]}" > "$work/said"
	said=$(sed "s,.* $source:,," "$work/said")
	awk -v first="$first" -v last="$last" '!/^[0-9]+$/ || $1 < first || $1 > last { print; wrong = 1 }
		END { exit wrong || !NR }' <<< "$said" &&
		grep ', inlined at ' "$work/said" ||
		{ cat "$work/said"; return 1; }
}
report 'all of a function, and what is inlined in it' inside

assembly() {
	local line
	line=$(grep -n 'SYM_.*START.*(__memcpy)' "$build/source/arch/x86/lib/memcpy_64.S" | cut -d: -f1)
	"$TOP/ci/lines" "$boot" __memcpy+0x0 > "$work/said"
	awk -F '[: ]' -v line="$line" '{ print } !/ at arch\/x86\/lib\/memcpy_64.S:/ || $NF < line || $NF > line + 5 { exit 1 }' "$work/said"
}
report 'a function in assembly' assembly

copies() {
	printf ' RIP: 0010:pmem_submit_bio+0x0/%s [pmem]\nno place: 1+0x1\n' "$size" |
		"$TOP/ci/lines" "$boot" | diff - <(printf ' RIP: 0010:pmem_submit_bio+0x0/%s at %s [pmem]\nno place: 1+0x1\n' "$size" "$source:$first")
}
report 'a log is copied' copies
nothing() { ! "$TOP/ci/lines" __memcpy+0x0 2> "$work/said" && grep 'holds no bzImage' "$work/said"; }
report 'a directory without a kernel is refused' nothing
report 'no line for a place outside the function' \
	says 'an unknown line: no function has that name and size' pmem_alloc_disk+0x10000

# a kernel of which that source gives other code now; hard links keep the times
mkdir -p "$work/boot/lib/modules/1"
cp -al "$build" "$work/build"
cp -al "$boot/bzImage" "$work/boot"
ln -s "$modules/kernel" "$work/build" "$work/boot/lib/modules/1"
report 'a build folder with another name' says " at $source:$first" "pmem_submit_bio+0x0/$size" "$work/boot"
sed -i 's/ -O2 / -Os /' "$work/build/${object%/*}/.${object##*/}.cmd"
report 'no line if the source gives other code' \
	says "an unknown line: $object does not compile to the same code" "pmem_submit_bio+0x0/$size" "$work/boot"
unknown="source lines are not known: $work/boot is not what its build folder has now"$'\n''__memcpy+0x0'
ln "$work/boot/bzImage" "$work/right"
echo > "$work/wrong"
mv "$work/wrong" "$work/boot/bzImage"
report 'no line if the build folder has another kernel' says "$unknown" __memcpy+0x0 "$work/boot"
mv "$work/right" "$work/boot/bzImage"
rm "$work/build/$object"
cp "$build/$object" "$work/build/$object"
report 'no line if an object is newer than the kernel' says "$unknown" __memcpy+0x0 "$work/boot"
end_tests
