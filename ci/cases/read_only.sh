#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With ro=1 nothing writes to the memory, with any map mode: after a crash, the
# filesystem can be looked at without a change of it.
#
# allows: pmem: .*
# allows: EXT4-fs .*
# allows: Aborting journal on device .*
# allows: XFS .*
# allows: device-mapper: .*
# allows: Trying to write to read-only block-device .*
# memory: 6G
# cmdline: memmap=1G$4G
# module: xfs
# module: dm-mod
# timeout: 240
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
range=64M@4G
mkdir -p /mnt/mem

# sum: the checksum of all of the memory, which is read through ordinary struct pages
sum() {
	modprobe pmem ranges=$range ro=1 && sha256sum < /dev/pmem0 && rmmod pmem
}

# fails ERRNO COMMAND...: with the message of that errno
fails() {
	local said
	if said=$("${@:2}" 2>&1); then
		echo 'it succeeds'
		return 1
	fi
	[[ $said = *"$1"* ]] || { echo "$said"; return 1; }
}

store() {
	python3 - "$1" <<- 'END'
		import mmap, os, sys
		file = os.open(sys.argv[1], os.O_RDONLY)
		mmap.mmap(file, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
	END
}
# writable: what BLKROSET says it has switched on
writable() { blockdev --setrw /dev/pmem0; blockdev --getro /dev/pmem0; }
still_ro() { [ "$(writable)" = 1 ]; }

# look MODE: load with ro=1 and try all ways to write
look() {
	local map=$1 mode=$2
	report "$mode: the load succeeds" modprobe pmem ranges=$range "map=$map" ro=1
	report "$mode: the disk is read-only" grep -x 1 /sys/block/pmem0/ro
	report "$mode: writing the disk fails" fails 'Read-only file system' \
		dd if=/dev/zero of=/dev/pmem0 bs=4096 count=1 conv=notrunc
	report "$mode: zeroing it fails" fails 'Read-only file system' blkdiscard -z -f /dev/pmem0
	report "$mode: the disk cannot be made writable" still_ro
	report "$mode: mkfs fails" fails 'Read-only file system' mkfs.ext4 -F /dev/pmem0
	report "$mode: device mapper cannot write it" fails 'Read-only file system' \
		dmsetup create writable --table "0 8192 linear /dev/pmem0 0"
	report "$mode: device mapper can read it" readable
	report "$mode: a mount replays no journal" fails 'cannot mount' \
		mount -t ext4 -o ro,dax /dev/pmem0 /mnt/mem
	report "$mode: a mount without replay succeeds" mount -t ext4 -o ro,noload,dax /dev/pmem0 /mnt/mem
	report "$mode: the file has its contents" cmp /run/data /mnt/mem/data
	report "$mode: the file cannot be written" fails 'Read-only file system' \
		dd if=/dev/zero of=/mnt/mem/data bs=4096 count=1 conv=notrunc
	report "$mode: the file cannot be mapped for stores" fails 'Permission denied' store /mnt/mem/data
	report "$mode: the mount cannot be made writable" fails 'write-protected' mount -o remount,rw /mnt/mem
	report "$mode: a poisoned page is found" poisoned
	umount /mnt/mem
	report "$mode: the driver unloads" rmmod pmem
}
readable() {
	dmsetup create -r readable --table "0 8192 linear /dev/pmem0 0" &&
		cmp -n 4194304 /dev/mapper/readable /dev/pmem0
	dmsetup remove readable
}
poisoned() {
	echo 8192 512 > /sys/kernel/debug/pmem/pmem0/inject_poison &&
		fails 'Input/output error' dd if=/dev/pmem0 of=/dev/null bs=512 skip=16 count=1 iflag=direct
}

# crash MAP: with that map mode, a filesystem whose journal is to be replayed, as a copy of a mounted one
crash() {
	modprobe pmem ranges=$range "map=$1"
	mkfs.ext4 -q -b 4096 /dev/pmem0
	mount -o dax /dev/pmem0 /mnt/mem
	cp /run/data /mnt/mem/data
	sync -f /mnt/mem
	xfs_io -x -c 'shutdown -f' /mnt/mem
	umount /mnt/mem
	rmmod pmem
}
dd if=/dev/urandom of=/run/data bs=1M count=4 status=none
same() { [ "$(sum)" = "$before" ]; }

for map in mem dev,format; do
	crash $map
	before=$(sum)
	map=${map%,*}
	look "$map" "map=$map"
	report "map=$map: no byte of the memory has changed" same
done

report 'map=dev,format is refused' fails 'Invalid argument' modprobe pmem ranges=$range map=dev,format ro=1
no_device() {
	fails 'Wrong medium type' modprobe pmem ranges=512M@4608M map=dev ro=1 &&
		dmesg --kernel | tail -n 1 | grep 'holds no map=dev device of 512 MiB, and ro=1 formats none'
}
report 'map=dev is refused where there is no device' no_device
report 'no byte of the memory has changed' same

modprobe pmem ranges=$range ro=1
added() { echo 64M@4608M > /sys/devices/pmem/add && grep -x 1 /sys/block/pmem1/ro; }
report 'a device that is added is read-only too' added
rmmod pmem

# KASAN makes the checksum of 320 MiB slow, and mkfs.xfs takes no less than 300 MiB
if on_debug_kernel; then
	end_tests
	exit
fi
range=320M@4608M
modprobe pmem ranges=$range
mkfs.xfs -q -f -m reflink=0 /dev/pmem0
mount -o dax=always /dev/pmem0 /mnt/mem
cp /run/data /mnt/mem/data
umount /mnt/mem
# a file that is in the journal alone cannot be found without replay
mount -o dax=always /dev/pmem0 /mnt/mem
touch /mnt/mem/later
xfs_io -x -c 'shutdown -f' /mnt/mem
umount /mnt/mem
rmmod pmem
before=$(sum)
modprobe pmem ranges=$range ro=1
report 'XFS: a mount without replay succeeds' mount -o ro,norecovery,dax=always /dev/pmem0 /mnt/mem
report 'XFS: the file has its contents' cmp /run/data /mnt/mem/data
report 'XFS: the file cannot be mapped for stores' fails 'Permission denied' store /mnt/mem/data
umount /mnt/mem
rmmod pmem
report 'XFS: no byte of the memory has changed' same
end_tests
