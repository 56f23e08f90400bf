#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The placement for 2 MiB pages does not slow down small files: creating many of them,
# unpacking a source tree, and 32 writers at once on an aged filesystem, with
# mb_dax_pmd=1 and with mb_dax_pmd=0, which is stock behaviour. The case counts the
# instructions of the guest, including the journal's thread, because they do not depend
# on the load of the host. There is one CPU, because the instructions of waiting loops
# on two CPUs depend on that load.
#
# memory: 10G
# cmdline: memmap=4G$4G maxcpus=1
# module: pmem start=4 size=4 count=1
# counts: yes
# timeout: 400 4000
# soak: all
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

# a source tree that every build machine has
files=5000 sources=/usr/include/linux churn=1 each=200
[ "${1:-}" != all ] || { files=100000 sources=/usr/include churn=10 each=2000; }
tar -C $sources -cf /run/sources.tar .

# count COMMAND: set $counted to its number of instructions
count() {
	counted=$(dax_counts --counts "$PMEM_SHARE/counts" \
		command bash -ec "$1; sync -f /mnt/mem")
}

# on_new SWITCH COMMAND: count on a new filesystem, without the lazy initialization of
# inode tables, because a timer starts it
on_new() {
	fresh 4G "$1"
	mount -o remount,noinit_itable /mnt/mem
	mkdir /mnt/mem/new
	count "$2"
	umount /mnt/mem
}

# on_aged SWITCH COMMAND: count on an aged filesystem
on_aged() {
	fresh 2G "$1"
	mount -o remount,noinit_itable /mnt/mem
	aging --dir /mnt/mem --age-only --utilisation 75 --churn "$churn" > /dev/null 2>&1
	mkdir /mnt/mem/new
	count "$2"
	umount /mnt/mem
}

# compare WHERE WHAT COMMAND
compare() {
	local stock
	"$1" 0 "$3"
	stock=$counted
	"$1" 1 "$3"
	report "$2: $counted instructions, at most 5 % more than with mb_dax_pmd=0 ($stock)" \
		[ $((counted * 100)) -le $((stock * 105)) ]
}

# no random part of the names: it decides how many of them are compared
make_files='fs_mark -d /mnt/mem/new -s 4096 -S 0 -p 24 -r 0 -D 100 -N 1000 -k -l /dev/null > /dev/null'
# the first run takes more instructions
on_new 0 "$make_files -n 100"
compare on_new "$files files of 4 KiB" "$make_files -n $files"
compare on_new "unpack $sources" 'tar -C /mnt/mem/new -xf /run/sources.tar'
compare on_aged "32 writers of $each files each" "$make_files -t 32 -n $each"
end_tests
