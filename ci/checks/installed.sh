#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages at work on a disk with Debian, from the first command to a file that is still
# there after a reboot through GRUB, and to the purge that leaves nothing. What was typed
# and printed is in the comments of the output. "all" does it by UEFI as well, with an
# upgrade; and pmem-dkms on Debian's own kernels of both bases, with the root filesystem in
# memory. "dkms" does this last part only.
#
# takes: 600
# soak: all
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/accel.sh
. "$TOP/ci/lib/accel.sh"
# shellcheck source=ci/lib/archive.sh
. "$TOP/ci/lib/archive.sh"
# shellcheck source=ci/lib/terminal.sh
. "$TOP/ci/lib/terminal.sh"

boot=$("$TOP/ci/build" vm)
disk=$("$TOP/ci/vm/disk" "$boot")
TERMINAL=$(mktemp -d "$CACHE/installed.XXXXXX")
machine=
trap 'power_off; rm -rf "$TERMINAL"' EXIT
# a maintainer, where git has none
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='PMEM tests'
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=tests@pmem.example

# packages CLONE DIR
packages() {
	"$1/ci/deb-kernel" vm "$2" && "$1/ci/deb" "$2"
}
# stick NAME FILE...: a disk with these files, as on a stick
stick() {
	rm -rf "$TERMINAL/files"
	mkdir "$TERMINAL/files"
	cp "${@:2}" "$TERMINAL/files"
	rm -f "$TERMINAL/$1"
	truncate -s 1G "$TERMINAL/$1"
	mke2fs -q -t ext4 -L "$1" -d "$TERMINAL/files" "$TERMINAL/$1"
	hardware+=(-drive "file=$TERMINAL/$1,format=raw,if=virtio,readonly=on")
}
hardware=(
	-accel "$(prove_accel "$boot/bzImage")" -m 6G
	-drive "file=$TERMINAL/disk.img,if=virtio,cache=unsafe"
)
report 'the packages build' packages "$TOP" "$TERMINAL/packages"
stick first "$TERMINAL"/packages/linux-image-*.deb "$TERMINAL"/packages/pmem-tools_*.deb

# shown NAME COMMAND [SECONDS]: a test that types COMMAND, and shows what it printed
shown() {
	report "$1" remembered "$2" "${3:-200}"
	echo "# # $2"
	sed 's/^/# /' "$TERMINAL/said"
}
remembered() {
	local status=0
	if [ "$1" = reboot ]; then
		press reboot && log_in
	else
		type_in "$1" "$2"
	fi > "$TERMINAL/said" || status=$?
	cat "$TERMINAL/said"
	return $status
}
quiet() { type_in "$@" > /dev/null; }

# nothing_left: of the packages and of what pmemctl has written. apt, dpkg and systemd
# have files of their own.
nothing_left() {
	local files
	files=$(type_in "find / -xdev | sort | comm -13 /var/tmp/before - | grep -v '^/\(var/\(log\|tmp\|cache\|lib/\(apt\|dpkg\|systemd\)\)\|run\|tmp\)/'") || true
	[ -z "$files" ] || { echo "$files"; return 1; }
}
has_dax() { type_in 'findmnt -no options /srv/pmem | grep -w dax=always'; }

# upgrade FIRMWARE: to the packages of the next version
upgrade() {
	quiet 'umount /media/stick; mount -o ro LABEL=next /media/stick'
	shown "$1: apt upgrades the packages" 'apt-get install -y /media/stick/*.deb' 900
	report "$1: pmemctl has the next version" type_in "pmemctl --version | grep -w $next"
	shown "$1: the machine reboots into it" reboot
	report "$1: with the next kernel" type_in "uname -r | grep -F +pmem$next"
	report "$1: the filesystem is mounted as before" has_dax
	report "$1: the file is still the same" same
}

