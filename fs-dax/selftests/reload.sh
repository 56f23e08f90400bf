#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do contents survive a reload of the module?
#
# After rmmod and modprobe with the same parameters, a filesystem is clean and a file
# has the same bytes. Overwrites PMEM_TEST_DISK.

DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=/dev/null
. "$DIR"/../kselftest/ktap_helpers.sh

ktap_print_header
disk=${PMEM_TEST_DISK:-}
if [ -z "$disk" ]; then
	ktap_skip_all "PMEM_TEST_DISK is not set"
	exit "$KSFT_SKIP"
fi
if [ ! -e /sys/module/pmem/refcnt ]; then
	ktap_skip_all "the driver is not a module"
	exit "$KSFT_SKIP"
fi
mnt=$(mktemp -d)
trap 'umount "$mnt" 2> /dev/null; rmdir "$mnt"' EXIT
ktap_set_plan 6

parameters=()
for name in start size count ranges map ro; do
	parameters+=("$name=$(cat "/sys/module/pmem/parameters/$name")")
done

wipefs -q -a "$disk" >&2
mkfs.ext4 -q -E nodiscard "$disk" >&2
mount -o dax "$disk" "$mnt" || ktap_exit_fail_msg "$disk does not mount"
head -c 16M /dev/urandom > "$mnt/file"
sum=$(sha256sum < "$mnt/file")

# udev opens a device when it changes, and an open device keeps the module loaded
settle()
{
	! command -v udevadm > /dev/null || udevadm settle
}

refuse_unload()
{
	! rmmod pmem 2> /dev/null
}

is_gone()
{
	[ ! -e "$disk" ]
}

same_file()
{
	[ "$(sha256sum < "$mnt/file")" = "$sum" ]
}

ktap_test_result "rmmod is refused while a device is mounted" refuse_unload
umount "$mnt"
settle
ktap_test_result "rmmod succeeds after the unmount" rmmod pmem
ktap_test_result "rmmod removes the device" is_gone
modprobe pmem "${parameters[@]}"
settle
ktap_test_result "the filesystem is clean after a reload" e2fsck -fn "$disk"
mount -o dax "$disk" "$mnt" || ktap_exit_fail_msg "$disk does not mount again"
ktap_test_result "the contents of the file are the same after a reload" same_file
umount "$mnt"
ktap_test_result "the filesystem is clean after a reload and a mount" e2fsck -fn "$disk"

ktap_finished
