#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel selftests pass on the devices that pmem.config describes: four, in 32 GiB
# that start at 32 GiB.
#
# allows: Memory failure: .* Sending SIGBUS to poison:.*
# allows: Memory failure: .* recovery action for dax page: Recovered
# allows: MCE: Killing poison:.*
# allows: EXT4-fs (pmem[02]): Online defrag not supported .*
# allows: EXT4-fs (pmem0): shut down requested (2)
# allows: EXT4-fs (pmem0): recovery complete
# allows: Aborting journal on device pmem0-8.
# memory: 65G
# cmdline: memmap=32G$32G
# module: pmem
# timeout: 500 3000
# soak: all
# level: check
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"

selftests devices

write_back() {
	[ "$(grep -c 'mem 0x0*[8ace]00000000-.* write-back$' /sys/kernel/debug/x86/pat_memtype_list)" = 4 ]
}
report 'the memory of all four devices is mapped write-back' write_back

export PMEM_TEST_DEV=/dev/pmem0 PMEM_TEST_DIR=/mnt/mem
# the host does not have the memory for a discard, which touches all of a device
mkfs.ext4 -q -E nodiscard "$PMEM_TEST_DEV"
mkdir -p "$PMEM_TEST_DIR"
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
export PMEM_TEST_NODAX_DIR=/mnt/nodax
mkfs.ext4 -q -E nodiscard /dev/pmem2
mkdir -p "$PMEM_TEST_NODAX_DIR"
mount /dev/pmem2 "$PMEM_TEST_NODAX_DIR"
tests=(blocks chunks defrag)
scripts=(partition.sh reload.sh)
if on_debug_kernel && [ $# = 0 ]; then
	# debug options do not change block placement, and cycles.sh reloads the driver
	tests=(defrag)
	scripts=(partition.sh)
	export PMEM_TEST_QUICK=1
fi
selftests contiguous same_bytes huge_pages map_sync fault_counters pinned fsync_locked \
	zero_pages read_hole upgrade upgrade_race unwritten
for test in "${tests[@]}"; do
	selftests "$test"
	umount "$PMEM_TEST_DIR"
	report "the filesystem is clean after $test" e2fsck -fn "$PMEM_TEST_DEV"
	mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
done
umount "$PMEM_TEST_DIR"
mkfs.ext4 -q -F -E nodiscard "$PMEM_TEST_DEV"
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
selftests compact
umount "$PMEM_TEST_DIR"
report 'the filesystem is clean after compact' e2fsck -fn "$PMEM_TEST_DEV"
for options in dax dax,data=writeback; do
	mkfs.ext4 -q -F -O fast_commit -E nodiscard "$PMEM_TEST_DEV"
	mount -o "$options" "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
	selftests defrag_crash
	umount "$PMEM_TEST_DIR"
	mount -o "$options" "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
	selftests defrag_crash
	umount "$PMEM_TEST_DIR"
	report "the filesystem is clean after a crash, with $options" e2fsck -fn "$PMEM_TEST_DEV"
done
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
selftests pinned_unlinked
umount "$PMEM_TEST_DIR"
# its child holds a pin, which would be a pin of the next file that gets the block
for child in $(pidof pinned_unlinked); do
	kill "$child"
done
# pinned_unlinked leaves two files, one of them with a pin; the crashes before it left some
old=$(dmesg | grep -c 'orphan inode.* deleted' || true)
orphans() { dmesg | grep 'pmem0.*: .* orphan inode.* deleted' | tail -n +$((old + 1)) | grep .; }
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
one_left() { orphans | grep ': 1 orphan'; }
none_left() { ! orphans; }
if on_base 6.12; then
	report 'an unmount leaves only the pinned file on the orphan list' one_left
else
	report 'an unmount waits for the pin, and leaves no file on the orphan list' none_left
fi
export PMEM_TEST_DISK=/dev/pmem1
selftests poison
umount "$PMEM_TEST_DIR" "$PMEM_TEST_NODAX_DIR"
report 'the filesystem is clean at the end' e2fsck -fn "$PMEM_TEST_DEV"

selftests "${scripts[@]}"
end_tests
