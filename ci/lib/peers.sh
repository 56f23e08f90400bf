# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases and sessions that compare the driver with others, on 1 GiB each. A caller
# declares "cmdline: memmap=1G!4G memmap=1G$8G", "memory: 10G", and that the log may have
#   nd_pmem namespace.*: unable to guarantee persistence of writes

# load_peers: sets PEERS to NAME=DEVICE words, for pmem_bench
load_peers() {
	local theirs
	modprobe -a nd_e820 nd_pmem
	until theirs=$(find /sys/devices/platform -path '*/block/pmem*' -prune -printf '%f\n') &&
	      [ -n "$theirs" ]; do
		sleep 0.1
	done
	modprobe pmem start=8 size=1 count=1
	modprobe brd rd_nr=1 rd_size=$((1 << 20))
	# brd allocates pages when they are first written
	dd if=/dev/zero of=/dev/ram0 bs=1M count=256 oflag=direct status=none
	# shellcheck disable=SC2034 # for the caller
	PEERS=("ours=$(printf '%s\n' /dev/pmem* | grep -vx "/dev/$theirs")" "nd_pmem=/dev/$theirs" brd=/dev/ram0)
}
