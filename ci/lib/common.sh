# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every script here starts with.
set -euo pipefail

# Messages are read and names are sorted the same way everywhere, and nothing
# that a caller's make or git was told reaches ours.
export LC_ALL=C.UTF-8
# users of Debian lack it, and mke2fs is there
export PATH=$PATH:/usr/sbin:/sbin
unset LANGUAGE MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GIT_DIR GIT_WORK_TREE

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=ci/base.conf
. "$TOP/ci/base.conf"
# shellcheck source=ci/lib/report.sh
. "$TOP/ci/lib/report.sh"

# say TEXT: a line of progress, on stderr because stdout carries results
say() {
	printf '== %s\n' "$*" >&2
}

# die TEXT: the one line that ends a script which cannot go on
die() {
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Where trees and builds live: outside the clone, so that the next run and the
# next clone find them. A folder of our own below the user's, so that it can be
# removed.
export HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
CACHE=${PMEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}}/pmem
[[ $CACHE =~ ^[A-Za-z0-9/._+@~-]+$ ]] ||
	die "make and QEMU do not take the path $CACHE; set PMEM_CACHE to one of letters, digits and / . _ + @ ~ -"
mkdir -p "$CACHE" || die "cannot write to $CACHE; set PMEM_CACHE to a directory that you own"
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}

# usage: with --help, print the comment at the top of the script and stop
usage() {
	sed -n '3,/^[^#]/{/^#/!d; s/^# \{0,1\}//; p}' "$0"
}

# as_root COMMAND...: the few commands that install packages
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# short_hash: a name for what comes on stdin
short_hash() {
	sha256sum | cut -c1-12
}

# lock_cache: one script at a time changes trees and builds. The lock is
# inherited by the scripts that this one calls.
lock_cache() {
	[ -z "${PMEM_CACHE_LOCKED:-}" ] || return 0
	exec 9> "$CACHE/lock"
	flock -n 9 || { say "waiting for another build in $CACHE"; flock 9; }
	export PMEM_CACHE_LOCKED=1
}

# lock_step NAME: one script at a time takes this step. It is for what the parts of one
# run may call at once, which all have inherited the lock of the cache.
lock_step() {
	exec 8> "$CACHE/$1.lock"
	flock 8
}

# kernel_version DIR: VERSION.PATCHLEVEL.SUBLEVEL of a source tree
kernel_version() {
	sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = *//p' "$1/Makefile" | sed -n 1,3p | paste -sd.
}

# declared FILE NAME: what a case declares under that name, a line each
declared() {
	sed -n "/^[^#]/q; s/^# $2: *//p" "$1"
}

# project_files PATTERN...: the files of this project, by git, so that what an
# editor or a build left behind is not taken for one
project_files() {
	local files
	files=$(git -C "$TOP" ls-files --cached --others --exclude-standard -- "$@") ||
		die "$TOP has to be a git checkout that you own"
	sort <<< "$files" | while read -r file; do
		[ ! -f "$TOP/$file" ] || echo "$file"
	done
}

# use_base: fetch the source of a base, and set src to its path, BASE to its name and
# SERIES to its series. KERNEL_SRC or BASE chooses the base; by default it is mainline, or
# 6.12 if mainline cannot be fetched.
use_base() {
	src=$("$TOP/ci/fetch")
	BASE=$(base_of "$src")
	SERIES=$TOP/${BASE_SERIES[$BASE]}
	export BASE
}

# base_of DIR: the base that the series for that source tree is named after; nothing
# when there is none
base_of() {
	case $(kernel_version "$1") in
	6.12.*) echo 6.12 ;;
	7.*) echo 7.3 ;;
	esac
}

# fragments NAME...: the files in kernel-config/ of those names, each with the one of the
# same name for the base
fragments() {
	local name
	for name; do
		echo "$name.config"
		[ ! -f "$TOP/kernel-config/$name-$BASE.config" ] || echo "$name-$BASE.config"
	done
}

# patch_names: the patches of the series, in order
patch_names() {
	grep -v '^\s*\(#\|$\)' "$SERIES" || true
}

# cover_letter: of the series
cover_letter() {
	local letter=$TOP/patches/$BASE/cover-letter
	[ -f "$letter" ] || letter=$TOP/patches/cover-letter
	echo "$letter"
}

# touched_by PATCH...: the files of the kernel tree that these patches add or change
touched_by() {
	local patch
	for patch; do
		[ -f "$TOP/patches/$patch" ] ||
			die "${SERIES##*/} names patches/$patch, which does not exist"
		sed -n 's,^\(---\|+++\) [ab]/\([^\t]*\).*,\2,p' "$TOP/patches/$patch"
	done | sort -u
}

# touched_files: those that the series adds or changes
touched_files() {
	local patches
	mapfile -t patches < <(patch_names)
	touched_by "${patches[@]}"
}

# changed_sources TREE: the files outside the driver's folder that the series changes or
# adds to TREE and that are compiled by themselves, not included by another one
changed_sources() {
	touched_files | sed -n '/^tools\//d; /^drivers\/block\/pmem\//d; /\.c$/p' |
		while read -r file; do
			grep -qF "#include \"${file##*/}\"" "$1/${file%/*}"/*.c || echo "$file"
		done
}

# copy_files FROM TO: the files that are named on stdin, as far as FROM has them
copy_files() {
	rsync -a --files-from=- --ignore-missing-args "$1/" "$2/"
}

# push_series DIR: apply the series to the files there, without fuzz
push_series() {
	(cd "$1" && QUILT_PATCHES=$TOP/patches QUILT_SERIES=$SERIES \
		quilt --quiltrc - push -a --fuzz=0 && rm -rf .pc)
}

# configure_cpp BUILD OPTION...: have cmake configure the C++ of this project there. A
# build folder that another clone used begins anew.
configure_cpp() {
	local fresh=()
	grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$TOP" "$1/CMakeCache.txt" ||
		fresh=(--fresh)
	cmake "${fresh[@]}" -S "$TOP" -B "$1" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "${@:2}"
}

# new_lines BEFORE AFTER: the lines of file AFTER that file BEFORE has not, or not
# as often. Numbers do not count: lines of code move.
new_lines() {
	awk 'function key(text) { gsub(/[0-9]+/, "", text); return text }
	     before { known[key($0)]++; next }
	     known[key($0)]-- <= 0' before=1 "$1" before= "$2"
}
