#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# MODULE ROUNDS - instructions of block I/O and of DAX, with this driver and with others
#
# MODULE is that of tools/bench/empty, built for this kernel. A line that begins with
# "block: " or "dax: " is a result of pmem_bench, and one with "functions: " the
# instructions of a function.
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

# measure block|dax CASES PEER...
rounds=$2
measure() {
	pmem_bench --counts "$PMEM_SHARE/counts" --functions /run/functions \
		--rounds "$rounds" --cases "$2" "$1" "${@:3}" | sed -u "s/^/$1: /"
	sed 's/^/functions: /' /run/functions
}
measure block '.*psync|.*fsync' "${PEERS[@]}" empty=/dev/empty
measure block '.*uring.*' "${PEERS[@]}" empty=/dev/empty
measure block 'zero-.*' "${PEERS[@]}"

files=()
for peer in "${PEERS[@]}"; do
	[[ $peer != brd=* ]] || continue
	directory=/mnt/${peer%%=*}
	mkdir "$directory"
	mkfs.ext4 -q -F -b 4096 -E nodiscard "${peer#*=}"
	mount -o dax "${peer#*=}" "$directory"
	files+=("${peer%%=*}=$directory")
done
measure dax '.*' "${files[@]}"
umount "${files[@]#*=}"
