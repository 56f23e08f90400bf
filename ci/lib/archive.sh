# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Packages of Debian, from the machine's own mirror: those of the system's suites, and
# those of another suite without a change to the system.

# options of apt, set by use_suite
APT=()
SIGNED_BY=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg

# use_suite SUITE...: what follows looks there, with lists and archives of its own; with
# an empty SUITE, at what the system looks at. What is wrong is said on stdout.
use_suite() {
	local dir mirror suite
	dir=$CACHE/apt-$(IFS=+; echo "$*")
	APT=()
	[ -n "$1" ] || return 0
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || update_packages || return
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || { echo 'no mirror of Debian is configured'; return 1; }
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	for suite; do
		echo "deb [$SIGNED_BY] $mirror $suite main"
	done > "$dir/sources.list"
	APT=(-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
	     -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir"
	     -o APT::Sandbox::User="$(id -un)")
}

# debian_mirror: the address of the first one in the system's configuration
debian_mirror() {
	# shellcheck disable=SC2016 # apt-get fills it in
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
		sed -n 1p
}

# known_versions PACKAGE: as the lists of packages have them, newest first
known_versions() {
	apt-cache "${APT[@]}" madison "$1" | awk '/ Packages$/ { print $3 }' | sort -ruV
}

# later_packages PACKAGE: those with the source of a later Linux of the same number before
# the dot, the next one first
later_packages() {
	apt-cache "${APT[@]}" pkgnames "${1%.*}." | sed -n '/\.[0-9]*$/p' |
		sort -uV - <(echo "$1") | sed "1,/^$1\$/d"
}

# download PACKAGE=VERSION DIR: a Debian package, unpacked
download() {
	local log=$CACHE/download.log
	rm -rf "$2"
	mkdir -p "$2"
	(cd "$2" && apt-get "${APT[@]}" download -q "$1") > "$log" 2>&1 ||
		{ tail -n 1 "$log"; return 1; }
	dpkg-deb -x "$2"/*.deb "$2"
}

# update_packages: bring the lists of packages up to date. Of the system's own ones
# some may be out of reach; a suite that is alone in its configuration may not.
update_packages() {
	local command=(as_root apt-get)
	[ ${#APT[@]} = 0 ] || command=(apt-get "${APT[@]}" --error-on=any
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20)
	"${command[@]}" update -q > "$CACHE/update.log" 2>&1 ||
		{ grep '^E: ' "$CACHE/update.log" | tail -n 1 | cut -c4-; return 1; }
}

# debian_config TREE FILE: Debian's own configuration for that source, as FILE. It comes
# from the same place as the source. For a tree of the user's it is the tested one.
debian_config() {
	local package=${BASE_PACKAGE[$BASE]/source/config} version=${BASE_TESTED[$BASE]} kept unpacked
	[[ $1 != */tree-"${BASE_PACKAGE[$BASE]}"-* ]] ||
		version=${1##*"${BASE_PACKAGE[$BASE]}"-}
	kept=$CACHE/config-$version
	if [ ! -s "$kept" ]; then
		unpacked=$(mktemp -d "$CACHE/config.XXXXXX")
		use_suite "${BASE_SUITE[$BASE]:-}" &&
		{ download "$package=$version" "$unpacked" ||
		  { update_packages && download "$package=$version" "$unpacked"; }; } &&
		unxz -c "$unpacked"/usr/src/linux-config-*/config.amd64_none_amd64.xz > "$kept.tmp" &&
		mv "$kept.tmp" "$kept"
		rm -rf "$unpacked"
	fi
	[ -s "$kept" ] && cp "$kept" "$2"
}
