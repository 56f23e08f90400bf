#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the selftests ask of fs/dax.c holds on XFS, whose files can share blocks and
# which handles memory errors by itself, and on ext2, whose faults are all small. The
# debug kernel has both in the case of dax_fsx.
#
# allows: EXT2-fs .pmem0.: DAX enabled. Warning: EXPERIMENTAL, use at your own risk
# allows: ext2 filesystem being mounted at .* supports timestamps until 2038-.*
# allows: Memory failure: .* Sending SIGBUS to poison:.*
# allows: Memory failure: .* recovery action for dax page: Recovered
# allows: MCE: Killing poison:.*
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=2 count=2
# module: xfs
# module: ext2
# timeout: 300
# debug: no
set -euo pipefail

run() {
	local arguments
	mapfile -t arguments < <(printf -- '-t\npmem:%s\n' "$@")
	"$PMEM_KERNEL/selftests/run_kselftest.sh" "${arguments[@]}"
}

export PMEM_TEST_DEV=/dev/pmem0 PMEM_TEST_DIR=/mnt/mem PMEM_TEST_DISK=/dev/pmem1
mkdir -p "$PMEM_TEST_DIR"
mkfs.xfs -q -K -m reflink=1,rmapbt=1 -d su=2m,sw=1 -l su=32k "$PMEM_TEST_DEV"
mount -o dax=always "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
run same_bytes huge_pages map_sync pinned pinned_unlinked fsync_locked zero_pages \
	read_hole shared_blocks upgrade_race poison
umount "$PMEM_TEST_DIR"
xfs_repair -n "$PMEM_TEST_DEV"

mkfs.ext2 -q -b 4096 -E nodiscard "$PMEM_TEST_DEV"
mount -t ext2 -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
run same_bytes pinned pinned_unlinked fsync_locked zero_pages read_hole
umount "$PMEM_TEST_DIR"
e2fsck -fn "$PMEM_TEST_DEV"
