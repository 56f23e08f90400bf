#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# MODULE - the driver that was built alone finds reserved RAM, and has DAX
#
# memory: 6G
# cmdline: memmap=1G$4G
# cpus: 1
# allows: pmem: loading out-of-tree module taints kernel\.
# allows: pmem: module verification failed.*
# allows: pmem: \[mem .*\]: in use by the kernel as System RAM.*
# allows: pmem: \[mem .*\]: not all of it is RAM.*
# allows: pmem: /sys/firmware/memmap: cannot be read .*
set -euo pipefail

module=$1
said=/run/said
# the first that begins at a multiple of 2 MiB, as that of q35 for PCI Express does
reserved=$(dmesg | sed -n 's/.*BIOS-e820: \[mem \(0x[0-9a-f]*[02468ace]00000\)-.*reserved$/\1/p' | sed -n 1p)

# refused TEXT ERROR PARAMETER...
refused() {
	local text=$1 error=$2
	shift 2
	dmesg --clear
	! insmod "$module" "$@" 2> $said && grep "$error" $said && dmesg --kernel | grep -F "$text"
}

echo '- memory in use by the kernel is refused'
refused 'in use by the kernel as System RAM' 'Device or resource busy' ranges=64M@1G
echo '- memory that firmware reserved is refused'
refused 'not all of it is RAM' 'No such device or address' "ranges=64M@$((reserved >> 20))M"

# not on 6.12
if nm "$module" | grep ' pmem_read_firmware_map$'; then
	echo '- without sysfs, it says so'
	# shellcheck disable=SC2016 # the inner shell fills it in
	unshare -m bash -c 'mount -t tmpfs tmpfs /sys && ! insmod "$1" 2> "$2"' - "$module" $said
	grep 'No such device or address' $said
	dmesg --kernel | grep -F 'pmem: /sys/firmware/memmap: cannot be read (-6); mount sysfs at /sys'
	echo '- a folder that is not sysfs is not believed'
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount -t tmpfs tmpfs /sys && mkdir -p /sys/firmware/memmap/0 &&
		echo 0 > /sys/firmware/memmap/0/start && ! insmod "$1" 2> "$2"' - "$module" $said
	grep 'No such device' $said
fi

echo '- ranges=auto finds what memmap= reserved, and nothing else'
insmod "$module" ranges=auto/2
[ "$(echo /sys/block/pmem*)" = '/sys/block/pmem0 /sys/block/pmem1' ]
[ "$(cat /sys/block/pmem0/pmem/start)" = 0x100000000 ]
[ "$(blockdev --getsize64 /dev/pmem1)" = $((512 << 20)) ]
echo '- ext4 has DAX on it'
mkfs.ext4 -q /dev/pmem0
mount -o dax /dev/pmem0 /mnt
dd if=/dev/urandom of=/mnt/file bs=1M count=8 status=none
sum=$(sha256sum < /mnt/file)
umount /mnt
echo '- the contents survive an unload'
rmmod pmem
insmod "$module" ranges=1G@4G/2
mount -o dax /dev/pmem0 /mnt
[ "$(sha256sum < /mnt/file)" = "$sum" ]
umount /mnt
rmmod pmem
echo passed
