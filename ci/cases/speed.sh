#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and zeroing are faster than with drivers/nvdimm on as much memory. The case
# compares the fastest of nine alternating runs in one guest, because other work on the
# host only adds time.
#
# Loading allocates the struct pages for 32 GiB: pmem does it for four devices on two
# CPUs, nvdimm for one device. Its time is from modprobe of the driver's module until the
# disks exist.
#
# The limits are in percent of nvdimm's time. With "make soak T=speed", on a host with
# nothing else to do, they are 65 % for loading and 60 % for zeroing. The short version has
# higher ones, because pmem needs two CPUs of the host at once, and other work there slows
# it down more than nvdimm. Loading took 69 to 81 % in eight runs on a shared host, and 93
# to 125 % in four runs with maxcpus=1; its limit is between these.
#
# soak: exact
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 98G
# cmdline: memmap=32G$32G memmap=32G!64G
# timeout: 400
# debug: no
# alone: yes
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"

load_limit=87 zero_limit=80
[ "${1:-}" != exact ] || load_limit=65 zero_limit=60

# at_most PERCENT OURS THEIRS
at_most() { [ $(($2 * 100)) -le $(($3 * $1)) ]; }

# drivers/nvdimm is loaded first, so its disk has the first number.
their=pmem0
our=pmem1
load_theirs() {
	modprobe nd_pmem
	until [ -b /dev/$their ]; do sleep 0.01; done
}
load_ours() { modprobe pmem start=32 size=32 count=4; }

# the first load of each driver is slower
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
# zeroes DISK: the first GiB is zeroes, and no byte of the 4 KiB after it is
zeroes() {
	cmp -n $GIB "/dev/$1" /dev/zero &&
		[ "$(dd if="/dev/$1" bs=4096 skip=$((GIB / 4096)) count=1 status=none | tr -d '\0' | wc -c)" = 4096 ]
}
ours=() theirs=()
fill $our
fill $their
for ((i = 0; i < 9; i++)); do
	theirs+=("$(zero $their)")
	ours+=("$(zero $our)")
done
report 'BLKZEROOUT zeroes its range and nothing after it' zeroes $our
report 'BLKZEROOUT of drivers/nvdimm zeroes its range and nothing after it' zeroes $their
our_time=$(least "${ours[@]}") their_time=$(least "${theirs[@]}")
report "zeroing 1 GiB takes $((our_time * 100 / their_time)) % of drivers/nvdimm's time, at most $zero_limit ($our_time us, $their_time us)" \
	at_most $zero_limit "$our_time" "$their_time"
rmmod pmem
end_tests
