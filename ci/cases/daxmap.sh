#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# For files of every kind, daxmap reports which parts huge pages can map, and the
# kernel maps these.
#
# One partition begins 1 MiB after a multiple of 2 MiB; ext4 can warn about it.
#
# allows: EXT4-fs (pmem1p1): no 2 MiB pages for DAX: .*
# memory: 13G
# cpus: 1
# cmdline: memmap=8G$4G
# module: pmem ranges=6G@4G,1G@10G,1G@11G
# tools: yes
# debug: no
# timeout: 300
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
M=$((1 << 20))
G=$((1 << 30))
cd /mnt
mkdir dax small plain

# make DEVICE: a filesystem without backups of the superblock and with all tables at
# the front, so that even files of 1 GiB are contiguous. A discard would fill the
# memory with zeroes.
make() {
	mkfs.ext4 -q -O sparse_super2 -E num_backup_sb=0,nodiscard -G 256 -N 1024 "$1"
}
make /dev/pmem0
mount -o dax /dev/pmem0 dax
printf 'start=2048\n' | sfdisk -q /dev/pmem1
make /dev/pmem1p1
mount -o dax /dev/pmem1p1 small
make /dev/pmem2
mount -o dax=never /dev/pmem2 plain
# the test needs misaligned files, which the placement would avoid
echo 0 > /sys/fs/ext4/pmem0/mb_dax_pmd

# contiguous FILE SIZE: make a file of one extent, without writing it. A file of
# several extents is kept, because it fills gaps between other files.
contiguous() {
	local try
	for try in {1..20}; do
		fallocate -l "$2" "$1"
		! grep -q ': 1 extent found' <(filefrag "$1") || return 0
		mv "$1" "$1.$try"
	done
	echo "# ext4 never makes $1 contiguous"
}

# aligned FILE SIZE PAGE [SHIFT]: make a contiguous file at an offset of the device
# that is SHIFT more than a multiple of PAGE, by removing the blocks before that.
aligned() {
	local place cut
	contiguous "$1" $(($2 + $3))
	place=$(filefrag -v -b4096 "$1" | awk '$1 == "0:" { print $4 * 4096 }')
	cut=$(((${4:-0} - place) % $3))
	[ "$cut" -ge 0 ] || cut=$((cut + $3))
	[ "$cut" = 0 ] || fallocate -c -l "$cut" "$1"
	truncate -s "$2" "$1"
}

# says STATUS EXPECTED ARG...: daxmap has that exit status and output; several
# spaces count as one
says() {
	local status=0 said
	said=$(daxmap "${@:3}" 2>&1) || status=$?
	said=$(sed -E 's/ +/ /g; s/^ //' <<< "$said")
	[ "$status" = "$1" ] && [ "$said" = "$2" ] ||
		{ echo "status $status:"; echo "$said"; return 1; }
}

