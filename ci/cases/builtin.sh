#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# When the driver is built in, its devices exist before the first program runs, and
# its parameters are pmem.NAME= on the kernel command line.
#
# kernel: vm+builtin
# memory: 13G
# cmdline: memmap=4G$8G pmem.start=8 pmem.size=4 pmem.count=2
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
no_module() { ! modinfo -F filename pmem | grep '\.ko'; }
report 'there is no module to load' no_module

selftests devices

export PMEM_TEST_DEV=/dev/pmem1 PMEM_TEST_DIR=/mnt/mem
mkfs.ext4 -q -E nodiscard "$PMEM_TEST_DEV"
mkdir -p "$PMEM_TEST_DIR"
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
selftests huge_pages
umount "$PMEM_TEST_DIR"
end_tests
