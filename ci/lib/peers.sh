# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases and sessions that compare the driver with others. A caller reserves memory for
# each with memmap= on its cmdline, and declares that the log may have
#   nd_pmem namespace.*: unable to guarantee persistence of writes

# NAME=DEVICE words, for pmem_bench; ours first
PEERS=()

# new_disks COMMAND...: what is new in /dev/pmem* after it, sets DISKS
new_disks() {
	local before
	before=$(printf '%s\n' /dev/pmem*)
	"$@"
	# shellcheck disable=SC2034 # for the caller
	mapfile -t DISKS < <(printf '%s\n' /dev/pmem* | grep -vxF "$before")
}

# load_ours START GIB COUNT [PARAMETER=VALUE...]: sets DISKS too
load_ours() {
	new_disks modprobe pmem start="$1" size="$2" count="$3" "${@:4}"
	PEERS=("ours=${DISKS[0]}" "${PEERS[@]}")
}

# nd_pmem_disk: its name; fails if it is not there yet
nd_pmem_disk() {
	local found
	found=$(compgen -G '/sys/devices/platform/e820_pmem/*/*/*/block/pmem*') &&
		echo "/dev/${found##*/}"
}
# bind_nd_pmem: drivers/nvdimm on all of memmap=nn!ss
bind_nd_pmem() {
	modprobe -a nd_e820 nd_pmem
	until nd_pmem_disk > /dev/null; do sleep 0.01; done
}
load_nd_pmem() {
	bind_nd_pmem
	PEERS+=("nd_pmem=$(nd_pmem_disk)")
}

# bind_ramdax: mainline's ramdax on all of memmap=nn!ss, as its users do; a namespace
# makes a disk of it
bind_ramdax() {
	modprobe -a nd_pmem ramdax &&
		echo ramdax > /sys/bus/platform/devices/e820_pmem/driver_override &&
		echo e820_pmem > /sys/bus/platform/drivers/ramdax/bind
}
load_ramdax() {
	bind_ramdax
	new_disks ndctl create-namespace --mode=fsdax --map=mem > /dev/null
	PEERS+=("ramdax=${DISKS[0]}")
}

# load_brd: 1 GiB
load_brd() {
	modprobe brd rd_nr=1 rd_size=$((1 << 20))
	# brd allocates pages when they are first written
	dd if=/dev/zero of=/dev/ram0 bs=1M count=256 oflag=direct status=none
	PEERS+=(brd=/dev/ram0)
}

# NAME=DIRECTORY words, for pmem_bench
DIRECTORIES=()

# mount_peer NAME DEVICE OPTIONS COMMAND...: mount what COMMAND makes of DEVICE, with these
# options in one word
mount_peer() {
	mkdir -p "/mnt/$1"
	"${@:4}" "$2"
	# shellcheck disable=SC2086 # options
	mount $3 "$2" "/mnt/$1"
	DIRECTORIES+=("$1=/mnt/$1")
}
