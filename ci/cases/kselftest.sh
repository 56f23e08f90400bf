#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel selftests of DAX pass on the devices that pmem.config describes: four, in
# 32 GiB that start at 32 GiB. kselftest_disk.sh has the others.
#
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

selftests devices

write_back() {
	[ "$(grep -c 'mem 0x0*[8ace]00000000-.* write-back$' /sys/kernel/debug/x86/pat_memtype_list)" = 4 ]
}
report 'the memory of all four devices is mapped write-back' write_back

mount_filesystems
if on_debug_kernel && [ $# = 0 ]; then
	export PMEM_TEST_QUICK=1
fi
selftests contiguous same_bytes huge_pages map_sync fault_counters pinned fsync_locked \
	zero_pages read_hole upgrade upgrade_race unwritten
selftests pinned_unlinked
umount "$PMEM_TEST_DIR"
# its child holds a pin, which would be a pin of the next file that gets the block
for child in $(pidof pinned_unlinked); do
	kill "$child"
done
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
# pinned_unlinked leaves two files, one of them with a pin
orphans() { dmesg | grep 'pmem0.*: .* orphan inode.* deleted'; }
one_left() { orphans | grep ': 1 orphan'; }
none_left() { ! orphans; }
if on_base 6.12; then
	report 'an unmount leaves only the pinned file on the orphan list' one_left
else
	report 'an unmount waits for the pin, and leaves no file on the orphan list' none_left
fi
unmount_filesystems
end_tests
