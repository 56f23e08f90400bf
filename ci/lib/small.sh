# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For checks that compile only the files that the series adds or changes, in many
# configurations: that takes seconds, and a kernel minutes.

# small_build NAME MAKE-ARGUMENT...: prepare to build in a directory with that name, which
# later runs use again
small_build() {
	use_base
	tree=$("$TOP/ci/apply")
	build=$CACHE/build-${tree##*/tree-}-$1
	small_make=(make -s -C "$tree" O="$build" -j"$(nproc)" "${@:2}")
	mkdir -p "$build"
}

# value SYMBOL: its value in the configuration; n if it is missing
value() {
	local line
	line=$(grep "^CONFIG_$1=" "$build/.config")
	line=${line#*=}
	echo "${line:-n}"
}

# configure FRAGMENTS SYMBOL=VALUE...: make a configuration from allnoconfig, fragments
# of kernel-config/ joined with +, and these values, of which the last of a symbol
# counts. Fails if Kconfig prints a warning or does not keep a value.
configure() {
	local pair name output names
	declare -A wanted=()
	IFS=+ read -ra names <<< "$1"
	mapfile -t names < <(fragments "${names[@]}")
	names=("${names[@]/#/$TOP/kernel-config/}")
	shift
	for pair; do
		wanted[${pair%%=*}]=${pair#*=}
	done
	{ cat "${names[@]}"
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

# objects_of FOLDER: the objects that its Makefile lists with this configuration
objects_of() {
	make -s --no-print-directory -C "$tree" -f - list <<-END
		srctree := $tree
		src := $1
		include $build/.config
		include $1/Makefile
		objects := \$(obj-y) \$(obj-m)
		.PHONY: list
		list: ; @printf '$1/%s\n' \$(objects) \$(foreach object,\$(objects:.o=), \\
			\$(\$(object)-y) \$(\$(object)-m) \$(\$(object)-objs))
	END
}

# changed_objects: of the files that the series changes or adds outside the driver's
# folder, those that this configuration builds
changed_objects() {
	local objects folder
	objects=$(changed_sources "$tree" | sed 's/\.c$/.o/')
	[ "$(value X86)" = y ] || objects=$(grep -v '^arch/x86/' <<< "$objects")
	for folder in $(xargs -n 1 dirname <<< "$objects" | sort -u); do
		objects_of "$folder"
	done | grep -xFf - <(printf '%s\n' "$objects") || true
}

# silent TARGET...: rebuild them with W=1, or the level in $warnings; fails if make prints
# anything
silent() {
	local output target
	for target; do
		case $target in
		*/) rm -f "$build/$target"*.o ;;
		*) rm -f "$build/$target" ;;
		esac
	done
	output=$("${small_make[@]}" W="${warnings-1}" "$@" 2>&1) || { echo "$output"; return 1; }
	[ -z "$output" ] || { echo "$output"; return 1; }
	for target; do
		case $target in
		*/) [ -n "$(find "$build/$target" -name '*.o')" ] ;;
		*) [ -f "$build/$target" ] ;;
		esac || { echo "$target is not built"; return 1; }
	done
}
