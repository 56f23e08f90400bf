# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For what compares ext4 on /dev/pmem0 with the placement of DAX files for 2 MiB
# pages and without. A case that calls aged declares "tools: yes".

CSV=/run/aging.csv
SWITCH=/sys/fs/ext4/pmem0/mb_dax_pmd

# make_filesystem SIZE: what ext4 would draw at random is fixed, because the directory
# that a file is in decides where it goes
make_filesystem() {
	mkdir -p /mnt/mem
	mkfs.ext4 -q -F -U 6a4c9f0e-52c5-4b53-8f0a-5a3f5d5c7a10 \
		-E nodiscard,hash_seed=0f1f7c1e-6f5b-4f0c-9d0b-3c9f2f6d1e22 /dev/pmem0 "$1"
}

# fresh SIZE WINDOWS: a new filesystem of that size is mounted, with the allocator
# switched off (0) or on (1). Fails where that cannot be.
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

# aged SIZE WINDOWS OPTION...: a fresh filesystem is aged with these options of
# aging, which adds to $CSV; it has to be clean after that
aged() {
	local label=stock
	[ "$2" = 0 ] || label=windows
	fresh "$1" "$2"
	aging --dir /mnt/mem --label $label --csv $CSV "${@:3}"
	umount /mnt/mem
	e2fsck -fn /dev/pmem0 > /run/fsck 2>&1 || { cat /run/fsck; return 1; }
}

# has_windows: the kernel's ext4 has the allocator
has_windows() {
	fresh 1G 1 && umount /mnt/mem
}