# told STATUS BYTES HUGE GIANT NAME: the output for one file; NAME includes reasons
told() {
	says "$1" "bytes 2 MiB 1 GiB file
$2 $3 $4 $5
$2 $3 $4 total" "${5%% (*}"
}

# answers FILTER ARG...: the FILTER of jq is true for the JSON, without unknown ranges
answers() {
	local said
	said=$(daxmap --json "${@:2}") || [ $? = 1 ] || return
	jq -e "$1" <<< "$said"
}

aligned dax/whole $((8 * M)) $((2 * M))
report 'an aligned file is mappable, status 0' \
	told 0 $((8 * M)) $((8 * M)) 0 dax/whole

brackets() {
	cd dax && ln whole '[a,b]' && told 0 $((8 * M)) $((8 * M)) 0 '[a,b]'
}
report 'the name of a file is reported as given, with brackets and comma' brackets

aligned dax/tail $((5 * M)) $((2 * M))
report 'the tail of a file is not mappable, and does not change the status' \
	told 0 $((5 * M)) $((4 * M)) 0 "dax/tail (eof $M)"

aligned dax/shifted $((8 * M)) $((2 * M)) 4096
report 'a misaligned file is not mappable, status 1' \
	told 1 $((8 * M)) 0 0 "dax/shifted (physical $((8 * M)))"

truncate -s "$G" dax/sparse
report 'a sparse file is not mappable' told 1 "$G" 0 0 "dax/sparse (hole $G)"

aligned dax/punched $((8 * M)) $((2 * M))
fallocate -p -o $((3 * M)) -l 4096 dax/punched
report 'a PMD range with a hole of one block is not mappable' \
	told 1 $((8 * M)) $((6 * M)) 0 "dax/punched (extent $((2 * M)))"

aligned dax/written $((8 * M)) $((2 * M))
dd if=/dev/zero of=dax/written bs=4k count=1 seek=$((5 * M / 4096)) conv=notrunc status=none
report 'a PMD range of two extents is not mappable' \
	told 1 $((8 * M)) $((6 * M)) 0 "dax/written (extent $((2 * M)))"

# ext4 writes zeroes instead of making an extent of less than 32 KiB
aligned dax/many $((64 * M)) $((2 * M))
python3 - dax/many <<- 'PYTHON'
	import os, sys
	fd = os.open(sys.argv[1], os.O_RDWR)
	for place in range(0, 48 << 20, 64 << 10):
	    os.pwrite(fd, b"x", place)
PYTHON
echo "# dax/many has $(filefrag -v dax/many | grep -c '^ *[0-9]*: ') extents"
report 'a file with many extents is read to its end' \
	told 1 $((64 * M)) $((16 * M)) 0 "dax/many (extent $((48 * M)))"

aligned dax/giant "$G" "$G"
report 'a PUD range of many extents is mappable' \
	answers ".files[0].pages[1].mappable == $G" dax/giant
fallocate -c -l $((2 * M)) dax/giant
fallocate -l "$G" dax/giant
report 'a misaligned PUD range is not mappable' answers \
	'.files[0].pages[1] | .mappable == 0 and .not_mappable[0].reason != "hole"' dax/giant

truncate -s 0 dax/empty
report 'an empty file has status 0' told 0 0 0 0 dax/empty

fallocate -l $((8 * M)) plain/file
report 'a file without DAX is not mappable' \
	told 1 $((8 * M)) 0 0 "plain/file (not DAX $((8 * M)))"

aligned small/aligned $((8 * M)) $((2 * M))
report 'an aligned file on a misaligned partition is not mappable' \
	told 1 $((8 * M)) 0 0 "small/aligned (physical $((8 * M)))"
aligned small/shifted $((8 * M)) $((2 * M)) "$M"
report 'a file whose offset corrects the misaligned partition is mappable' \
	told 0 $((8 * M)) $((8 * M)) 0 small/shifted

report 'several files have a total' says 1 \
	"bytes 2 MiB 1 GiB file
$((8 * M)) $((8 * M)) 0 dax/whole
$((8 * M)) 0 0 dax/shifted (physical $((8 * M)))
$((16 * M)) $((8 * M)) 0 total" dax/whole dax/shifted
report '--verbose lists each range' says 0 \
	"bytes 2 MiB 1 GiB file
$((5 * M)) $((4 * M)) 0 dax/tail (eof $M)
not in 2 MiB: $M bytes at $((4 * M)), eof
not in 1 GiB: $((5 * M)) bytes at 0, eof
$((5 * M)) $((4 * M)) 0 total" --verbose dax/tail

json() {
	answers ".files[0].pages[0] == {page_size: $((2 * M)), whole: $((8 * M)),
				mappable: $((6 * M)), not_mappable: [{offset: $((2 * M)),
				length: $((2 * M)), reason: \"extent\"}]} and
			(.files | map(.dax, has(\"unknown\"))) ==
				[true, false, true, false, true, false] and
			.files[1].start == $((4 * G)) and
			.files[2].start == $((10 * G + M)) and
			.total.size == $((24 * M)) and
			.total.pages[0].mappable == $((22 * M))" \
		dax/punched dax/whole small/shifted
}
report 'JSON has all members' json

# The kernel must agree with daxmap: a process maps some files, writes one byte of
# each 2 MiB, and waits. ext4 aligns mappings of large files to 2 MiB.
coproc holder {
	exec python3 -c '
import mmap, sys
maps = []
for name in sys.argv[1:]:
    with open(name, "r+b") as file:
        maps.append(mmap.mmap(file.fileno(), 0))
    for place in range(0, len(maps[-1]), 2 << 20):
        maps[-1][place] = 1
print("mapped", flush=True)
sys.stdin.read()
' dax/whole dax/shifted small/aligned small/shifted
}
read -r -u "${holder[0]}" _
# shellcheck disable=SC2154 # of the coprocess
process=$holder_PID
mapped() {
	says 1 "bytes 2 MiB 1 GiB 2 MiB now 4 KiB now file
$((8 * M)) $((8 * M)) 0 $((8 * M)) 0 dax/whole
$((8 * M)) 0 0 0 $((4 * 4096)) dax/shifted (physical $((8 * M)))
$((8 * M)) 0 0 0 $((4 * 4096)) small/aligned (physical $((8 * M)))
$((8 * M)) $((8 * M)) 0 $((8 * M)) 0 small/shifted
$((5 * M)) $((4 * M)) 0 0 0 dax/tail (eof $M)
$((37 * M)) $((20 * M)) 0 $((16 * M)) $((8 * 4096)) total" --pid "$process" \
		dax/whole dax/shifted small/aligned small/shifted dax/tail
}
report 'the kernel maps with 2 MiB pages what daxmap calls mappable, and nothing else' mapped
json_mapped() {
	answers ".pid == $process and .files[0].mapped ==
			[{page_size: 4096, bytes: 0}, {page_size: $((2 * M)), bytes: $((8 * M))}]" \
		--pid "$process" dax/whole
}
report 'JSON has the bytes that a process has mapped' json_mapped

# Users other than root; they cannot access the folder of the tools.
cp "$(command -v daxmap)" /tmp/daxmap
chmod 755 dax
chmod 644 dax/whole
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/daxmap "$@"; }
unknown() {
	local status=0 said
	said=$(nobody dax/whole 2> /run/reason) || status=$?
	cat /run/reason
	echo "$said"
	[ "$status" = 2 ] && grep -F "dax/whole (unknown $((8 * M)))" <<< "$said" &&
		grep -x 'daxmap: pmem0: .*/pmem0/pmem/data_start: Permission denied; run as root' \
			/run/reason
}
report 'without permission to read the address of the disk, a file is unknown' unknown
unknown_json() {
	local status=0 said
	said=$(nobody -j dax/whole 2> /run/reason) || status=$?
	[ "$status" = 2 ] && jq -e --arg reason "$(sed 's/^daxmap: //' /run/reason)" \
		".files[0] | .unknown == [\$reason] and (has(\"start\") | not) and
			.pages[0].mappable == 0 and .pages[0].not_mappable ==
			[{offset: 0, length: $((8 * M)), reason: \"unknown\"}]" <<< "$said"
}
report 'JSON has the unknown range and the reason' unknown_json
refused() {
	local status=0 said
	said=$(nobody --pid "$process" dax/whole 2>&1) || status=$?
	echo "$said"
	[ "$status" = 2 ] &&
		[ "$said" = "daxmap: process $process: no permission to inspect it; run as root" ]
}
report '--pid of another user is an error' refused

eval "exec ${holder[1]}>&-"
wait "$process"
report '--pid of a process that has ended is an error' says 2 \
	"daxmap: process $process: no such process" --pid "$process" dax/whole
report '--pid with an invalid number is an error' says 2 \
	'daxmap: --pid: 12x: expected a number from 1 to 2147483647; see daxmap --help' \
	--pid 12x dax/whole
report 'a directory is an error' says 2 "daxmap: dax: is a directory; name the files in it
bytes 2 MiB 1 GiB file
0 0 0 total" dax
report 'a device is an error' says 2 "daxmap: /dev/pmem0: is not a regular file
bytes 2 MiB 1 GiB file
0 0 0 total" /dev/pmem0
report 'a missing file is an error, and the others are reported' says 2 \
	"daxmap: dax/none: No such file or directory
bytes 2 MiB 1 GiB file
$((8 * M)) $((8 * M)) 0 dax/whole
$((8 * M)) $((8 * M)) 0 total" dax/none dax/whole
report 'a missing argument FILE is an error' says 2 'daxmap: FILE is required; see daxmap --help'
report 'an unknown option is an error' says 2 \
	'daxmap: The following argument was not expected: --huge; see daxmap --help' \
	--huge dax/whole
full() {
	local status=0
	daxmap dax/whole > /dev/full || status=$?
	[ "$status" = 2 ]
}
report 'a failed write to standard output is an error' full
helps() { daxmap --help | grep '^Usage: daxmap '; }
report '--help prints the usage' helps

umount dax small plain
clean() { e2fsck -fn /dev/pmem0 && e2fsck -fn /dev/pmem1p1; }
report 'the filesystems are intact' clean
end_tests
