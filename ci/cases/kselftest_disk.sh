#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel selftests of block placement, of poison and of whole disks pass, on the
# devices of kselftest.sh.
#
# allows: Memory failure: .* Sending SIGBUS to poison:.*
# allows: Memory failure: .* recovery action for dax page: Recovered
# allows: MCE: Killing poison:.*
# allows: EXT4-fs (pmem0): Online defrag not supported with DAX
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
# shellcheck source=ci/lib/selftests.sh
. "${0%/cases/*}/lib/selftests.sh"

mount_filesystems
tests=(blocks chunks defrag)
scripts=(partition.sh reload.sh)
if on_debug_kernel && [ $# = 0 ]; then
	# debug options do not change block placement, and cycles.sh reloads the driver
	tests=(defrag)
	scripts=(partition.sh)
	export PMEM_TEST_QUICK=1
fi
for test in "${tests[@]}"; do
	selftests "$test"
	umount "$PMEM_TEST_DIR"
	report "the filesystem is clean after $test" e2fsck -fn "$PMEM_TEST_DEV"
	mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
done
export PMEM_TEST_DISK=/dev/pmem1
selftests poison
unmount_filesystems

selftests "${scripts[@]}"
end_tests