# session FIRMWARE OPTION...: all of it, on a disk of its own, with these options of QEMU
session() {
	local by=$1 range sum
	shift
	rm -f "$TERMINAL/disk.img"
	qemu-img create -q -f qcow2 -b "$disk" -F raw "$TERMINAL/disk.img"
	power_on "${hardware[@]}" "$@"
	report "$by: Debian boots from the disk" log_in
	report "$by: with its own kernel" type_in 'uname -r | grep -v pmem'
	quiet 'mkdir -p /media/stick; mount -o ro LABEL=first /media/stick'
	quiet 'find / -xdev | sort > /var/tmp/before'

	shown "$by: apt installs the packages" 'apt-get install -y /media/stick/*.deb' 900
	shown "$by: pmemctl proposes memory" 'pmemctl plan 2G -c 2'
	range=$(sed -n 's/.*ranges=\([^ ]*\).*/\1/p' "$TERMINAL/said" | tail -n 1)
	shown "$by: it writes the configuration" "pmemctl apply --update -m /srv/pmem $range" 300
	shown "$by: the machine reboots" reboot
	report "$by: with the kernel of the package" type_in 'uname -r | grep +pmem'
	shown "$by: a filesystem is made" 'mkfs.ext4 -q /dev/pmem0'
	shown "$by: it is mounted" 'mount /srv/pmem'
	report "$by: with dax" has_dax
	shown "$by: the doctor is content" 'pmemctl doctor'

	report "$by: a file is written" type_in 'dd if=/dev/urandom of=/srv/pmem/file bs=1M count=64 && sync'
	sum=$(type_in 'sha256sum < /srv/pmem/file')
	shown "$by: a disk is filled with the pattern" 'pmemctl survival write --yes /dev/pmem1' 900
	shown "$by: the machine reboots again" reboot
	report "$by: the filesystem is mounted at boot, with dax" has_dax
	same() { [ "$(type_in 'sha256sum < /srv/pmem/file')" = "$sum" ]; }
	report "$by: the file is the same" same
	shown "$by: all pages have survived" 'pmemctl survival check /dev/pmem1' 900

	[ -z "$next" ] || upgrade "$by"

	shown "$by: all configuration is taken back" 'umount /srv/pmem && rmdir /srv/pmem && pmemctl undo --update' 300
	# shellcheck disable=SC2016 # the machine fills it in
	shown "$by: apt purges the packages" \
		'apt-get purge -y pmem-tools $(dpkg-query -W -f "\${Package} " "linux-image-*pmem*")' 600
	report "$by: nothing is left" nothing_left
	shown "$by: the machine reboots without them" reboot
	report "$by: with the kernel of Debian and no reservation" \
		type_in 'uname -r | grep -v pmem && ! grep memmap= /proc/cmdline'
	power_off
}

# root_on_pmem KERNEL: the initial RAM disk loads the driver if the root filesystem needs it
root_on_pmem() {
	quiet 'umount /srv/pmem && mkfs.ext4 -q -F /dev/pmem0 && mount -o dax /dev/pmem0 /mnt'
	quiet 'sed -i "s,^[^#[:space:]]*[[:space:]]*/[[:space:]],/dev/pmem0 / ,; /srv.pmem/d" /etc/fstab'
	report "$1: a root filesystem is copied to a disk of the driver" type_in \
		'tar -C / --one-file-system --exclude=./usr/share/doc --exclude=./var/cache -cf - . | tar -C /mnt -xf - && umount /mnt' 900
	shown "$1: the initial RAM disk is made anew" 'update-initramfs -u' 600
	quiet 'sed -i "s,root=[^ ]*,root=/dev/pmem0," /boot/grub/grub.cfg'
	shown "$1: the machine reboots from it" reboot
	report "$1: the root filesystem is on the disk" type_in 'findmnt -no SOURCE / | grep -x /dev/pmem0'
}

