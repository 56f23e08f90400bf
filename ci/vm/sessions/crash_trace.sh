#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SCRIPT... - play scripts of tools/crash, and record the stores of each
#
# A script has a fresh ext4, or the disk itself if it says so. SCRIPT is NAME.steps, or NAME.sh,
# a program: "NAME.sh play DIR" makes transactions and calls crash-play --ended N after each,
# and "NAME.sh check DIR N" fails unless all of N transactions are there, and at most one
# more. $PMEM_SHARE/kept gets a directory for each, with what crash-explore needs.
#
# memory: 2G
# cpus: 1
# cmdline: memmap=24M$1G
# module: pmem start=1G size=24M count=1
# allows: EXT4-fs .*mount: .* callbacks suppressed
# trace: 0x40000000 0x1800000
# timeout: 1200
set -euo pipefail

kept=$PMEM_SHARE/kept
mkdir -p /mnt/mem
number=0
for script; do
	number=$((number + 1))
	# fill the disk with a byte that no step writes, so that stale contents are found
	head -c 24M /dev/zero | tr '\0' '\377' |
		dd of=/dev/pmem0 bs=1M oflag=direct iflag=fullblock status=none
	if [[ $script == *.steps ]] && grep -q '^[[:blank:]]*device[[:blank:]]' "$script"; then
		blkdiscard -z /dev/pmem0
		crash-play --start
		crash-play "$script" /dev
		crash-play --stop
	else
		mkfs.ext4 -q -F -b 4096 -N 256 -J size=4 \
			-E nodiscard,lazy_itable_init=0 /dev/pmem0
		crash-play --start
		mount -o dax /dev/pmem0 /mnt/mem
		if [[ $script == *.steps ]]; then
			crash-play "$script" /mnt/mem
		else
			bash "$script" play /mnt/mem
		fi
		crash-play --stop
		umount /mnt/mem
	fi
	traced=$kept/$number
	if [[ $script == *.steps ]]; then
		cp "$script" "$traced/script"
	else
		cp "$script" "$traced/program"
	fi
	cat /proc/kallsyms > "$traced/symbols"
	crash-explore --recover "$traced"
	name=${script##*/}
	mv "$traced" "$kept/${name%.*}"
done
