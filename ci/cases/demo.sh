#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make demo shows four devices of 8 GiB, ext4 with DAX on the first, and a file that is
# mapped in 2 MiB pages.
#
# memory: 65G
# debug: no
# cmdline: memmap=32G$32G
# level: check
# bases: all
set -euo pipefail

session=$(bash "${0%/cases/*}/vm/sessions/demo.sh" 2>&1) || true
printf '%s\n' "$session" | sed 's/^/# /'

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# lines N REGEX: that many lines of the session match
lines() { [ "$(grep -c "$2" <<< "$session")" = "$1" ]; }
shows() { report "$1 lines show $2" lines "$@"; }

shows 4 '^Disk /dev/pmem[0-3]: 8 GiB, 8589934592 bytes, 16777216 sectors'
shows 1 '^/dev/pmem0 on /mnt/mem type ext4 (.*dax'
shows 1 '^/dev/pmem0 *7\.8G .* /mnt/mem'
shows 1 '^ok 1 PMD ranges are mapped in 2 MiB pages: [1-9]'
end_tests
