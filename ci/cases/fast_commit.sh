#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A filesystem with fast commits can be mounted after a crash, also if a file without a name was
# written and fsync()ed before it.
#
# allows: EXT4-fs (pmem0): shut down requested (2)
# allows: Aborting journal on device pmem0-8.
# memory: 6G
# cmdline: memmap=1G$4G
# module: pmem ranges=1G@4G
# debug: no
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
mkdir -p /mnt/mem

# crash unlinked|tmpfile
crash() {
	mkfs.ext4 -q -F -b 4096 -O fast_commit -E nodiscard /dev/pmem0 256M
	mount -o dax /dev/pmem0 /mnt/mem
	python3 - "$1" <<- 'END'
		import fcntl, os, struct, sys
		named = os.open("/mnt/mem/named", os.O_RDWR | os.O_CREAT)
		if sys.argv[1] == "tmpfile":
		    file = os.open("/mnt/mem", os.O_RDWR | os.O_TMPFILE)
		else:
		    file = os.open("/mnt/mem/file", os.O_RDWR | os.O_CREAT)
		    os.write(file, b"f" * 4096)
		os.sync()
		if sys.argv[1] == "unlinked":
		    os.unlink("/mnt/mem/file")
		os.pwrite(file, b"g" * 8192, 0)
		os.fsync(file)
		os.pwrite(named, b"n" * 4096, 0)
		os.fsync(named)
		# EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
		fcntl.ioctl(named, 0x8004587d, struct.pack("I", 2))
	END
	umount /mnt/mem
}
there() { [ "$(wc -c < /mnt/mem/named)" = 4096 ]; }
for how in unlinked tmpfile; do
	crash $how
	report "$how: the filesystem can be mounted" mount -o dax /dev/pmem0 /mnt/mem
	report "$how: what was written last is there" there
	umount /mnt/mem
	report "$how: e2fsck finds no error" e2fsck -fn /dev/pmem0
done
end_tests
