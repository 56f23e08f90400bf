#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What fsync() or a MAP_SYNC fault makes durable has been written back from the caches:
# as many lines as the emulator counts, for what truncate leaves of a 2 MiB page, and
# for blocks that two files share.
#
# memory: 5G
# cmdline: memmap=1G$4G
# module: pmem start=4 size=1 count=1
# module: xfs
# counts: yes
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
mkdir -p /mnt/mem

# count SUBCOMMAND: into /run/flushed
count() {
	dax_counts --counts "$PMEM_SHARE/counts" "$1" /mnt/mem > /run/flushed
}

# flushed LEAST OPERATION: so many lines at least
flushed() { awk -v least="$1" -v what="$2" '$2 == what { print; ok = $1 >= least } END { exit !ok }' /run/flushed; }

mkfs.ext4 -q -E nodiscard /dev/pmem0
mount -o dax /dev/pmem0 /mnt/mem
count flushes
umount /mnt/mem
report 'ext4: ftruncate() beside a page that was stored to: that page' flushed 64 truncate

mkfs.xfs -q -f -K -m reflink=1 -d su=2m,sw=1 -l su=32k /dev/pmem0
mount -o dax=always /dev/pmem0 /mnt/mem
count flushes
report 'XFS: ftruncate() beside a page that was stored to: that page' flushed 64 truncate
count shared
umount /mnt/mem

# A block has 64 lines. write() does not cache most of what it is given, which here is
# less than two of them; the rest of the block is copied.
report 'write() of a part: what is copied' flushed 62 write
report 'FALLOC_FL_UNSHARE_RANGE: all of the block' flushed 64 unshare
report 'FALLOC_FL_ZERO_RANGE of a part: all of the block' flushed 64 zero
report 'a fault for MAP_SYNC: all of the block' flushed 64 sync_fault
report 'write() beside a block that was stored to: that block' flushed 128 neighbour
