# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases that run kernel selftests on the four disks of pmem.config.

export PMEM_TEST_DEV=/dev/pmem0 PMEM_TEST_DIR=/mnt/mem
export PMEM_TEST_NODAX_DIR=/mnt/nodax

# mount_filesystems: ext4 with DAX and, on /dev/pmem2, without it
mount_filesystems() {
	mkdir -p "$PMEM_TEST_DIR" "$PMEM_TEST_NODAX_DIR"
	# the host does not have the memory for a discard, which touches all of a device
	mkfs.ext4 -q -E nodiscard "$PMEM_TEST_DEV"
	mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
	mkfs.ext4 -q -E nodiscard /dev/pmem2
	mount /dev/pmem2 "$PMEM_TEST_NODAX_DIR"
}

# unmount_filesystems
unmount_filesystems() {
	umount "$PMEM_TEST_DIR" "$PMEM_TEST_NODAX_DIR"
	report 'the filesystem is clean at the end' e2fsck -fn "$PMEM_TEST_DEV"
}
