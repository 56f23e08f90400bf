#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A read or a write costs fewer instructions of the kernel than with drivers/nvdimm or
# brd, for small and large I/O, by system calls and by io_uring.
#
# Instructions that copy are not counted: all drivers copy the same bytes. Loops that copy
# are left out, and string instructions count once.
#
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 10G
# cmdline: memmap=1G!4G memmap=1G$8G
# counts: yes
# debug: no
# timeout: 400
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/peers.sh
. "${0%/cases/*}/lib/peers.sh"
load_ours 8 1 1
load_nd_pmem
load_brd

# measure FILE CASES
measure() {
	pmem_bench --counts "$PMEM_SHARE/counts" --rounds 1 --cases "$2" block "${PEERS[@]}" > "$1"
}
measure /run/small 'read-4k-psync|write-4k-psync|write-4k-fsync'
measure /run/large 'read-1m-psync|write-1m-psync'
measure /run/uring 'read-4k-uring|write-4k-uring'

# at_most RATIO PEER FILE
at_most() {
	bench_report --most "$1" --peer "$2" "$3"
}
for peer in nd_pmem brd; do
	report "4 KiB: fewer instructions than $peer" at_most 0.995 $peer /run/small
	report "4 KiB by io_uring: fewer instructions than $peer" at_most 0.995 $peer /run/uring
	report "1 MiB: at most 0.3 of the instructions of $peer" at_most 0.3 $peer /run/large
done
end_tests
