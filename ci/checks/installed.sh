#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages at work on a disk with Debian, from the first command to a file that is still
# there after a reboot through GRUB, and to the purge that leaves nothing. What was typed
# and printed is in the comments of the output. With an argument, also by UEFI.
#
# soak: all
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/accel.sh
. "$TOP/ci/lib/accel.sh"
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

packages() {
	"$TOP/ci/deb-kernel" vm "$TERMINAL/packages" && "$TOP/ci/deb" "$TERMINAL/packages"
}
report 'the packages build' packages
# on a filesystem of its own, as on a stick
mkdir "$TERMINAL/stick"
cp "$TERMINAL"/packages/linux-image-*.deb "$TERMINAL"/packages/pmem-tools_*.deb "$TERMINAL/stick"
truncate -s 200M "$TERMINAL/stick.img"
mke2fs -q -t ext4 -d "$TERMINAL/stick" "$TERMINAL/stick.img"
hardware=(
	-accel "$(prove_accel "$boot/bzImage")" -m 6G
	-drive "file=$TERMINAL/disk.img,if=virtio,cache=unsafe"
	-drive "file=$TERMINAL/stick.img,format=raw,if=virtio,readonly=on"
)

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

# session FIRMWARE OPTION...: all of it, on a disk of its own, with these options of QEMU
session() {
	local by=$1 range sum
	shift
	rm -f "$TERMINAL/disk.img"
	qemu-img create -q -f qcow2 -b "$disk" -F raw "$TERMINAL/disk.img"
	power_on "${hardware[@]}" "$@"
	report "$by: Debian boots from the disk" log_in
	report "$by: with its own kernel" type_in 'uname -r | grep -v pmem'
	quiet 'mkdir -p /media/stick; mount -o ro /dev/vdb /media/stick'
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

	shown "$by: all configuration is taken back" 'umount /srv/pmem && rmdir /srv/pmem && pmemctl undo --update' 300
	# shellcheck disable=SC2016 # the machine fills it in
	shown "$by: apt purges the packages" \
		'apt-get purge -y pmem-tools "$(dpkg-query -W -f "\${Package}" "linux-image-*pmem*")"' 600
	report "$by: nothing is left" nothing_left
	shown "$by: the machine reboots without them" reboot
	report "$by: with the kernel of Debian and no reservation" \
		type_in 'uname -r | grep -v pmem && ! grep memmap= /proc/cmdline'
	power_off
}

session BIOS
if [ -n "${1:-}" ]; then
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$TERMINAL/variables"
	session UEFI -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive "if=pflash,format=raw,file=$TERMINAL/variables"
fi
end_tests
