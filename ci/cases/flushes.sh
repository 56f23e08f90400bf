#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fsync() and MAP_SYNC faults write back all dirty cache lines, as the emulator counts
# them: for the rest of a 2 MiB page after truncate, and for blocks that two files
# share.
#
# memory: 5G
# cmdline: memmap=1G$4G
# module: pmem start=4 size=1 count=1
# module: xfs
# counts: yes
# timeout: 300
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/mem

# count SUBCOMMAND: write the counts to /run/flushed
count() {
	dax_counts --counts "$PMEM_SHARE/counts" "$1" /mnt/mem > /run/flushed
}

# flushed LEAST OPERATION: it wrote back at least that number of cache lines
flushed() { awk -v least="$1" -v what="$2" '$2 == what { print; ok = $1 >= least } END { exit !ok }' /run/flushed; }

# remaining FILESYSTEM: what is left of the file was written back
remaining() {
	report "$1: ftruncate() of a PMD entry with a dirty page writes back that page" flushed 64 truncate
	report "$1: fsync() after ftruncate() writes back a page before the new end" flushed 64 truncate_4K
	report "$1: fsync() after a hole was punched writes back a page before the hole" flushed 64 punch_4K
}

mkfs.ext4 -q -E nodiscard /dev/pmem0
mount -o dax /dev/pmem0 /mnt/mem
count flushes
umount /mnt/mem
remaining ext4

mkfs.xfs -q -f -K -m reflink=1 -d su=2m,sw=1 -l su=32k /dev/pmem0
mount -o dax=always /dev/pmem0 /mnt/mem
count flushes
remaining XFS
count shared
umount /mnt/mem

# a block has 64 cache lines
report 'write() of a part of a shared block writes back all of the copy' flushed 64 write
report 'FALLOC_FL_UNSHARE_RANGE writes back all of the copy' flushed 64 unshare
report 'FALLOC_FL_ZERO_RANGE of a part of a shared block writes back all of the copy' flushed 64 zero
report 'a MAP_SYNC write fault on a shared block writes back all of the copy' flushed 64 sync_fault
report 'write() to a shared block also writes back the dirty block of the PMD entry' flushed 128 neighbour
end_tests
