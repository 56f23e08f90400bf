#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What fsync() or a MAP_SYNC fault makes durable in blocks that two files share has
# been written back from the caches: as many lines as the emulator counts.
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
mkfs.xfs -q -K -m reflink=1 -d su=2m,sw=1 -l su=32k /dev/pmem0
mount -o dax=always /dev/pmem0 /mnt/mem
dax_counts --counts "$PMEM_SHARE/counts" flushes /mnt/mem > /run/flushed
umount /mnt/mem

# flushed LEAST OPERATION: so many lines at least
flushed() { awk -v least="$1" -v what="$2" '$2 == what { print; ok = $1 >= least } END { exit !ok }' /run/flushed; }

# A block has 64 lines. write() does not cache most of what it is given, which here is
# less than two of them; the rest of the block is copied.
report 'write() of a part: what is copied' flushed 62 write
report 'FALLOC_FL_UNSHARE_RANGE: all of the block' flushed 64 unshare
report 'FALLOC_FL_ZERO_RANGE of a part: all of the block' flushed 64 zero
report 'a fault for MAP_SYNC: all of the block' flushed 64 sync_fault
report 'write() beside a block that was stored to: that block' flushed 64 neighbour
