#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# On device-mapper devices, the kernel maps each PMD range of a file as daxmap says.
# Ranges on targets that daxmap does not support are unknown.
#
# ext4 can warn about devices whose files huge pages cannot map.
#
# allows: device-mapper: table: .* caused an alignment inconsistency
# allows: EXT4-fs (dm-0): .*2 MiB .*
# memory: 8G
# cpus: 1
# cmdline: memmap=4G$4G
# module: pmem start=4 size=4 count=2
# module: dm_mod
# module: dm_log_writes
# tools: yes
# debug: no
# timeout: 300
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# no udevd runs in the guest, although /run of the host may look like it
export DM_DISABLE_UDEV=1
M=$((1 << 20))
S=2048 # sectors of a MiB
mkdir -p /mnt/mem

# fresh DEVICE: mount a new filesystem with all tables at the front and the journal in
# the middle, without the placement, so that files can be misaligned
fresh() {
	local switch
	mkfs.ext4 -q -F -O sparse_super2 -E num_backup_sb=0,nodiscard -G 256 -N 1024 "$1"
	mount -o dax "$1" /mnt/mem
	for switch in "/sys/fs/ext4/$(basename "$(realpath "$1")")"/mb_dax_*; do
		[ ! -w "$switch" ] || echo 0 2> /dev/null > "$switch" || true
	done
}

# device NAME TABLE: make that device
device() {
	dmsetup create "$1" --table "$2"
}

# place FILE: its offset on the device, in bytes; fails if it has several extents
place() {
	grep -q ': 1 extent found' <(filefrag "$1") &&
		filefrag -v -b4096 "$1" | awk '$1 == "0:" { print $4 * 4096 }'
}

# contiguous FILE SIZE SHIFT: make a file of one extent, at an offset of the device that
# is SHIFT bytes more than a multiple of 2 MiB. A file of several extents is kept,
# because it fills gaps between other files.
contiguous() {
	local try at cut
	for try in {1..20}; do
		fallocate -l $(($2 + 2 * M)) "$1"
		if at=$(place "$1"); then
			cut=$((($3 + 4 * M - at % (2 * M)) % (2 * M)))
			[ "$cut" = 0 ] || fallocate -c -l "$cut" "$1"
			truncate -s "$2" "$1"
			return
		fi
		mv "$1" "$1.$try"
	done
	echo "ext4 never makes $1 contiguous"
	return 1
}

