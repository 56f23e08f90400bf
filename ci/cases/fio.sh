#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fio reads the checksums that it wrote: on the block device, and in files on a
# filesystem with DAX.
#
# memory: 9G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# timeout: 200 1500
# soak: 4G
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"

# how much each engine writes
amount=${1:-32M}

# verified ENGINE TARGET OPTION...
verified() {
	local engine=$1 target=$2
	shift 2
	fio --name=verify --thread --ioengine="$engine" --filename="$target" \
		--rw=randwrite --bsrange=4k-256k --blockalign=4k --io_size="$amount" \
		--verify=crc32c --verify_fatal=1 --randseed=1 "$@"
}

for engine in libaio io_uring; do
	report "$engine: the block device has the checksums that were written" \
		verified $engine /dev/pmem0 --size=1G --direct=1 --iodepth=16
done

mkfs.ext4 -q -E nodiscard /dev/pmem1
mkdir -p /mnt/mem
mount -o dax /dev/pmem1 /mnt/mem
for engine in libaio io_uring mmap; do
	report "$engine: a DAX file has the checksums that were written" \
		verified $engine /mnt/mem/file --size=256M --iodepth=16
done
umount /mnt/mem
report 'the filesystem is clean' e2fsck -fn /dev/pmem1
end_tests
