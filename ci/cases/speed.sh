#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and zeroing take less time than with drivers/nvdimm on as much memory,
# by turns in one guest. The fastest of nine turns counts: other work on the host
# only adds time.
#
# Time means little in an emulated machine, a ratio more. Loading is page
# descriptors for 32 GiB: here four devices by two CPUs, there one by one. It is
# counted from modprobe of the driver's module until the disks are there.
#
# What is promised is 65 % for loading and 60 % for zeroing, on which "make soak
# T=speed" insists, with nothing else running. Loading needs two CPUs of the host at
# once, so that other work there costs it more than drivers/nvdimm: 69 to 81 % in
# eight runs on a shared host, and 93 to 125 % in four with maxcpus=1. The limit here
# lies between these.
#
# soak: exact
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 98G
# cmdline: memmap=32G$32G memmap=32G!64G
# timeout: 400
# debug: no
# alone: yes
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"

load_limit=87 zero_limit=80
[ "${1:-}" != exact ] || load_limit=65 zero_limit=60

# at_most PERCENT OURS THEIRS
at_most() { [ $(($2 * 100)) -le $(($3 * $1)) ]; }

# Theirs is loaded first, and so has the first number.
their=pmem0
our=pmem1
load_theirs() {
	modprobe nd_pmem
	until [ -b /dev/$their ]; do sleep 0.01; done
}
load_ours() { modprobe pmem start=32 size=32 count=4; }

# what is slow for the first time only
modprobe nd_e820
load_theirs
load_ours

ours=() theirs=()
for ((i = 0; i < 9; i++)); do
	rmmod nd_pmem pmem
	took load_theirs
	theirs+=("$TIME")
	took load_ours
	ours+=("$TIME")
done
our_time=$(least "${ours[@]}") their_time=$(least "${theirs[@]}")
report "loading 32 GiB takes $((our_time * 100 / their_time)) % of drivers/nvdimm's time, at most $load_limit ($our_time us, $their_time us)" \
	at_most $load_limit "$our_time" "$their_time"

GIB=$((1 << 30))
fill() { dd if=<(yes pmem) of="/dev/$1" iflag=fullblock bs=1M count=1025 oflag=direct status=none; }
# zero DISK: prints what BLKZEROOUT of the first GiB took, in microseconds
zero() {
	python3 - "/dev/$1" <<- END
		import fcntl, os, struct, sys, time
		BLKZEROOUT = 0x127f
		disk = os.open(sys.argv[1], os.O_RDWR)
		start = time.perf_counter()
		fcntl.ioctl(disk, BLKZEROOUT, struct.pack('QQ', 0, $GIB))
		print(round((time.perf_counter() - start) * 1e6))
	END
}
# zeroes DISK: a GiB of them, and then what was there before
zeroes() {
	cmp -n $GIB "/dev/$1" /dev/zero &&
		! cmp -s -i $GIB:0 -n 4096 "/dev/$1" /dev/zero
}
ours=() theirs=()
fill $our
fill $their
for ((i = 0; i < 9; i++)); do
	theirs+=("$(zero $their)")
	ours+=("$(zero $our)")
done
report "a GiB of ours is zeroes, and no more" zeroes $our
report "a GiB of theirs is the same" zeroes $their
our_time=$(least "${ours[@]}") their_time=$(least "${theirs[@]}")
report "zeroing 1 GiB takes $((our_time * 100 / their_time)) % of drivers/nvdimm's time, at most $zero_limit ($our_time us, $their_time us)" \
	at_most $zero_limit "$our_time" "$their_time"
rmmod pmem
