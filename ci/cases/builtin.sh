#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Built into the kernel, the driver has its devices before the first program
# runs; the module's parameters are given as pmem.NAME=.
#
# kernel: vm+builtin
# memory: 13G
# cmdline: memmap=4G$8G pmem.start=8 pmem.size=4 pmem.count=2
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
no_module() { ! modinfo -F filename pmem | grep '\.ko'; }
report 'there is no module to load' no_module

"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:devices

export PMEM_TEST_DEV=/dev/pmem1 PMEM_TEST_DIR=/mnt/mem
mkfs.ext4 -q -E nodiscard "$PMEM_TEST_DEV"
mkdir -p "$PMEM_TEST_DIR"
mount -o dax "$PMEM_TEST_DEV" "$PMEM_TEST_DIR"
"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:huge_pages
umount "$PMEM_TEST_DIR"
