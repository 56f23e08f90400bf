#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small files cost no more than before: many of them made, and a tree of sources
# unpacked, with the allocator that looks after 2 MiB windows and with it switched
# off, which is stock behaviour, by turns on new filesystems in one guest.
#
# Time means little in an emulated machine, a ratio more; the least of all turns is
# what neither an interrupt nor another guest added to. What is promised is 105 %.
# A busy host may spoil that by some points, so it takes "make soak T=small_files",
# with nothing else running, to insist on it.
#
# memory: 10G
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=1
# timeout: 300 3000
# soak: exact
# debug: no
# alone: yes
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"
# shellcheck source=ci/aging.sh
. "${0%/cases/*}/aging.sh"

# a tree of sources that every machine has which can build this
turns=3 files=5000 sources=/usr/include/linux limit=125
[ "${1:-}" != exact ] ||
	turns=5 files=100000 sources=/usr/include limit=105
tar -C $sources -cf /run/sources.tar .

make_files() {
	fs_mark -d /mnt/mem/many -n $files -s 4096 -S 0 -D 100 -N 1000 -k -l /dev/null > /dev/null
	sync -f /mnt/mem
}
unpack() {
	tar -C /mnt/mem/tree -xf /run/sources.tar
	sync -f /mnt/mem
}

for work in make_files unpack; do
	declare -A least=()
	for ((turn = 0; turn < turns; turn++)); do
		for windows in 0 1; do
			fresh 4G $windows
			mkdir /mnt/mem/many /mnt/mem/tree
			took $work
			umount /mnt/mem
			[ "$TIME" -gt "${least[$windows]:-$TIME}" ] || least[$windows]=$TIME
		done
	done
	report "$work takes $((least[1] * 100 / least[0])) % of what it takes with the allocator switched off, at most $limit (${least[1]} us, ${least[0]} us)" \
		[ $((least[1] * 100)) -le $((least[0] * limit)) ]
done
