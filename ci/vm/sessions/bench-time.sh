#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# JOBS ROUNDS PROCESSES - time of I/O, loading and mounting; RAM and page tables
#
# On 32 GiB for this driver, and as much for drivers/nvdimm. JOBS is a file of fio. A line
# that begins with "time: " is in microseconds, one with "ram: " in KiB for each GiB of
# the disk, and one with "page-tables: " in KiB.
#
# allows: EXT4-fs [a-z]*: [0-9]* callbacks suppressed
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 98G
# cmdline: memmap=32G$32G memmap=32G!64G
# module: xfs
# tools: yes
# timeout: 3600
set -euo pipefail

# shellcheck source=ci/lib/measure.sh
. "${0%/vm/*}/lib/measure.sh"
# shellcheck source=ci/lib/peers.sh
. "${0%/vm/*}/lib/peers.sh"
jobs=$1 rounds=$2 processes=$3

# timed CASE PEER ROUND COMMAND...: the first round, 0, only fills caches
timed() {
	took "${@:4}"
	[ "$3" = 0 ] || echo "time: $1,$2,$3,$TIME"
}

echo 'ram: case,peer,round,kib'
# ram CASE PEER COMMAND...: by how much it makes the free memory less
ram() {
	local free
	free=$(free_kib 0)
	"${@:3}"
	echo "ram: $1,$2,1,$(((free - $(free_kib 0)) / 32))"
}
load_four() { load_ours 32 32 4 "$@"; }
ram map=mem ours load_four
rmmod pmem
modprobe nd_e820
ram map=mem nd_pmem bind_nd_pmem
rmmod nd_pmem

load_four
mount_peer ours "${DISKS[0]}" '-o dax' mkfs.ext4 -q -F -E nodiscard
mount_peer xfs "${DISKS[1]}" '-o dax=always' mkfs.xfs -q -f -K -d su=2m,sw=1 -l su=32k
mount_peer ext4-nodax "${DISKS[2]}" '' mkfs.ext4 -q -F -E nodiscard
mount_peer tmpfs none '-t tmpfs' true
pmem_bench --rounds 1 processes --processes "$processes" "${DIRECTORIES[@]}" |
	sed -u 's/^/page-tables: /'
umount "${DIRECTORIES[@]#*=}"
rmmod pmem

echo 'time: case,peer,round,microseconds'
for ((round = 0; round <= rounds; round++)); do
	timed load-32g nd_pmem "$round" bind_nd_pmem
	timed load-32g ours "$round" modprobe pmem start=32 size=32 count=4
	theirs=$(nd_pmem_disk)
	for peer in nd_pmem="$theirs" ours="$(printf '%s\n' /dev/pmem* | grep -vxm 1 "$theirs")"; do
		name=${peer%%=*} disk=${peer#*=}
		mkdir -p "/mnt/$name"
		timed mkfs-ext4-8g "$name" "$round" mkfs.ext4 -q -F -E nodiscard "$disk" 8000M
		timed mount "$name" "$round" mount -o dax "$disk" "/mnt/$name"
		timed umount "$name" "$round" umount "/mnt/$name"
		timed zero-1g "$name" "$round" blkdiscard --zeroout --length 1G --force "$disk"
	done
	timed unload-32g nd_pmem "$round" rmmod nd_pmem
	timed unload-32g ours "$round" rmmod pmem
done

# run_jobs PREFIX JOB...: each on all peers, by turns
run_jobs() {
	local prefix=$1 round name peer took
	shift
	for ((round = 1; round <= rounds; round++)); do
		for name; do
			for peer in "${PEERS[@]}"; do
				took=$(DISK=${peer#*=} fio --output-format=json --section="$name" "$jobs" |
					jq '.jobs[0] | (.read, .write) | select(.total_ios > 0) |
						.runtime * 1000 / .total_ios')
				echo "time: $prefix$name,${peer%%=*},$round,$took"
			done
		done
	done
}
mapfile -t names < <(sed -n 's/^\[\(.*\)\]$/\1/p' "$jobs" | grep -vx global)
PEERS=()
load_four
load_nd_pmem
load_brd
run_jobs '' "${names[@]}"

# all disks are RAM disks, or none
rmmod pmem brd
PEERS=()
load_four ramdisk=1
load_brd
mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -e '-psync$')
run_jobs ramdisk- "${names[@]}"
rmmod pmem brd

# the last, because the disks are smaller then
ram map=dev ours load_four map=dev,format
