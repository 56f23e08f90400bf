#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The selftests pass on the set-up that pmem.config is for: 32 GiB from 32 GiB
# on, as four devices.
#
# allows: Memory failure: .* Sending SIGBUS to poison:.*
# allows: Memory failure: .* recovery action for dax page: Recovered
# allows: MCE: Killing poison:.*
# allows: EXT4-fs (pmem0): Online defrag not supported with DAX
# memory: 65G
# cmdline: memmap=32G$32G
# module: pmem
# timeout: 500
set -euo pipefail

run() {
	local arguments
	mapfile -t arguments < <(printf -- '-t\npmem:%s\n' "$@")
	"$PMEM_KERNEL/selftests/run_kselftest.sh" "${arguments[@]}"
}

run devices

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"
write_back() {
	[ "$(grep -c 'mem 0x0*[8ace]00000000-.* write-back$' /sys/kernel/debug/x86/pat_memtype_list)" = 4 ]
}
report 'the memory of all four devices is mapped write-back' write_back

export PMEM_TEST_DEV=/dev/pmem0 PMEM_TEST_DIR=/mnt/mem
# a discard would touch all of a device, which the host has no room for
mkfs.ext4 -q -E nodiscard "$PMEM_TEST_DEV"
mkdir -p "$PMEM_TEST_DIR"
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
export PMEM_TEST_NODAX_DIR=/mnt/nodax
mkfs.ext4 -q -E nodiscard /dev/pmem2
mkdir -p "$PMEM_TEST_NODAX_DIR"
mount /dev/pmem2 "$PMEM_TEST_NODAX_DIR"
! on_debug_kernel || export PMEM_TEST_QUICK=1
run contiguous same_bytes huge_pages map_sync fault_counters pinned pinned_unlinked fsync_locked \
	zero_pages read_hole upgrade upgrade_race
for test in blocks chunks defrag; do
	run $test
	umount "$PMEM_TEST_DIR"
	e2fsck -fn "$PMEM_TEST_DEV"
	mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
done
export PMEM_TEST_DISK=/dev/pmem1
run poison
umount "$PMEM_TEST_DIR" "$PMEM_TEST_NODAX_DIR"
e2fsck -fn "$PMEM_TEST_DEV"

run partition.sh reload.sh
