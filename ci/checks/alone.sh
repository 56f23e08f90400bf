#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The driver builds alone, by make and by DKMS, and works in a guest.
#
# bases: all
. "$(dirname "$0")/../lib/common.sh"
lock_cache

boot=$("$TOP/ci/build" vm)
kernel=${boot/\/boot-//build-}
release=$(make -s -C "$kernel" kernelrelease)
version=$(cat "$TOP/packaging/version")
work=$(mktemp -d "$CACHE/alone-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

by_make() {
	"$TOP/ci/alone" "$work/make" "$release" &&
	make -C "$kernel" M="$work/make" && [ -s "$work/make/pmem.ko" ]
}
report "make builds it for Linux $release" by_make
unknown() {
	local said
	said=$("$TOP/ci/alone" "$work/unknown" 5.10.0 2>&1) && return 1
	[[ $said == *'Linux 5.10.0: the driver builds alone for 6.12 and 7.3; name one of them' ]] &&
	[ ! -e "$work/unknown" ]
}
report 'another kernel is refused' unknown

# as dh_dkms installs it
by_dkms() {
	"$TOP/ci/alone" "$work/src/pmem-$version" dkms &&
	sed -i "s/#MODULE_VERSION#/$version/" "$work/src/pmem-$version/dkms.conf" &&
	mkdir "$work/dkms" &&
	dkms build -m pmem -v "$version" -k "$release" --dkmstree "$work/dkms" \
		--sourcetree "$work/src" --kernelsourcedir "$kernel" --no-depmod
}
report "DKMS builds it for Linux $release" by_dkms
module=$(find "$work/dkms" -name 'pmem.ko*' -path '*/module/*')
has_version() { modinfo -F version "$module" | grep -Fx "$version"; }
report 'modinfo has the version of the packages' has_version
fits() { modinfo -F vermagic "$module" | grep -F "$release "; }
report 'the module is for that kernel' fits

# matches WANTED RELEASE...: DKMS builds it, or not, for these kernels
matches() {
	local wanted=$1 kernels release is_one
	shift
	kernels=$(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"$/\1/p' "$TOP/packaging/dkms/dkms.conf")
	for release; do
		is_one=no
		[[ ! $release =~ $kernels ]] || is_one=yes
		[ $is_one = "$wanted" ] || { echo "$release: $is_one"; return 1; }
	done
}
report 'it is for kernels of Debian' matches yes \
	6.12.117+deb12-cloud-amd64 6.12.43+deb13-amd64 7.3.4+deb13-amd64 7.3.4-custom 7.3.4
report 'it is not for others, nor for those with the series' matches no \
	6.1.0-38-amd64 7.30.1-amd64 6.120.1 6.12.117+pmem1.0 7.3.4+pmem1.0-vm

report 'it works in a guest' "$TOP/ci/vm/guest" "$boot" "$TOP/ci/vm/sessions/alone.sh" "$module"
end_tests
