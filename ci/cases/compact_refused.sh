#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is not moved says why, keeps its bytes, and leaves the filesystem intact: pinned pages,
# immutable files, encrypted files and those with verity, whose owner's quota has no room, and files
# of a filesystem that is full, or read-only, or has no journal or no placement.
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
quota=

# make_filesystem OPTION...: with a file of 8 MiB, whose blocks no PMD can map
make_filesystem() {
	# mkfs.ext4 heeds the last -E only
	mkfs.ext4 -q -F -b 4096 -E nodiscard "$@" /dev/pmem0 256M
	mount -o "dax$quota" /dev/pmem0 /mnt/mem
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
skips() {
	{ dax-compact --stop 100 /mnt/mem > /run/said || [ $? = 1 ]; } &&
		grep 'stayed: Device or resource busy' /run/said && grep 'in the way: /mnt/mem/file' /run/said
}
report 'dax-compact says so, and names the file' skips
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

# limit UID [KIB]: the limit of that user becomes so many KiB; prints how many are in use
limit() {
	python3 - "$@" <<- 'END'
		import ctypes, os, struct, sys
		Q_GETQUOTA, Q_SETQUOTA, QIF_BLIMITS, USRQUOTA = 0x800007, 0x800008, 1, 0
		quotactl = ctypes.CDLL(None, use_errno=True).quotactl
		def call(command, dqblk):
		    if quotactl(command << 8 | USRQUOTA, b"/dev/pmem0", int(sys.argv[1]), dqblk):
		        sys.exit("quotactl: " + os.strerror(ctypes.get_errno()))
		dqblk = ctypes.create_string_buffer(72)
		call(Q_GETQUOTA, dqblk)
		print(struct.unpack_from("Q", dqblk, 16)[0] >> 10)
		if len(sys.argv) > 2:
		    call(Q_SETQUOTA, struct.pack("8QQ", int(sys.argv[2]), 0, 0, 0, 0, 0, 0, 0, QIF_BLIMITS))
	END
}
quota=,usrquota
make_filesystem -O quota -E nodiscard,quotatype=usrquota
chown 1000 /mnt/mem/file
used=$(limit 1000)
limit 1000 "$used" > /dev/null
export -f place
as_owner() { setpriv --reuid 1000 --clear-groups bash -c 'place "$@"' place "$1" /mnt/mem/file; }
owner_says() { [ "$(as_owner "$2")" = "$1" ] || { as_owner "$2"; return 1; }; }
report 'the owner of a file, at the limit of the quota, cannot collapse it' owner_says EDQUOT collapse
report 'nor evacuate it' owner_says EDQUOT evacuate
report 'root can' says moved collapse
sync -f /mnt/mem
counted() { [ "$(limit 1000)" = "$used" ] || { echo "$used KiB before, $(limit 1000) after"; return 1; }; }
report 'the quota counts what it did before' counted
end_filesystem 'quota'
quota=

# without fscrypt and fsverity, which are packages of their own
cat > /run/protect.py << 'END'
import ctypes, fcntl, os, struct, sys
FS_IOC_SET_ENCRYPTION_POLICY, FS_IOC_ADD_ENCRYPTION_KEY = 0x800c6613, 0xc0506617
FS_IOC_ENABLE_VERITY = 0x40806685
IDENTIFIER, AES_256_XTS, AES_256_CTS, SHA256 = 2, 1, 4, 1
os.chdir("/mnt/mem")
if sys.argv[1] == "encrypt":
    os.mkdir("secret")
    directory = os.open("secret", os.O_RDONLY)
    key = bytearray(struct.pack("II32xII32x", IDENTIFIER, 0, 64, 0) + bytes(range(64)))
    fcntl.ioctl(directory, FS_IOC_ADD_ENCRYPTION_KEY, key)
    fcntl.ioctl(directory, FS_IOC_SET_ENCRYPTION_POLICY,
                struct.pack("BBBB4x16s", 2, AES_256_XTS, AES_256_CTS, 3, bytes(key[8:24])))
else:
    try:
        fcntl.ioctl(os.open("file", os.O_RDONLY), FS_IOC_ENABLE_VERITY,
                    struct.pack("IIII112x", 1, SHA256, 4096, 0))
    except OSError as error:
        sys.exit(os.strerror(error.errno))
END
make_filesystem -O encrypt,verity
# blocks that no PMD can map, as those of the other file
encrypt() {
	echo 0 > /sys/fs/ext4/pmem0/mb_dax_pmd &&
		python3 /run/protect.py encrypt &&
		cp /mnt/mem/file /mnt/mem/secret/file &&
		sync /mnt/mem/secret/file &&
		echo 1 > /sys/fs/ext4/pmem0/mb_dax_pmd &&
		[ "$(place collapse /mnt/mem/secret/file)" = ENOTSUP ]
}
report 'an encrypted file is not moved' encrypt
verity() { ! python3 /run/protect.py verity 2> /run/said && grep -q 'Invalid argument' /run/said; }
report 'a DAX file cannot get verity' verity
blocks() { filefrag -v "$1" | grep '^ *[0-9]*:'; }
compacts() {
	blocks /mnt/mem/secret/file > /run/before &&
		{ dax-compact --stop 100 /mnt/mem || [ $? = 1 ]; } &&
		blocks /mnt/mem/secret/file | diff /run/before - &&
		[ "$(sha256sum < /mnt/mem/secret/file)" = "$sum" ]
}
report 'dax-compact leaves an encrypted file alone' compacts
umount /mnt/mem
mount -o dax=never /dev/pmem0 /mnt/mem
report 'another file can' python3 /run/protect.py verity
umount /mnt/mem
mount -o dax /dev/pmem0 /mnt/mem
report 'it is then not moved' says EPERM collapse
end_filesystem 'encryption and verity'

make_filesystem -O ^has_journal
report 'without a journal, nothing moves' says ENOTSUP collapse
end_filesystem 'no journal'
end_tests
