#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is not moved says why, keeps its bytes, and leaves the filesystem intact: pinned pages,
# immutable files, and files of a filesystem that is full, or read-only, or has no journal or no
# placement.
#
# allows: EXT4-fs (pmem0): Online defrag of DAX files not supported without a journal
# memory: 6G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# tools: yes
# timeout: 180
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/hold.sh
. "${0%/cases/*}/lib/hold.sh"
mkdir -p /mnt/mem

# make_filesystem OPTION...: with a file of 8 MiB, whose blocks no PMD can map
make_filesystem() {
	mkfs.ext4 -q -F -b 4096 -E nodiscard "$@" /dev/pmem0 256M
	mount -o dax /dev/pmem0 /mnt/mem
	echo 0 > /sys/fs/ext4/pmem0/mb_dax_pmd
	fallocate -l 4K /mnt/mem/odd
	dd if=/dev/urandom of=/mnt/mem/file bs=1M count=8 status=none
	echo 1 > /sys/fs/ext4/pmem0/mb_dax_pmd
	sum=$(sha256sum < /mnt/mem/file)
}
# end_filesystem NAME: the file has its bytes, and e2fsck finds no error
same() { [ "$(sha256sum < /mnt/mem/file)" = "$sum" ]; }
end_filesystem() {
	report "$1: the file has its bytes" same
	umount /mnt/mem
	report "$1: e2fsck finds no error" e2fsck -fn /dev/pmem0
}
# place HOW FILE: EXT4_IOC_DAX_PLACE for all of it; prints the error
place() {
	python3 - "$@" <<- 'END'
		import errno, fcntl, os, struct, sys
		how = ("evacuate", "collapse").index(sys.argv[1])
		try:
		    file = os.open(sys.argv[2], os.O_RDWR)
		    fcntl.ioctl(file, 0xc020662f, bytearray(struct.pack("QQIIQ", 0, 8 << 20, how, 0, 0)))
		    print("moved")
		except OSError as error:
		    print(errno.errorcode[error.errno])
	END
}
# says WORD HOW: the ioctl ends with this error
says() { [ "$(place "$2" /mnt/mem/file)" = "$1" ] || { place "$2" /mnt/mem/file; return 1; }; }

make_filesystem
hold /mnt/mem/file $((8 << 20)) pin
report 'a pinned page is not moved' says EBUSY collapse
skips() { { dax-compact --stop 100 /mnt/mem || [ $? = 1 ]; } | grep 'stayed: Device or resource busy'; }
report 'dax-compact says so' skips
release
chattr +i /mnt/mem/file
report 'nor is an immutable file' says EPERM collapse
chattr -i /mnt/mem/file
echo 0 > /sys/fs/ext4/pmem0/mb_dax_pmd
report 'without the placement, nothing is' says ENOTSUP collapse
echo 1 > /sys/fs/ext4/pmem0/mb_dax_pmd
fallocate -l 8M /mnt/mem/swap
chmod 600 /mnt/mem/swap
mkswap -q /mnt/mem/swap
swap() { ! swapon /mnt/mem/swap 2> /run/said && grep -q 'Invalid argument' /run/said; }
report 'a DAX file cannot become a swap file' swap
rm /mnt/mem/swap
dd if=/dev/zero of=/mnt/mem/fill bs=1M status=none 2> /run/said || grep -q 'No space' /run/said
report 'a full filesystem has no chunk' says ENOSPC collapse
report 'and no room in fuller ones' says ENOSPC evacuate
end_filesystem 'full'

make_filesystem
report 'it moves if nothing is in its way' says moved collapse
python3 "${0%/cases/*}/lib/move.py" 30 /mnt/mem > /run/moved 2>&1 &
mover=$!
sleep 2
read_only() {
	for _ in {1..200}; do
		! mount -o remount,ro /mnt/mem 2> /run/said || return 0
		sleep 0.05
	done
	cat /run/said
	return 1
}
# the mover has the file open for writing most of the time
kill -STOP $mover
freeze() { timeout 20 fsfreeze -f /mnt/mem; }
report 'the filesystem can be frozen between moves' freeze
fsfreeze -u /mnt/mem
kill -CONT $mover
sleep 1
kill $mover
wait $mover 2> /dev/null || true
report 'and becomes read-only after them' read_only
report 'read-only, nothing moves' says EROFS collapse
end_filesystem 'read-only'

make_filesystem -O ^has_journal
report 'without a journal, nothing moves' says ENOTSUP collapse
end_filesystem 'no journal'
end_tests
