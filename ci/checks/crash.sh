#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A reset loses nothing that was promised: states that it could leave of the scripts in
# tools/crash are made, mounted and compared. With an argument, so many states, and each
# of some faults that are put into the kernel is found.
#
# soak: 10000
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/kernel.sh
. "$TOP/ci/lib/kernel.sh"
# shellcheck source=ci/lib/archive.sh
. "$TOP/ci/lib/archive.sh"
# shellcheck source=ci/lib/emulator.sh
. "$TOP/ci/lib/emulator.sh"
states=${1:-1000}
if ! said=$(recording_emulator 2>&1); then
	skip 'nothing that was promised is lost' "${said##*error: }"
	end_tests
	exit
fi
work=$(mktemp -d "$CACHE/crash.XXXXXX")
trap 'rm -rf "$work"' EXIT

boot=$("$TOP/ci/build" vm)
pairs=20 offered=$((states * 5 / 4))
[ $# = 0 ] || { pairs=247 offered=$((states * 8 / 5)); }
# a violation names the trace, which stays there
traces=$CACHE/crash
explored=0
# some points have fewer states than their share
"$TOP/ci/crash" --boot "$boot" --states "$offered" --pairs "$pairs" --out "$traces" \
	> "$work/said" || explored=$?
sed 's/^/# /' "$work/said"
for script in "$TOP"/tools/crash/scripts/* pairs; do
	name=$(basename "${script%.*}")
	report "$name: nothing that was promised is lost" \
		grep -q "^$name: .* 0 violations" "$work/said"
done
enough() { awk -v least="$states" '/ states at / { sum += $2 } END { print sum; exit sum < least }' "$work/said"; }
report "at least $states states were tried" enough
report 'the guests end well' [ $explored = 0 ]
if [ $# = 0 ]; then
	end_tests
	exit
fi

# Faults in the kernel, and that each is found. A kernel from another folder would be compiled
# from nothing, so that the faults go into the tree itself, which is locked meanwhile; ci/apply
# would mend it if this were killed.
lock_cache
use_base
tree=$("$TOP/ci/apply")
build=$CACHE/build-${tree##*/tree-}-crash
log=$work/log
wrong=
restore() {
	[ -z "$wrong" ] || cp "$work/right" "$tree/$wrong"
	wrong=
}
trap 'restore; rm -rf "$work"' EXIT

# build_wrong FILE NAME: a kernel with that changed file, for guests in $work/NAME
build_wrong() {
	! cmp -s "$tree/$1" "$work/right" || { echo "$1 has no such lines"; return 1; }
	run_make bzImage modules && mkdir "$work/$2" &&
		run_make INSTALL_MOD_PATH="$work/$2" modules_install &&
		cp "$build/arch/x86/boot/bzImage" "$build/.config" "$work/$2" ||
		{ tail -n 5 "$log"; return 1; }
}
# found NAME SCRIPT...: a violation is
found() {
	! "$TOP/ci/crash" --boot "$work/$1" --cpus "$cpus" --states "$((states / 10))" --out "$work/traces" \
		--explore '--violations 1' "${@:2}" > "$work/said.$1" 2>&1 &&
		grep '^violation' "$work/said.$1"
}
# fault NAME FILE SED SCRIPT...: the name of the fault, how it gets into a file, and the
# scripts that find it
fault() {
	local scripts=("${@:4}")
	cp "$tree/$2" "$work/right"
	wrong=$2
	sed -i "$3" "$tree/$2"
	report "$1: builds" build_wrong "$2" "$1"
	restore
	report "$1: is found" found "$1" "${scripts[@]/#/$TOP/tools/crash/scripts/}"
	# the trace does not stay
	sed -n '/^violation 1:/,/again/{/again/d; s/^/# /p}; / states at /s/^/# /p' "$work/said.$1"
}

vm=$CACHE/build-${tree##*/tree-}-vm
cpus=1
seed "$vm"
cmp -s "$vm/.config" "$build/.config" || cp "$vm/.config" "$build/.config"
run_make olddefconfig
fault no-fence drivers/block/pmem/blk.c '/REQ_PREFLUSH)\|REQ_FUA)/{n;s/pmem_wmb()//}' \
	disk.steps write.steps
report 'a violation has source lines' grep -q '__memcpy_flushcache at .*\.c:[0-9]' "$work/said.no-fence"
fault plain-stores drivers/block/pmem/pmem.h 's/memcpy_flushcache(/memcpy(/' \
	disk.steps write.steps
fault no-dirty-tag fs/dax.c '/^	if (dirty)$/{n;s/xas_set_mark.*/;/}' store.steps huge.steps
fault no-zeroing fs/ext4/inode.c 's/if (flags & EXT4_GET_BLOCKS_ZERO &&/if (0 \&\&/' \
	store.steps size.steps
# two threads that race; the fault has the entry locked for longer, or that would take hours
cpus=2
fault skip-locked fs/dax.c '1a #include <linux/delay.h>
	/^	if (unlikely(dax_is_locked(entry))) {$/s/$/ goto put_unlocked;/
	/^static void \*dax_insert_entry/,/^}/s/^	xas_unlock_irq(xas);/&\n	mdelay(5);/' busy.steps
end_tests