# agree FILE STATUS EXPECTED: daxmap has that exit status, and the kernel maps each PMD
# range of the file as daxmap says. EXPECTED is a condition on the list of verdicts, in
# Python.
agree() {
	python3 - "$@" <<- 'PYTHON'
		import json, mmap, subprocess, sys

		PMD = 2 << 20
		name, status, expected = sys.argv[1:]
		run = subprocess.run(["daxmap", "--json", name], capture_output=True, text=True)
		said = json.loads(run.stdout)["files"][0]
		verdicts = ["mappable"] * (said["size"] // PMD)
		for part in said["pages"][0]["not_mappable"]:
		    for at in range(part["offset"], part["offset"] + part["length"], PMD):
		        verdicts[at // PMD] = part["reason"]

		def faults():
		    with open("/proc/vmstat") as file:
		        counts = dict(line.split() for line in file)
		    return int(counts["dax_fault_pmd"]), int(counts["dax_fault_pte"])

		with open(name, "r+b") as file:
		    memory = mmap.mmap(file.fileno(), 0)
		kernel = []
		for at in range(0, len(memory), PMD):
		    before = faults()
		    memory[at] = 1
		    kernel.append(tuple(b - a for a, b in zip(before, faults())))

		print(run.stderr, "status", run.returncode, verdicts, kernel)
		assert run.returncode == int(status), "the status of daxmap"
		for number, (verdict, fault) in enumerate(zip(verdicts, kernel)):
		    wanted = (1, 0) if verdict == "mappable" else (0, 1)
		    assert fault == wanted, f"range {number}: {verdict}, faults {fault}"
		assert eval(expected), "expected " + expected
	PYTHON
}

# check NAME TABLE SHIFT STATUS EXPECTED: for a file on a device with that table; see
# contiguous and agree
check() {
	local name=$1
	device top "$2"
	fresh /dev/mapper/top
	report "$name: ext4 makes a contiguous file" \
		contiguous /mnt/mem/file $((96 * M)) "$3"
	echo "# $name: the file begins at $(place /mnt/mem/file)"
	report "$name: daxmap and the kernel agree" agree /mnt/mem/file "$4" "$5"
	umount /mnt/mem
	dmsetup remove top
}

all='set(verdicts) == {"mappable"} and len(verdicts) == 48'
none='set(verdicts) == {"physical"} and len(verdicts) == 48'
boundaries='0 < verdicts.count("physical") < 3 and verdicts.count("mappable") > 45'

size=$((512 * S))
check 'linear at 2 MiB' "0 $size linear /dev/pmem0 $((2 * S))" 0 0 "$all"
check 'linear at 2 MiB, a file misaligned' \
	"0 $size linear /dev/pmem0 $((2 * S))" "$M" 1 "$none"
check 'linear at 1 MiB' "0 $size linear /dev/pmem0 $S" 0 1 "$none"
check 'linear at 1 MiB, a file whose offset corrects it' \
	"0 $size linear /dev/pmem0 $S" "$M" 0 "$all"

# concatenation DEVICE...: a table of linear targets on each device in turn, with a
# boundary in the middle of every 32nd PMD-aligned chunk, so that a file of 96 MiB has
# one or two of them
concatenation() {
	local start=0 end=$((33 * S)) i=0
	local devices=("$@")
	while [ "$start" -lt "$size" ]; do
		[ "$end" -le "$size" ] || end=$size
		echo "$start $((end - start)) linear ${devices[i++ % $#]} $start"
		start=$end
		end=$((end + 64 * S))
	done
}
check 'two devices in turn, with boundaries inside PMD-aligned chunks' \
	"$(concatenation /dev/pmem0 /dev/pmem1)" 0 1 "$boundaries"
check 'one device in adjacent targets' "$(concatenation /dev/pmem0)" 0 1 "$boundaries"
stripes() {
	echo "0 $size striped 2 $1 /dev/pmem0 0 /dev/pmem1 0"
}
check 'stripes of 2 MiB' "$(stripes $((2 * S)))" 0 0 "$all"
check 'stripes of 2 MiB, a file misaligned' "$(stripes $((2 * S)))" "$M" 1 "$none"
check 'stripes of 128 KiB' "$(stripes 256)" 0 1 "$none"

# a partition at 1 MiB, a linear device at 1 MiB of that, stripes on it
printf 'start=2048\n' | sfdisk -q /dev/pmem1
device low "0 $size linear /dev/pmem1p1 $S"
check 'stripes on linear on a partition' \
	"0 $size striped 2 $((4 * S)) /dev/mapper/low 0 /dev/pmem0 $((8 * S))" 0 0 "$all"
dmsetup remove low

# says STATUS OUTPUT ERROR COMMAND...: a command has that exit status, OUTPUT in its
# standard output, and exactly ERROR on standard error
says() {
	local status=0 said
	said=$("${@:4}" 2> /run/error) || status=$?
	cat /run/error
	echo "$said, status $status"
	[ "$status" = "$1" ] && grep -qF -- "$2" <<< "$said" && [ "$(cat /run/error)" = "$3" ]
}
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/daxmap "$@"; }

device top "0 $size log-writes /dev/pmem0 /dev/pmem1"
fresh /dev/mapper/top
fallocate -l $((8 * M)) /mnt/mem/file
truncate -s $((8 * M)) /mnt/mem/sparse
report 'a target that is not supported makes a file unknown' says 2 \
	"/mnt/mem/file (unknown $((8 * M)))" \
	'daxmap: dm-0 (top): target log-writes is not supported; use linear or striped targets' \
	daxmap /mnt/mem/file
report 'a hole on an unsupported target is not unknown' says 1 \
	"/mnt/mem/sparse (hole $((8 * M)))" '' daxmap /mnt/mem/sparse
umount /mnt/mem
dmsetup remove top

device top "0 $size linear /dev/pmem0 0"
fresh /dev/mapper/top
fallocate -l $((8 * M)) /mnt/mem/file
# other users cannot access the folder of the tools
cp "$(command -v daxmap)" /tmp/daxmap
chmod 755 /mnt/mem
report 'without permission to read the table, a file is unknown' says 2 \
	"/mnt/mem/file (unknown $((8 * M)))" \
	'daxmap: dm-0 (top): cannot read its device-mapper table: Permission denied; run as root' \
	nobody /mnt/mem/file
umount /mnt/mem
clean() { e2fsck -fn /dev/mapper/top; }
report 'the filesystem is intact' clean
dmsetup remove top
end_tests
