#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A reset of the machine in the middle of moves loses nothing that a program has made
# durable, and e2fsck finds no error: no block is in two files, none is lost.
#
# memory: 6G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# reboots: 3 200
# allows: EXT4-fs (pmem0): .* orphan inode.* deleted
# allows: EXT4-fs (pmem0): recovery complete
# timeout: 300 14000
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
resets=3
[ -z "${1:-}" ] || resets=200
known=$PMEM_SHARE/known
mkdir -p /mnt/mem

# fill: files of many sizes that are durable, and the sums of which are kept outside
fill() {
	mkfs.ext4 -q -F -O fast_commit -E nodiscard /dev/pmem0 1G
	mount -o dax /dev/pmem0 /mnt/mem
	mkdir /mnt/mem/still /mnt/mem/stores
	python3 - <<- 'END'
		import os, random
		random.seed(1)
		for i in range(150):
		    with open(f"/mnt/mem/still/{i}", "wb") as file:
		        file.write(os.urandom(random.choice((4096, 40000, 300000, 2 << 20, 5 << 20))))
	END
	(cd /mnt/mem/still && sha256sum -- *) > "$known"
}

# store: one page after the other of a file gets the next number, through a mapping with
# MAP_SYNC, and is flushed; then the number is written down outside
store() {
	python3 - "$PMEM_SHARE/stored" <<- 'END'
		import mmap, os, sys
		SIZE = 8 << 20
		file = os.open("/mnt/mem/stores/file", os.O_RDWR | os.O_CREAT)
		os.posix_fallocate(file, 0, SIZE)
		memory = mmap.mmap(file, SIZE, flags=0x3 | 0x80000, prot=mmap.PROT_READ | mmap.PROT_WRITE)
		log = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
		number = int.from_bytes(memory[:8], "little")
		while True:
		    number += 1
		    for at in range(0, SIZE, 64 << 10):
		        memory[at:at + 8] = number.to_bytes(8, "little")
		    os.pwrite(log, b"%d\n" % number, 0)
	END
}
same_files() { (cd /mnt/mem/still && sha256sum --quiet -c "$known"); }
# each page has what was written down, or the next number
stored() {
	python3 - "$PMEM_SHARE/stored" <<- 'END'
		import sys
		least = int(open(sys.argv[1]).read() or 0)
		data = open("/mnt/mem/stores/file", "rb").read()
		numbers = {int.from_bytes(data[at:at + 8], "little") for at in range(0, 8 << 20, 64 << 10)}
		print(least, numbers)
		sys.exit(not numbers <= {least, least + 1, least + 2})
	END
}

if [ "$PMEM_BOOT" = 0 ]; then
	fill
else
	mount -o dax /dev/pmem0 /mnt/mem
	report "reset $PMEM_BOOT: all files have their bytes" same_files
	report "reset $PMEM_BOOT: no store is lost" stored
	umount /mnt/mem
	report "reset $PMEM_BOOT: e2fsck finds no error" e2fsck -fn /dev/pmem0
	mount -o dax /dev/pmem0 /mnt/mem
fi
if [ "$PMEM_BOOT" = $resets ]; then
	end_tests
	exit
fi
store &
writer=$!
python3 "${0%/cases/*}/lib/move.py" 1000 /mnt/mem > /dev/null &
mover=$!
sleep "$((3 + RANDOM % 4)).$((RANDOM % 10))"
at_work() { [ -e /proc/$writer ] && [ -e /proc/$mover ] && [ -s "$PMEM_SHARE/stored" ]; }
report "reset $((PMEM_BOOT + 1)): comes while blocks are moved and stores are made" at_work
reset_guest
