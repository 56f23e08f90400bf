#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Processes that map the same file with 2 MiB pages need at most 1 % of the page tables
# that they need with 4 KiB pages, which is what tmpfs has by default.
#
# memory: 6G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# tools: yes
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/{ours,pages}
mkfs.ext4 -q -F -E nodiscard /dev/pmem0
mount -o dax /dev/pmem0 /mnt/ours
mount -t tmpfs none /mnt/pages

pmem_bench --rounds 1 processes --processes 20 ours=/mnt/ours pages=/mnt/pages > /run/csv
report 'page tables of 20 processes that map 1 GiB: at most 1 %' \
	bench_report --value kib --most 0.01 --peer pages /run/csv
# 512 tables of the last level for each process
enough() { awk -F, '$2 == "pages" { print; exit !($4 >= 20 * 2048) }' /run/csv; }
report 'each process on tmpfs has tables for 1 GiB of 4 KiB pages' enough
umount /mnt/ours /mnt/pages
end_tests