# own_kernel KERNEL DISK [SUITE...]: the driver of pmem-dkms on the newest such kernel that
# Debian has there
own_kernel() {
	local kernel=$1 disk=$2 headers status=$TERMINAL/dpkg-status release=()
	shift 2
	use_suite "$@"
	# apt takes nothing from backports unasked
	[ -z "$1" ] || release=(-t "$1")
	report "$kernel: the lists of packages are there" update_packages
	headers=$(apt-cache "${APT[@]}" search --names-only "^linux-headers-$kernel\\..*-cloud-amd64$" |
		cut -d' ' -f1 | sort -V | tail -n 1)
	if [ -z "$headers" ]; then
		skip "$kernel: DKMS builds the driver" 'the archive has no such kernel'
		return
	fi
	# with all that is not on the disk yet
	debugfs -R "dump /var/lib/dpkg/status $status" "$disk?offset=$((66 << 20))" 2> /dev/null
	rm -rf "$TERMINAL/archives"
	mkdir -p "$TERMINAL/archives/partial"
	report "$kernel: Debian has the packages" \
		apt-get "${APT[@]}" -o "Dir::State::status=$status" \
		-o "Dir::Cache::archives=$TERMINAL/archives" \
		-o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 --download-only -q -y \
		--no-install-recommends "${release[@]}" install "$TERMINAL"/packages/pmem-{dkms,tools}_*.deb \
		"$headers" "${headers/headers/image}"
	hardware=("${hardware[@]:0:6}")
	stick first "$TERMINAL"/archives/*.deb "$TERMINAL"/packages/pmem-{dkms,tools}_*.deb

	rm -f "$TERMINAL/disk.img"
	qemu-img create -q -f qcow2 -b "$disk" -F raw "$TERMINAL/disk.img"
	power_on "${hardware[@]}"
	report "$kernel: Debian boots from the disk" log_in
	quiet 'mkdir -p /media/stick; mount -o ro LABEL=first /media/stick'
	shown "$kernel: apt installs and DKMS builds" 'apt-get install -y --no-install-recommends /media/stick/*.deb' 3000
	shown "$kernel: the configuration is written" 'pmemctl apply --update -m /srv/pmem 2560M@4G' 300
	shown "$kernel: the machine reboots" reboot
	report "$kernel: into that kernel" type_in "uname -r | grep -F '$kernel.'"
	report "$kernel: the driver has the version of the package" \
		type_in "modinfo -F version pmem | grep -x '$(cat "$TOP/packaging/version")'"
	shown "$kernel: a filesystem is made and mounted" 'mkfs.ext4 -q /dev/pmem0 && mount /srv/pmem'
	report "$kernel: with dax" has_dax
	quiet 'echo kept > /srv/pmem/file'
	shown "$kernel: the machine reboots again" reboot
	report "$kernel: the file is there" type_in 'grep -x kept /srv/pmem/file'
	root_on_pmem "$kernel"
	power_off
}

next=
[ "${1:-}" = dkms ] || session BIOS
if [ "${1:-}" = all ]; then
	next=99.0
	git clone -q "$TOP" "$TERMINAL/clone"
	echo $next > "$TERMINAL/clone/packaging/version"
	report 'the packages of the next version build' packages "$TERMINAL/clone" "$TERMINAL/packages/next"
	stick next "$TERMINAL"/packages/next/linux-image-*.deb "$TERMINAL"/packages/next/pmem-tools_*.deb
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$TERMINAL/variables"
	session UEFI -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive "if=pflash,format=raw,file=$TERMINAL/variables"
fi
if [ -n "${1:-}" ]; then
	own_kernel 6.12 "$disk" ''
	# the suite that has mainline, as base.conf says
	suite=${BASE_SUITE[${BASES[0]}]}
	own_kernel "${BASES[0]}" "$("$TOP/ci/vm/disk" "$boot" "${suite%-backports}")" "$suite" "${suite%-backports}"
fi
end_tests
