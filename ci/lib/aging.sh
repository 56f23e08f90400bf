# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases and sessions that compare ext4 on /dev/pmem0 with and without the placement
# of DAX files for 2 MiB pages. A case that calls aged declares "tools: yes".

CSV=/run/aging.csv
SWITCH=/sys/fs/ext4/pmem0/mb_dax_pmd

# make_filesystem SIZE OPTION...: without random UUID and hash seed, because they decide
# where ext4 puts directories, and files go near their directory
make_filesystem() {
	mkdir -p /mnt/mem
	mkfs.ext4 -q -F -U 6a4c9f0e-52c5-4b53-8f0a-5a3f5d5c7a10 \
		-E nodiscard,hash_seed=0f1f7c1e-6f5b-4f0c-9d0b-3c9f2f6d1e22 \
		"${@:2}" /dev/pmem0 "$1"
}

# fresh SIZE SWITCH: mount a new filesystem of that size with mb_dax_pmd=SWITCH. Fails if
# the kernel does not have it.
fresh() {
	make_filesystem "$1"
	mount -o dax /dev/pmem0 /mnt/mem
	if [ -e $SWITCH ]; then
		echo "$2" > $SWITCH
	elif [ "$2" = 1 ]; then
		umount /mnt/mem
		return 1
	fi
}

# aged SIZE SWITCH OPTION...: age a fresh filesystem with these options of aging, append
# the results to $CSV, and check the filesystem. With SWITCH=compacted, it is aged with the
# placement and measured, then compacted and measured again.
aged() {
	local label=stock on=$2
	[ "$on" = 0 ] || label=ours
	[ "$on" != compacted ] || on=1
	fresh "$1" "$on"
	aging --dir /mnt/mem --label $label --csv $CSV "${@:3}"
	[ "$2" != compacted ] || compact "${@:3}"
	umount /mnt/mem
	e2fsck -fn /dev/pmem0 > /run/fsck 2>&1 || { cat /run/fsck; return 1; }
}

# compact OPTION...: compact the filesystem that has just been aged with these options of
# aging, and append what has moved, in percent of the bytes in use, and what is measured then
compact() {
	local group moved status=0
	group=$(tail -n 1 $CSV | cut -d, -f2-6)
	dax-compact --json /mnt/mem > /run/compacted || status=$?
	# 1: it has done less than it was asked to do, which the results show
	[ $status -le 1 ] || return $status
	for moved in moved repaired; do
		python3 - $moved <<- 'END' |
			import json, os, sys
			result, space = json.load(open("/run/compacted")), os.statvfs("/mnt/mem")
			used = (space.f_blocks - space.f_bfree) * space.f_frsize
			print(f"{100 * result[sys.argv[1]] / used:.2f}")
		END
			sed "s/^/compacted,$group,$moved,0,/" >> $CSV
	done
	aging --dir /mnt/mem --label compacted --csv $CSV --measure-only "$@"
}

# has_placement: the kernel's ext4 has mb_dax_pmd
has_placement() {
	fresh 1G 1 && umount /mnt/mem
}
