#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# /sys/devices/pmem adds and removes devices while others are in use. A request
# that is refused changes nothing.
#
# allows: pmem: .*
# memory: 9G
# cmdline: memmap=3G$4G memmap=1G$7680M
# module: pmem ranges=1G@4G/2
# timeout: 120
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
control=/sys/devices/pmem

disks() { find /sys/block -name 'pmem*' -printf '%f\n' | sort | paste -sd' '; }
disks_are() { [ "$(disks)" = "$1" ] || { disks; return 1; }; }

errors() { dmesg --kernel --level=err; }

# refused FILE TEXT ERRNO MESSAGE: writing TEXT fails, the log has one new line, and no
# memory is claimed
refused() {
	local iomem said lines
	iomem=$(cat /proc/iomem)
	# what ranges=auto leaves is said at info level
	lines=$(errors | wc -l)
	if said=$(printf '%s\n' "$2" 2>&1 > $control/"$1"); then
		echo 'the write succeeds'
		return 1
	fi
	said+=$'\n'$(errors | tail -n +$((lines + 1)))
	[[ $said = *": $3"$'\n'*"pmem: $4"* ]] && [ "$(cat /proc/iomem)" = "$iomem" ] &&
		[ "$(errors | wc -l)" = $((lines + 1)) ] || { echo "$said"; return 1; }
}
write() { echo "$2" > $control/"$1"; }
same() { cmp /run/data /mnt/mem/data; }

dd if=/dev/urandom of=/run/data bs=1M count=8 status=none
mkfs.ext4 -q /dev/pmem0
mkdir -p /mnt/mem
mount -o dax /dev/pmem0 /mnt/mem
cp /run/data /mnt/mem/data

report 'a disk has its node where all devices have it' \
	grep -x 0 /sys/block/pmem0/device/numa_node
report 'only root may write' [ "$(stat -c %a $control/add $control/remove | paste -s)" = $'200\t200' ]
report 'a range is added' write add 1G@5G/2
report 'it has the next numbers' disks_are 'pmem0 pmem1 pmem2 pmem3'
report 'a range is added with map=dev' write add '1G@6G dev,format'
is_dev() { grep -qx dev /sys/block/pmem4/pmem/map && grep -qx mem /sys/block/pmem3/pmem/map; }
report 'it has its map mode, and the others have theirs' is_dev

report 'memory that has a device is refused' refused add 512M@4G 'Device or resource busy' \
	'[mem 0x100000000-0x11fffffff]: in use, see /proc/iomem;'
report 'memory that is in use by the kernel is refused' refused add 1G@1G 'Device or resource busy' \
	'[mem 0x40000000-0x7fffffff]: in use by the kernel as System RAM;'
report 'nothing of a request is added if a part is refused' refused add 512M@7680M,512M@4G \
	'Device or resource busy' '[mem 0x100000000-0x11fffffff]: in use'
report 'bad text is refused' refused add 1G 'Invalid argument' 'ranges=1G: expected SIZE@START'
report 'a bad map mode is refused' refused add '1G@7680M disk' 'Invalid argument' 'map=disk: expected mem,'
report 'no text is refused' refused add '' 'Invalid argument' 'ranges=: expected SIZE@START'

nul() { ! printf 'pmem1\0pmem0' 2> /dev/null > $control/remove && [ -e /dev/pmem1 ] && errors | tail -n 1 | grep 'NUL byte'; }
report 'text with a NUL byte is refused' nul

report 'a mounted disk is not removed' refused remove pmem0 'Device or resource busy' \
	'remove: pmem0 is open; unmount or close it first'
exec 5< /dev/pmem1
report 'an open disk is not removed' refused remove pmem1 'Device or resource busy' 'remove: pmem1 is open;'
exec 5<&-
report 'a disk that is not there is not removed' refused remove pmem9 'No such device' \
	'remove: pmem9: no such device; write pmem<id> for a disk'
echo ',' | sfdisk -q /dev/pmem2
exec 5< /dev/pmem2p1
report 'a disk with an open partition is not removed' refused remove pmem2 'Device or resource busy' \
	'remove: pmem2 is open;'
exec 5<&-

report 'a disk that nobody uses is removed' write remove pmem2
report 'another too' write remove pmem1
report 'the others stay' disks_are 'pmem0 pmem3 pmem4'
report 'a file on one of them is the same' same
free() { ! grep pmem1 /proc/iomem; }
report 'its memory is free' free
report 'ranges=auto takes the reservation that nobody uses' write add auto/2
report 'it has the numbers that are free' disks_are 'pmem0 pmem1 pmem2 pmem3 pmem4'
starts() {
	[ "$(cat /sys/block/pmem{1,2}/pmem/start | paste -s)" = $'0x1e0000000\t0x200000000' ] ||
		{ cat /sys/block/pmem{1,2}/pmem/start; return 1; }
}
report 'in the order of addresses' starts
report 'ranges=auto is refused when nothing is left' refused add auto 'No such device or address' \
	'ranges=auto: no reserved RAM is free; boot with memmap='

rounds=50
! on_debug_kernel || rounds=10
# many times, while somebody opens the disk
at_once() {
	local i
	(while :; do : < /dev/pmem2; done) 2> /dev/null &
	for ((i = 0; i < rounds; i++)); do
		until write remove pmem2 2> /run/said; do grep -q busy /run/said || return; done
		write add 512M@8G || return
	done
	kill $!
	disks_are 'pmem0 pmem1 pmem2 pmem3 pmem4'
}
report "a disk that is opened all the time is removed and added again $rounds times" at_once
report 'a file on another one is the same' same
umount /mnt/mem
report 'the driver unloads' rmmod pmem
all_free() { ! grep pmem /proc/iomem && [ ! -e $control ]; }
report 'and leaves nothing' all_free

modprobe pmem ranges=1G@6G map=dev
report 'a device is added to one with map=dev' write add 1G@7680M/4
report 'it has the same map mode' grep -x dev /sys/block/pmem1/pmem/map
rmmod pmem
end_tests
