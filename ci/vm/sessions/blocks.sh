#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Age ext4 without DAX on drivers/nvdimm, and print where all blocks are. The base prints
# the same as the whole series.
#
# The result must not depend on time: there is one CPU, only the program causes writeback
# of dirty pages, and no timer starts a journal commit.
#
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 8G
# cmdline: memmap=1G!4G maxcpus=1
# tools: yes
# timeout: 300
set -euo pipefail

# shellcheck source=ci/lib/aging.sh
. "${0%/vm/*}/lib/aging.sh"

modprobe -a nd_e820 nd_pmem
until [ -b /dev/pmem0 ]; do sleep 0.1; done
cd /proc/sys/vm
echo 0 > dirty_writeback_centisecs
echo 90 > dirty_ratio
echo 80 > dirty_background_ratio

while read -r by options; do
	make_filesystem 512M
	mount -o "dax=never,commit=3600,$options" /dev/pmem0 /mnt/mem
	aging --dir /mnt/mem --age-only --distribution baseline --by "$by" \
		--write-size 64 --churn 2 > /dev/null 2>&1
	printf 'files by %s, %s\n' "$by" "$options"
	find /mnt/mem -xdev -print0 | sort -z | xargs -0 filefrag -v |
		grep -v '^Filesystem type is: '
	umount /mnt/mem
done <<- END
	fallocate delalloc
	write delalloc
	write nodelalloc
END
