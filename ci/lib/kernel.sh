# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Configuring and compiling a kernel, for ci/build and ci/deb-kernel.
#
# The script that sources this sets: tree, the sources; build, the folder for objects;
# log, a file there; objects, a file that keeps how many objects the kernel has.
# shellcheck disable=SC2154

run_make() {
	make -C "$tree" O="$build" -j"$(nproc)" CC='ccache gcc' HOSTCC='ccache gcc' "$@" >> "$log" 2>&1
}

# seed BUILD: begin with the objects of another build, if it is there and this one is not
seed() {
	[ ! -d "$build" ] && [ -d "$1" ] || return 0
	rm -rf "$build.tmp"
	mkdir -p "$(dirname "$build")"
	cp -a --reflink=auto "$1" "$build.tmp"
	# a command with another path would compile objtool again, and then all objects
	{ grep -rlZF --include='.*.cmd' "$1/" "$build.tmp" || true; } |
		xargs -0r sed -i "s,$1/,$build/,g"
	mv "$build.tmp" "$build"
}

# compiled: how many objects the log says were compiled
compiled() {
	grep -c '^  \(CC\|AS\) ' "$log" || true
}

# expected: how many objects a build from nothing compiles: as many as the last one did,
# or as a dry run would
expected() {
	if [ -s "$objects" ]; then
		cat "$objects"
	else
		make -n -k -C "$tree" O="$build" CC='ccache gcc' HOSTCC='ccache gcc' bzImage modules 2> /dev/null |
			grep -c "echo '  \(CC\|AS\) " || true
	fi
}

# show_progress TOTAL: until it is killed or this script ends, a count that moves on a
# terminal, and a line a minute elsewhere
show_progress() {
	local second=0 text
	while kill -0 $$ 2> /dev/null; do
		text="$(compiled) objects compiled${1:+ of about $1}"
		if [ -t 2 ]; then
			printf '\r== %s ' "$text" >&2
		elif [ $((second++ % 60)) = 59 ]; then
			say "$text"
		fi
		sleep 1
	done
}

# compile TOTAL TARGET...: TOTAL is the number of objects of a build from nothing, or empty
compile() {
	local total=$1 status=0
	shift
	# make is not in the background, where it would not see an interrupt
	show_progress "$total" &
	run_make "$@" || status=$?
	kill $!
	wait $! 2> /dev/null || true
	[ ! -t 2 ] || printf '\r\033[K' >&2
	[ $status = 0 ] || return
	[ -z "$total" ] || compiled > "$objects"
}

failed() {
	grep -m 5 -A 3 'error:\|Error \|ERROR:\|undefined' "$log" >&2 || tail -n 5 "$log" >&2
	die "$1; see $log"
}

# configure BASE FRAGMENT...: these fragments of kernel-config/ on top of the
# configuration in the file BASE, or of allnoconfig if that is empty
#
# A fresh configuration each time, which costs seconds, but the old file when nothing
# changed, because a newer one has make look at everything again. The fragments are copied
# because merge_config.sh cannot have spaces in a path.
configure() {
	local base=$1 mode=(-n) files
	shift
	: > "$log"
	cp -p "$build/.config" "$build/.config.before" 2> /dev/null || true
	rm -rf "$build/fragments"
	mkdir "$build/fragments"
	cp "${@/#/$TOP/kernel-config/}" "$build/fragments/"
	files=("${@/#/$build/fragments/}")
	if [ -n "$base" ]; then
		# without -m, the script looks up each of the ten thousand symbols
		cp "$base" "$build/fragments/base"
		mode=(-m)
		files=("$build/fragments/base" "${files[@]}")
	fi
	(cd "$tree" && scripts/kconfig/merge_config.sh "${mode[@]}" -O "$build" "${files[@]}") >> "$log" 2>&1 &&
		{ [ -z "$base" ] || run_make olddefconfig; } ||
		failed "the configuration of ${*%.config} does not merge"
	if cmp -s "$build/.config" "$build/.config.before"; then
		mv "$build/.config.before" "$build/.config"
	fi
}
