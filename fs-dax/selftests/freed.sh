#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Space of small files that was freed is used again before the journal's next
# commit is due, so that hardly any 2 MiB windows are broken in its place.
# Overwrites PMEM_TEST_DISK.

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

# half of them are more than is left to wait for a commit
FILES=192
SIZE=1M

ktap_print_header
disk=${PMEM_TEST_DISK:-}
if [ -z "$disk" ]; then
	ktap_skip_all "PMEM_TEST_DISK is not set"
	exit "$KSFT_SKIP"
fi
mnt=$(mktemp -d)
trap 'umount "$mnt" 2> /dev/null; wipefs -qa "$disk"; rmdir "$mnt"' EXIT
ktap_set_plan 2

mkfs.ext4 -q -b 4096 -E nodiscard "$disk" >&2
mount -o dax,commit=300 "$disk" "$mnt"
echo 1 > "/sys/fs/ext4/${disk##*/}/mb_stats"

windows_broken()
{
	awk '$1 == "piece_misses:" { print $2 }' "/proc/fs/ext4/${disk##*/}/mb_stats"
}

# create STEP: every one of the files, or every second one
create()
{
	local i before
	before=$(windows_broken)
	for ((i = 0; i < FILES; i += $1)); do
		fallocate -l "$SIZE" "$mnt/$i" >&2
	done
	echo $(($(windows_broken) - before))
}

first=$(create 1)
sync
rm "$mnt"/*[02468]
again=$(create 2)
ktap_test_result "$FILES files of $SIZE break windows ($first)" [ "$first" -ge $((FILES / 3)) ]
ktap_test_result "hardly any when half of them are made again ($again)" \
	[ "$again" -le $((first / 8)) ]

ktap_finished
