#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The queue limits of a disk: discard is off, so that mkfs and fstrim do not zero free
# memory, until it is switched on; statistics are off until they are switched on;
# read-ahead stays small whatever is written there; and mkfs.xfs aligns files to 2 MiB by
# itself.
#
# memory: 7G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# module: xfs
# tools: yes
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
queue=/sys/block/pmem0/queue
mkdir -p /mnt/mem

# refused COMMAND...: it fails because the operation is not supported
refused() {
	! "$@" 2> /run/said && grep -i 'not supported' /run/said
}

# Free memory of a filesystem keeps its contents: mark a block at 200 MiB
mark() { echo mark | dd of=/dev/pmem0 bs=4 seek=200M oflag=seek_bytes conv=notrunc,fsync status=none; }
marked() { [ "$(dd if=/dev/pmem0 bs=4 count=1 skip=200M iflag=skip_bytes status=none)" = mark ]; }
mark
report 'blkdiscard is refused' refused blkdiscard -f /dev/pmem0
mkfs_keeps() {
	mkfs.ext4 -q -F -b 4096 /dev/pmem0 && marked
}
report 'mkfs.ext4 zeroes no free memory' mkfs_keeps
mount -o dax /dev/pmem0 /mnt/mem
report 'fstrim is refused' refused fstrim /mnt/mem
umount /mnt/mem
report 'blkdiscard -z zeroes' blkdiscard -z -f -l 256M /dev/pmem0
wiped() { ! marked && cmp -n $((256 << 20)) /dev/pmem0 /dev/zero; }
report 'it reads as zeroes after that' wiped

switched_on() {
	echo 33554432 > $queue/discard_max_bytes && [ "$(cat $queue/discard_max_bytes)" = 33554432 ] &&
		mark && blkdiscard -f -l 256M /dev/pmem0 && ! marked
}
report 'discard zeroes after it was switched on' switched_on
switched_off() {
	echo 0 > $queue/discard_max_bytes && refused blkdiscard -f /dev/pmem0
}
report 'discard can be switched off again' switched_off

# reads: how many the statistics have counted
reads() { awk '{ print $1 }' /sys/block/pmem0/stat; }
read_some() { dd if=/dev/pmem0 of=/dev/null bs=4k count=10 iflag=direct status=none; }
uncounted() { read_some && [ "$(reads)" = 0 ]; }
report 'no I/O is counted' uncounted
counted() { echo 1 > $queue/iostats && read_some && [ "$(reads)" = 10 ]; }
report 'I/O is counted after statistics were switched on' counted
echo 0 > $queue/iostats

# The block core computes read-ahead anew each time that a limit is set.
small_read_ahead() {
	[ "$(cat $queue/read_ahead_kb)" = 128 ] &&
		echo 1024 > $queue/max_sectors_kb &&
		[ "$(cat $queue/read_ahead_kb)" = 128 ]
}
report 'read-ahead stays at 128 KiB when another limit is set' small_read_ahead
set_read_ahead() {
	echo 4096 > $queue/read_ahead_kb && echo 2048 > $queue/max_sectors_kb &&
		[ "$(cat $queue/read_ahead_kb)" = 4096 ]
}
report 'read-ahead can be set to more' set_read_ahead

# aligned FILE...: 2 MiB pages can map all of them
aligned() {
	daxmap "$@" > /run/mapped
	cat /run/mapped
	awk 'END { exit !($1 && $1 == $2) }' /run/mapped
}
mkfs.xfs -q -f /dev/pmem0
mount -o dax=always /dev/pmem0 /mnt/mem
fallocate -l 64M /mnt/mem/allocated
dd if=/dev/zero of=/mnt/mem/written bs=64M count=1 status=none
sync
report 'mkfs.xfs without options makes files that 2 MiB pages can map' \
	aligned /mnt/mem/allocated /mnt/mem/written
umount /mnt/mem
report 'XFS is intact' xfs_repair -n /dev/pmem0
end_tests
