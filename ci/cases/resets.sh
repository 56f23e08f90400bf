#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A reset under load loses nothing that fsync() or msync() has confirmed, and e2fsck finds
# no error: by the keyboard controller, by the reset register of PCI, by a triple fault, by a
# panic without a crash kernel and with one, and by kexec with the filesystem mounted and not.
#
# memory: 6G
# cmdline: memmap=1G$4G crashkernel=192M
# module: pmem start=4 size=1 count=1
# reboots: 7 700
# allows: EXT4-fs (pmem0): .* orphan inode.* deleted
# allows: Spurious LAPIC timer interrupt on cpu .*
# timeout: 450 20000
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
ways=(kbd pci triple panic crash kexec 'kexec after umount')
resets=7
[ -z "${1:-}" ] || resets=700

# the same numbers go into three files: appended, as the whole of a file that is replaced, and
# through a mapping; then one is confirmed, outside of the guest
cat > /run/load.py << 'END'
import mmap, os, sys
os.chdir("/mnt/mem")
confirmed = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
appended = os.open("appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
mapped = os.open("mapped", os.O_RDWR | os.O_CREAT)
os.posix_fallocate(mapped, 0, 4 << 20)
memory = mmap.mmap(mapped, 4 << 20)
number = int(sys.argv[2])
while True:
    number += 1
    os.write(appended, b"%09d\n" % number)
    os.fsync(appended)
    with open("new", "wb") as new:
        new.write(b"%09d\n" % number * 3000)
        os.fsync(new)
    os.rename("new", "replaced")
    os.fsync(os.open(".", os.O_RDONLY)) if number % 50 == 0 else os.sync()
    for at in range(0, len(memory), 1 << 20):
        memory[at:at + 8] = number.to_bytes(8, "little")
    memory.flush()
    os.pwrite(confirmed, b"%09d\n" % number, 0)
END
cat > /run/compare.py << 'END'
import os, sys
os.chdir("/mnt/mem")
confirmed = int(sys.argv[1])
lines = [int(line) for line in open("appended")]
if lines != list(range(1, len(lines) + 1)) or not confirmed <= len(lines) <= confirmed + 1:
    sys.exit(f"{len(lines)} lines were appended, expected {confirmed}")
replaced = open("replaced", "rb").read()
if replaced not in [b"%09d\n" % number * 3000 for number in (confirmed, confirmed + 1)]:
    sys.exit(f"the file that is replaced has {replaced[:9]} and {len(replaced)} bytes")
data = open("mapped", "rb").read()
for at in range(0, len(data), 1 << 20):
    number = int.from_bytes(data[at:at + 8], "little")
    if number not in (confirmed, confirmed + 1):
        sys.exit(f"byte {at} of the mapping is of number {number}, expected {confirmed}")
END

way=${ways[PMEM_BOOT % ${#ways[@]}]}
last=${ways[(PMEM_BOOT + ${#ways[@]} - 1) % ${#ways[@]}]}
confirmed=$PMEM_SHARE/confirmed
number=0
mkdir -p /mnt/mem
if [ "$PMEM_BOOT" = 0 ]; then
	echo 0 > "$confirmed"
	mkfs.ext4 -q -F -E nodiscard /dev/pmem0
	mount -o dax /dev/pmem0 /mnt/mem
else
	number=$((10#$(cat "$confirmed")))
	mount -o dax /dev/pmem0 /mnt/mem
	report "reset $PMEM_BOOT, $last: what was confirmed is there" python3 /run/compare.py "$number"
	[ "$last" != crash ] ||
		report "reset $PMEM_BOOT: the crash kernel ran" rm "$PMEM_SHARE/crashed"
	umount /mnt/mem
	report "reset $PMEM_BOOT, $last: e2fsck finds no error" e2fsck -fn /dev/pmem0
	mount -o dax /dev/pmem0 /mnt/mem
	# the last number can be there without having been confirmed
	number=$(wc -l < /mnt/mem/appended)
fi
if [ "$PMEM_BOOT" = $resets ]; then
	end_tests
	exit
fi
python3 /run/load.py "$confirmed" "$number" &
load=$!
more() { [ $((10#$(cat "$confirmed"))) -gt "$number" ]; }
for ((i = 0; i < 300; i++)); do
	if more; then
		break
	fi
	sleep 0.1
done
sleep "0.$((RANDOM % 10))"
at_work() { more && [ -e /proc/$load ]; }
report "reset $((PMEM_BOOT + 1)), $way: comes under load" at_work
if [ "$way" = 'kexec after umount' ]; then
	kill $load
	wait $load || true
	umount /mnt/mem
fi
reset_by "${way%% *}"
