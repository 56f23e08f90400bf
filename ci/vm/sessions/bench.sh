#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# MODULE ROUNDS - instructions per block I/O, of this driver and of its peers
#
# MODULE is that of tools/bench/empty, built for this kernel. A line that begins with
# "csv: " is a result of block_bench, and one with "functions: " the instructions of a
# function.
#
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# allows: empty_bio: loading out-of-tree module taints kernel.
# memory: 10G
# cmdline: memmap=1G!4G memmap=1G$8G
# counts: yes
# timeout: 3600
set -euo pipefail

# shellcheck source=ci/lib/peers.sh
. "${0%/vm/*}/lib/peers.sh"
load_peers
insmod "$1"

# measure CASES PEER...
measure() {
	block_bench --counts "$PMEM_SHARE/counts" --functions /run/functions \
		--rounds "$rounds" --cases "$1" "${@:2}" | sed -u 's/^/csv: /'
	sed 's/^/functions: /' /run/functions
}
rounds=$2
measure '.*psync|.*fsync' "${PEERS[@]}" empty=/dev/empty
measure '.*uring.*' "${PEERS[@]}" empty=/dev/empty
measure 'zero-.*' "${PEERS[@]}"
