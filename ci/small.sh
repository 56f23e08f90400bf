# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For checks that compile what the series adds and changes, and no more, in many
# configurations: that takes seconds, where a kernel takes minutes.

# small_build NAME MAKE-ARGUMENT...: prepare to build in a directory of that name,
# which is kept from run to run
small_build() {
	tree=$("$TOP/ci/apply")
	build=$CACHE/build-${tree##*/tree-}-$1
	small_make=(make -s -C "$tree" O="$build" -j"$(nproc)" "${@:2}")
	mkdir -p "$build"
}

# value SYMBOL: as the configuration has it; n too where it is not asked for
value() {
	local line
	line=$(grep "^CONFIG_$1=" "$build/.config")
	line=${line#*=}
	echo "${line:-n}"
}

# configure FRAGMENTS SYMBOL=VALUE...: fragments of kernel-config/, joined with +,
# and then these values, the last one of a symbol, on top of allnoconfig. Fails if
# Kconfig has anything to say or does not keep a value.
configure() {
	local pair name output names
	declare -A wanted=()
	IFS=+ read -ra names <<< "$1"
	names=("${names[@]/#/$TOP/kernel-config/}")
	shift
	for pair; do
		wanted[${pair%%=*}]=${pair#*=}
	done
	{ cat "${names[@]/%/.config}"
	  for name in "${!wanted[@]}"; do
		echo "CONFIG_$name=${wanted[$name]}"
	  done; } > "$build/wanted.config" || return

	output=$("${small_make[@]}" KCONFIG_ALLCONFIG="$build/wanted.config" allnoconfig 2>&1) ||
		{ echo "$output"; return 1; }
	! grep -v 'warning: override: reassigning to symbol' <<< "$output" | grep . || return
	for name in "${!wanted[@]}"; do
		[ "$(value "$name")" = "${wanted[$name]}" ] ||
			{ echo "Kconfig makes $(value "$name") of $name=${wanted[$name]}"; return 1; }
	done
}

# changed_objects: of the files that the series changes but did not add, those
# that this configuration builds. The rest of the kernel builds them all.
changed_objects() {
	local file
	changed_sources | while read -r file; do
		case $file in
		drivers/nvdimm/*) [ "$(value ND_PMEM)" != n ] || continue ;;
		drivers/dax/super.c) [ "$(value DAX)" != n ] || continue ;;
		fs/dax.c) [ "$(value FS_DAX)" != n ] || continue ;;
		fs/ext2/*) [ "$(value EXT2_FS)" != n ] || continue ;;
		fs/ext4/*) [ "$(value EXT4_FS)" != n ] || continue ;;
		fs/xfs/*) [ "$(value XFS_FS)" != n ] || continue ;;
		esac
		echo "${file%.c}.o"
	done
}

# silent TARGET...: they build anew, with W=1, and nothing is said
silent() {
	local output target
	for target; do
		case $target in
		*/) rm -f "$build/$target"*.o ;;
		*) rm -f "$build/$target" ;;
		esac
	done
	output=$("${small_make[@]}" W=1 "$@" 2>&1) || { echo "$output"; return 1; }
	[ -z "$output" ] || { echo "$output"; return 1; }
	for target; do
		case $target in
		*/) [ -n "$(find "$build/$target" -name '*.o')" ] ;;
		*) [ -f "$build/$target" ] ;;
		esac || { echo "$target is not built"; return 1; }
	done
}
