#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A partition of a device can be made, formatted and mounted with DAX, and what
# is written to a file there is found on the whole device, at the partition's
# start plus the place of the file in the partition.
# Overwrites PMEM_TEST_DISK.

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

# in sectors of 512 bytes: a start on a 2 MiB border, and 256 MiB
START=8192
SIZE=524288

ktap_print_header
disk=${PMEM_TEST_DISK:-}
if [ -z "$disk" ]; then
	ktap_skip_all "PMEM_TEST_DISK is not set"
	exit "$KSFT_SKIP"
fi
part=${disk}p1
mnt=$(mktemp -d)
trap 'umount "$mnt" 2> /dev/null; sfdisk -q --delete "$disk" 2> /dev/null; rmdir "$mnt"' EXIT
ktap_set_plan 4

sysfs_value()
{
	[ "$(cat "/sys/class/block/${part##*/}/$1" 2> /dev/null)" = "$2" ]
}

echo "start=$START size=$SIZE type=83" | sfdisk -q --label dos "$disk" >&2
ktap_test_result "the partition starts at sector $START" sysfs_value start "$START"
ktap_test_result "the partition has $SIZE sectors" sysfs_value size "$SIZE"

mkfs.ext4 -q -b 4096 -E nodiscard "$part" >&2
ktap_test_result "it is mounted with DAX" mount -o dax "$part" "$mnt"

# Where FIEMAP puts the file, in blocks of 4096 bytes from the partition's start.
file_block()
{
	filefrag -v -b4096 "$mnt/file" | awk '$1 == "0:" { print $4 + 0 }'
}

same_bytes()
{
	local block
	block=$(file_block)
	[ -n "$block" ] && cmp -n 65536 "$mnt/file" \
		<(dd if="$disk" iflag=direct,skip_bytes bs=65536 count=1 status=none \
			skip=$((START * 512 + block * 4096)))
}

head -c 65536 /dev/urandom > "$mnt/file"
sync "$mnt/file"
ktap_test_result "the bytes of a file are where the disk should have them" same_bytes

ktap_finished
