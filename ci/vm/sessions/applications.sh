#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ROUNDS - count the instructions of Debian's programs on several filesystems
#
# Each works on a new filesystem of 2 GiB:
#   ours        ext4 with DAX on this driver
#   nd_pmem     ext4 with DAX on drivers/nvdimm
#   xfs         XFS with DAX on this driver
#   ext4-nodax  ext4 without DAX on this driver
#   tmpfs
# A line that begins with "application: " is a result: all instructions on the CPU, of the
# kernel and of user space. One with "functions: " has the instructions of a function of
# the kernel, if it has at least one in a thousand. A repeated string instruction counts
# once, so the loops that write around the CPU cache with DAX count more than the copies
# of the page cache. libpmemobj calls msync() on ext4-nodax and tmpfs, as it does by
# default where mmap() refuses MAP_SYNC.
#
# Most figures of two runs differ by less than 0.05 %, and those of postgres, rocksdb, redis
# and libpmemobj by less than 0.6 %: threads take turns, and the page allocator refills its
# per-CPU lists, at other moments, and the hash of Redis has a random seed. With one CPU
# and norandmaps, programs do the same in each run.
#
# allows: EXT4-fs [a-z]*: [0-9]* callbacks suppressed
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 16G
# cpus: 1
# cmdline: memmap=2G!4G memmap=6G$8G norandmaps
# module: xfs
# counts: yes
# timeout: 7200
set -euo pipefail

# shellcheck source=ci/lib/peers.sh
. "${0%/vm/*}/lib/peers.sh"
# shellcheck source=ci/lib/applications.sh
. "${0%/vm/*}/lib/applications.sh"

load_ours 8 6 3
declare -A disks=([ours]="${DISKS[0]}" [xfs]="${DISKS[1]}" [ext4-nodax]="${DISKS[2]}")
load_nd_pmem
disks[nd_pmem]=$(nd_pmem_disk)
mounted=/mnt/measured
mkdir $mounted

# make_filesystem PEER: a new one, which leaves the kernel nothing to initialize later
make_filesystem() {
	case $1 in
	tmpfs) ;;
	xfs) mkfs.xfs -q -f -K -d su=2m,sw=1 -l su=32k "${disks[$1]}" ;;
	*) mkfs.ext4 -q -F -b 4096 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "${disks[$1]}" ;;
	esac
}

# mount_filesystem PEER
mount_filesystem() {
	case $1 in
	tmpfs) mount -t tmpfs -o size=2G tmpfs $mounted ;;
	ext4-nodax) mount "${disks[$1]}" $mounted ;;
	*) mount -o dax "${disks[$1]}" $mounted ;;
	esac
}

# try WHAT COMMAND...: one line says why it failed
try() {
	local said
	said=$("${@:2}" 2>&1) || {
		echo "applications: error: $1: ${said//$'\n'/ }"
		exit 1
	}
}

# measure APPLICATION PEER ROUND
measure() {
	local functions=/run/functions
	make_filesystem "$2"
	mount_filesystem "$2"
	try "$1 on $2" application "setup_$1" $mounted
	sync -f $mounted
	try "$1 on $2" count_application "$1" $mounted $functions
	awk -v row="$1,$2,$3" '
		{ instructions[$2] = $1; all += $1 }
		END {
			printf "application: %s,%d\n", row, all
			for (name in instructions)
				if (instructions[name] * 1000 >= all)
					printf "functions: %s,%s,%d\n", row, name, instructions[name]
		}' $functions
	# memory is gone after umount
	[ "$2" = tmpfs ] || { umount $mounted; mount_filesystem "$2"; }
	try "the data of $1 on $2" application "check_$1" $mounted
	umount $mounted
}

prepare_applications
echo 'application: case,peer,round,instructions'
for ((round = 1; round <= $1; round++)); do
	for name in "${APPLICATIONS[@]}"; do
		for peer in ours nd_pmem xfs ext4-nodax tmpfs; do
			measure "$name" $peer $round
		done
	done
done
