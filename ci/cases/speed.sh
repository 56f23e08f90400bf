#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and zeroing take less time than with drivers/nvdimm on as much memory,
# by turns in one guest; the median of five counts.
#
# Time means little in an emulated machine, a ratio more. Loading is page
# descriptors for 32 GiB: here four devices by two CPUs, there one by one. For
# drivers/nvdimm only the binding of its device is counted, for ours all of
# modprobe.
#
# allows: nd_pmem namespace.*: unable to guarantee persistence of writes
# memory: 98G
# cmdline: memmap=32G$32G memmap=32G!64G
# timeout: 400
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"

# at_most PERCENT OURS THEIRS
at_most() { [ $(($2 * 100)) -le $(($3 * $1)) ]; }

nd=/sys/bus/nd/drivers/nd_pmem
modprobe -a nd_pmem nd_e820
find_their() {
	local i
	for ((i = 0; i < 300; i++)); do
		their=$(find /sys/devices/platform -path '*/block/pmem*' -prune -printf '%f')
		[ -z "$their" ] || return 0
		sleep 0.1
	done
	return 1
}
find_their
namespace=$(basename "$(find -L $nd -maxdepth 1 -name 'namespace*')")

ours=() theirs=()
for ((i = 0; i < 5; i++)); do
	echo "$namespace" > $nd/unbind
	took eval "echo $namespace > $nd/bind"
	theirs+=("$TIME")
	took modprobe pmem start=32 size=32 count=4
	ours+=("$TIME")
	rmmod pmem
done
our_time=$(median "${ours[@]}") their_time=$(median "${theirs[@]}")
report "loading 32 GiB takes $((our_time * 100 / their_time)) % of drivers/nvdimm's time, at most 65 ($our_time us, $their_time us)" \
	at_most 65 "$our_time" "$their_time"

find_their
modprobe pmem start=32 size=32 count=4
our=pmem1
GIB=$((1 << 30))
fill() { yes pmem | dd of="/dev/$1" iflag=fullblock bs=1M count=1025 oflag=direct status=none; }
zero() { blkdiscard -f -z -l $GIB "/dev/$1"; }
# zeroes DISK: a GiB of them, and then what was there before
zeroes() {
	cmp -n $GIB "/dev/$1" /dev/zero &&
		! cmp -s -i $GIB:0 -n 4096 "/dev/$1" /dev/zero
}
ours=() theirs=()
fill $our
fill "$their"
for ((i = 0; i < 5; i++)); do
	took zero "$their"
	theirs+=("$TIME")
	took zero $our
	ours+=("$TIME")
done
report "a GiB of ours is zeroes, and no more" zeroes $our
report "a GiB of theirs is the same" zeroes "$their"
our_time=$(median "${ours[@]}") their_time=$(median "${theirs[@]}")
report "zeroing 1 GiB takes $((our_time * 100 / their_time)) % of drivers/nvdimm's time, at most 60 ($our_time us, $their_time us)" \
	at_most 60 "$our_time" "$their_time"
rmmod pmem
