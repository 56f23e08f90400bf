#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The selftests of fs/dax.c pass on XFS, whose files can share blocks and which handles
# memory errors itself, and on 6.12 on ext2, which maps 4 KiB pages only and has no DAX on
# mainline. dax_stress.sh uses both filesystems on the debug kernel.
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
# timeout: 900
# bases: all
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"

export PMEM_TEST_DEV=/dev/pmem0 PMEM_TEST_DIR=/mnt/mem PMEM_TEST_DISK=/dev/pmem1
mkdir -p "$PMEM_TEST_DIR"
mkfs.xfs -q -K -m reflink=1,rmapbt=1 -d su=2m,sw=1 -l su=32k "$PMEM_TEST_DEV"
mount -o dax=always "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
selftests same_bytes huge_pages map_sync pinned pinned_unlinked fsync_locked zero_pages \
	read_hole shared_blocks upgrade_race unwritten poison shared_poison shared_orders \
	shared_pinned shared_write swap_extents
umount "$PMEM_TEST_DIR"
report 'the XFS filesystem is clean' xfs_repair -n "$PMEM_TEST_DEV"

on_base 6.12 || { end_tests; exit; }
mkfs.ext2 -q -b 4096 -E nodiscard "$PMEM_TEST_DEV"
mount -t ext2 -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
selftests same_bytes pinned fsync_locked zero_pages read_hole pinned_unlinked
umount "$PMEM_TEST_DIR"
report 'the ext2 filesystem is clean' e2fsck -fn "$PMEM_TEST_DEV"
end_tests
