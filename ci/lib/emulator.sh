# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An emulator that can record the stores of a guest: its interface for plugins has the
# values of stores since QEMU 9.2.

EMULATOR_TESTED='1:10.0.2+ds-2+deb13u1~bpo12+1'

# can_record QEMU: whether it is new enough
can_record() {
	local version
	version=$("$1" --version 2> /dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
	[ -n "$version" ] && [ "$(printf '%s\n' 9.2 "$version" | sort -V | sed -n 1p)" = 9.2 ]
}

# recording_emulator: print the program's path. It is the system's own if that is new
# enough, else that of the backports of this Debian, unpacked in the cache.
recording_emulator() {
	local system=qemu-system-x86_64 dir=$CACHE/qemu suite said
	if can_record $system; then
		command -v $system
		return
	fi
	lock_step qemu
	if ! can_record "$dir/usr/bin/$system"; then
		suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
		[ -n "$suite" ] || die "QEMU is older than 9.2, and this is no Debian; install a later one"
		say "QEMU is older than 9.2: fetching that of $suite-backports"
		said=$(unpack_emulator "$suite-backports" "$dir") ||
			die "QEMU is older than 9.2, and that of $suite-backports cannot be had: $said"
		can_record "$dir/usr/bin/$system" ||
			die "QEMU of $suite-backports does not run here: $("$dir/usr/bin/$system" --version 2>&1 | tail -n 1)"
	fi
	echo "$dir/usr/bin/$system"
}

# unpack_emulator SUITE DIR: the tested version, or the newest. What is wrong is said on
# stdout.
unpack_emulator() {
	local version debs status=0
	use_suite "$1" && update_packages || return
	version=$(known_versions qemu-system-x86)
	[ -n "$version" ] || { echo "$1 has no qemu-system-x86"; return 1; }
	if grep -qxF "$EMULATOR_TESTED" <<< "$version"; then
		version=$EMULATOR_TESTED
	else
		version=$(sed -n 1p <<< "$version")
	fi
	debs=$(mktemp -d "$CACHE/qemu.XXXXXX")
	unpack_all "$debs" qemu-system-x86="$version" qemu-system-common="$version" \
		qemu-system-data seabios && rm -rf "$2" && mv "$debs/root" "$2" || status=1
	rm -rf "$debs"
	return $status
}

# unpack_all DIR PACKAGE...: into DIR/root
unpack_all() {
	local package
	mkdir "$1/root"
	for package in "${@:2}"; do
		download "$package" "$1/deb" && cp -a "$1"/deb/usr "$1/root" || return
	done
}
