#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does DAX work on a partition?
#
# The test makes a partition with ext4 on it and mounts it with DAX. The bytes of a file
# must be on the whole disk, at the start of the partition plus the file's offset in it.
# Overwrites PMEM_TEST_DISK.

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

# in sectors of 512 bytes: the start is a multiple of 2 MiB, the size is 256 MiB
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
ktap_test_result "ext4 on the partition mounts with DAX" mount -o dax "$part" "$mnt"

# The file's offset in the partition by FIEMAP, in blocks of 4096 bytes.
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
ktap_test_result "the whole disk has the file's bytes, offset by the partition's start" same_bytes

ktap_finished
