# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every script here starts with: `. "$(dirname "$0")/common.sh"`.
set -euo pipefail

# Messages are read and names are sorted the same way everywhere, and nothing
# that a caller's make or git was told reaches ours.
export LC_ALL=C.UTF-8
unset LANGUAGE MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GIT_DIR GIT_WORK_TREE

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=ci/base.conf
. "$TOP/ci/base.conf"
# shellcheck source=ci/report.sh
. "$TOP/ci/report.sh"

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
[[ $CACHE != *[[:space:]:]* ]] ||
	die "the kernel does not build in $CACHE; set PMEM_CACHE to a path without spaces and colons"
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

# kernel_version DIR: VERSION.PATCHLEVEL.SUBLEVEL of a source tree
kernel_version() {
	sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = *//p' "$1/Makefile" |
		head -n 3 | paste -sd.
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

# patch_names: the patches of the series, in order
patch_names() {
	grep -v '^\s*\(#\|$\)' "$TOP/series" || true
}

# touched_files: the files of the kernel tree that the series adds or changes
touched_files() {
	local patch
	for patch in $(patch_names); do
		[ -f "$TOP/patches/$patch" ] ||
			die "series names patches/$patch, which does not exist"
		sed -n 's,^\(---\|+++\) [ab]/\([^\t]*\).*,\2,p' "$TOP/patches/$patch"
	done | sort -u
}

# changed_sources: the files that the series changes but did not add and that are
# compiled by themselves, which those are not that another one includes
changed_sources() {
	local src file
	src=$("$TOP/ci/fetch" 2> /dev/null)
	touched_files | sed -n '/^tools\//d; /\.c$/p' | while read -r file; do
		[ ! -e "$src/$file" ] ||
			grep -qF "#include \"${file##*/}\"" "$src/${file%/*}"/*.c ||
			echo "$file"
	done
}
# copy_files FROM TO: the files that are named on stdin, as far as FROM has them
copy_files() {
	rsync -a --files-from=- --ignore-missing-args "$1/" "$2/"
}

# download PACKAGE=VERSION DIR: a Debian package, unpacked
download() {
	local log=$CACHE/download.log
	rm -rf "$2"
	mkdir -p "$2"
	(cd "$2" && apt-get download -q "$1") > "$log" 2>&1 ||
		{ tail -n 1 "$log"; return 1; }
	dpkg-deb -x "$2"/*.deb "$2"
}

# update_packages: bring the lists of packages up to date
update_packages() {
	as_root apt-get update -q > "$CACHE/update.log" 2>&1 ||
		{ tail -n 1 "$CACHE/update.log"; return 1; }
}

# new_lines BEFORE AFTER: the lines of file AFTER that file BEFORE has not, or not
# as often. Numbers do not count: lines of code move.
new_lines() {
	awk 'function key(text) { gsub(/[0-9]+/, "", text); return text }
	     before { known[key($0)]++; next }
	     known[key($0)]-- <= 0' before=1 "$1" before= "$2"
}
