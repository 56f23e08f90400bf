#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The Debian packages build, lintian finds no error in them, and DKMS builds the driver
# from one; alone.sh does more with that.
# With an argument, a second build gives the same bytes.
#
# bases: 6.12
# soak: twice
. "$(dirname "$0")/../lib/common.sh"

boot=$("$TOP/ci/build" vm)
kernel=${boot/\/boot-//build-}
release=$(make -s -C "$kernel" kernelrelease)
version=$(cat "$TOP/packaging/version")
work=$(mktemp -d "$CACHE/deb-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
# a maintainer, where git has none
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='PMEM tests'
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=tests@pmem.example

build() { "$TOP/ci/deb" "$work/$1"; }
report 'the packages build' build one
same() {
	build two &&
	(cd "$work/one" && sha256sum ./*.deb) > "$work/sums" && (cd "$work/two" && sha256sum -c "$work/sums")
}
[ -z "${1:-}" ] || report 'a second build gives the same bytes' same
no_error() { lintian --allow-root --fail-on error "$work"/one/*.deb; }
report 'lintian finds no error' no_error

unpack() { for package in "$work"/one/*.deb; do dpkg-deb -x "$package" "$work/root" || return; done; }
report 'the packages unpack' unpack
for program in daxmap pmemctl; do
	says_version() { "$work/root/usr/bin/$program" --version | grep -Fx "$program $version"; }
	report "$program --version is that of the package" says_version
done

dkms_build() {
	mkdir "$work/dkms" &&
	dkms build -m pmem -v "$version" -k "$release" --dkmstree "$work/dkms" \
		--sourcetree "$work/root/usr/src" --kernelsourcedir "$kernel" --no-depmod
}
report 'DKMS builds the driver for Linux 6.12' dkms_build
end_tests
