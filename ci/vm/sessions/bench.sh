#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# MODULE ROUNDS [ramdax] - instructions of block I/O and of files, with this driver and others
#
# The others are drivers/nvdimm and brd, and for files also XFS with DAX, ext4 without it
# and tmpfs; or only ramdax, which takes the memory that drivers/nvdimm would use. MODULE
# is that of tools/bench/empty, built for this kernel. A line that begins with "block: " or
# "files: " is a result of pmem_bench, and one with "functions: " the instructions of a
# function.
#
# allows: EXT4-fs [a-z]*: [0-9]* callbacks suppressed
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# allows: empty_bio: loading out-of-tree module taints kernel.
# memory: 16G
# cmdline: memmap=2G!4G memmap=6G$8G
# module: xfs
# counts: yes
# timeout: 3600
set -euo pipefail

# shellcheck source=ci/lib/peers.sh
. "${0%/vm/*}/lib/peers.sh"
rounds=$2 others=${3:-nd_pmem}

# measure block|files CASES PEER...
measure() {
	pmem_bench --counts "$PMEM_SHARE/counts" --functions /run/functions \
		--rounds "$rounds" --cases "$2" "$1" "${@:3}" | sed -u "s/^/$1: /"
	sed 's/^/functions: /' /run/functions
}

load_ours 8 6 3
ours=("${DISKS[@]}")
load_"$others"
if [ "$others" = nd_pmem ]; then
	load_brd
	insmod "$1"
	floor=(empty=/dev/empty)
else
	floor=()
fi
measure block '.*psync|.*fsync' "${PEERS[@]}" "${floor[@]}"
measure block '.*uring.*' "${PEERS[@]}" "${floor[@]}"
measure block 'zero-.*' "${PEERS[@]}"

ext4=(mkfs.ext4 -q -F -b 4096 -E nodiscard)
for peer in "${PEERS[@]}"; do
	[[ $peer = brd=* ]] || mount_peer "${peer%%=*}" "${peer#*=}" '-o dax' "${ext4[@]}"
done
if [ "$others" = nd_pmem ]; then
	mount_peer xfs "${ours[1]}" '-o dax=always' mkfs.xfs -q -f -K -d su=2m,sw=1 -l su=32k
	mount_peer ext4-nodax "${ours[2]}" '' "${ext4[@]}"
	mount_peer tmpfs none '-t tmpfs' true
	mount_peer tmpfs-huge none '-t tmpfs -o huge=always' true
fi
measure files '.*' "${DIRECTORIES[@]}"
umount "${DIRECTORIES[@]#*=}"
