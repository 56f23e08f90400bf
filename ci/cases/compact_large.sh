#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An ext4 of 32 GiB, aged to 75 % with a churn of twice its size, gets 90 % of its free
# space back in whole chunks, and 2 MiB pages map 98 % of new bytes. e2fsck finds no error.
#
# memory: 36G
# cmdline: memmap=32G$4G
# module: pmem start=4 size=32 count=1
# tools: yes
# timeout: 21600
# level: soak
# soak: 32G
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

aged "${1:-32G}" compacted --distribution agrawal --seed 1 --utilisation 75 --churn 2
sed 's/^/# /' $CSV
# at_least PERCENT MEASURE: what was measured after the compaction, for each size and way
at_least() {
	awk -F, -v least="$1" -v measure="$2" '
		$1 == "compacted" && $7 ~ "^(" measure ")$" { seen = 1; low = low || $9 < least }
		END { exit !seen || low }' $CSV
}
report 'at least 90 % of the free space are in whole chunks' at_least 90 free
report '2 MiB pages map at least 98 % of new bytes' at_least 98 'fallocate|write'
end_tests
