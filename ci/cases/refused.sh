#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that the kernel uses, that is no RAM, or that was not set aside, is
# refused with one line that says so.
#
# RAM ends at 11 GiB and has a hole from 2 to 4 GiB. What is set aside from 10 GiB
# on reaches past its end.
#
# memory: 9G
# cmdline: memmap=4G$4G memmap=2G$10G memmap=1G!8G
# allows: pmem: .*
set -euo pipefail

"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:refused

log() {
	dmesg --kernel --level=emerg,alert,crit,err,warn
}

# refuse TEXT PARAMETER...: loading with these logs one line, and it holds TEXT
refuse() {
	local text=$1 before got
	shift
	before=$(log | wc -l)
	if modprobe pmem "$@" 2> /dev/null; then
		echo "not ok - pmem $* is refused"
		rmmod pmem
		return
	fi
	got=$(log | tail -n +$((before + 1)))
	if [ "$(wc -l <<< "$got")" = 1 ] && [[ $got == *"$text"* ]]; then
		echo "ok - pmem $* is refused: ${got#*pmem: }"
	else
		printf 'not ok - pmem %s logs one line with "%s"\n%s\n' "$*" "$text" "$got"
	fi
}

refuse 'RAM that the kernel uses' start=1 size=1 count=1
# across a border: the last 2 MiB that are not in use, the first that are
refuse 'RAM that the kernel uses' start=9214M size=4M count=1
# a device in what is set aside, and one behind it; neither is made
refuse 'RAM that the kernel uses' start=6 size=4 count=2
# reserved by firmware: the window of PCI configuration space
refuse 'is not RAM' start=2816M size=256M count=1
# where PCI devices are
refuse 'is not RAM' start=3 size=512M count=1
# beyond all memory, and across its end
refuse 'is not RAM' start=1T size=1 count=1
refuse 'is not RAM' start=10 size=2 count=1
# set aside for drivers/nvdimm
refuse 'is not set aside' start=8 size=1 count=1
refuse 'is not set aside' start=7 size=2 count=1
refuse 'not a multiple of 2 MiB' start=4097M size=1 count=1
refuse 'does not divide size' start=4 size=1 count=3
refuse 'is not an amount of memory' start=4X size=1 count=1

# and what is set aside is taken
# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
report 'pmem start=4 size=4 count=2 is accepted' modprobe pmem start=4 size=4 count=2
report 'and can be unloaded' rmmod pmem
