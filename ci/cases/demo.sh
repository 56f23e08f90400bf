#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration shows what it says: four devices of 8 GiB, ext4 with DAX on
# the first, and a file in 2 MiB pages.
#
# memory: 65G
# debug: no
# cmdline: memmap=32G$32G
set -euo pipefail

session=$(bash "${0%/cases/*}/sessions/demo.sh" 2>&1) || true
printf '%s\n' "$session" | sed 's/^/# /'

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# lines N REGEX: that many lines of the session match
lines() { [ "$(grep -c "$2" <<< "$session")" = "$1" ]; }
shows() { report "$1 lines show $2" lines "$@"; }

shows 4 '^Disk /dev/pmem[0-3]: 8 GiB, 8589934592 bytes, 16777216 sectors'
shows 1 '^/dev/pmem0 on /mnt/mem type ext4 (.*dax'
shows 1 '^/dev/pmem0 *7\.8G .* /mnt/mem'
shows 1 '^ok .* [1-9][0-9]* of [1-9][0-9]* mappings are of 2 MiB when written'
