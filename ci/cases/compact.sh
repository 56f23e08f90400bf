#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# dax-compact brings an ext4 that stock placement has aged to 90 % of its free space in whole
# chunks, and scattered files to 2 MiB pages.
#
# memory: 6G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# tools: yes
# timeout: 600 2400
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

# value KEY...: of the JSON that dax-compact has printed
value() { python3 -c 'import functools, json, sys
print(functools.reduce(lambda json, key: json[key], sys.argv[1:], json.load(open("/run/json"))))' "$@"; }
# compacted OPTION...: runs it, and shows what it says
compacted() {
	local status=0
	dax-compact --json "$@" /mnt/mem > /run/json || status=$?
	cat /run/json
	[ $status -le 1 ]
}
at_least() { awk "BEGIN { exit !($2 >= $1) }" || { echo "$2"; return 1; }; }
sums() { find /mnt/mem -xdev -type f -exec sha256sum {} + | sort; }
clean() { umount /mnt/mem && e2fsck -fn /dev/pmem0 && mount -o dax /dev/pmem0 /mnt/mem; }

fresh 1536M 0
report 'a filesystem without files has nothing to do' dax-compact /mnt/mem
mkdir /mnt/mem/below
below() { local said; ! said=$(dax-compact /mnt/mem/below 2>&1) && grep 'no filesystem is mounted there' <<< "$said"; }
report 'a directory below is refused' below
rmdir /mnt/mem/below
aging --dir /mnt/mem --utilisation 75 --churn 1.5 --age-only
sums > /run/before
echo 1 > $SWITCH
report 'a dry run makes a forecast' compacted --dry-run
forecast=$(value after percent)
report 'of 90 % at least' at_least 90 "$forecast"
report 'less than 60 % were in whole chunks' at_least "$(value before percent)" 60
report 'nothing has moved' cmp /run/before <(sums)
nothing() { compacted --start 1 && [ "$(value moved)" = 0 ]; }
report 'above the start threshold nothing is done' nothing
report 'it compacts the filesystem' compacted
echo "# $(value before percent) % in whole chunks before, $(value after percent) % after;" \
	"$(value moved) bytes moved, $(value repaired) repaired, of $(du -sB1 /mnt/mem | cut -f1)"
report 'to 90 % of the free space in whole chunks' at_least 90 "$(value after percent)"
fixed() {
	dd if=/dev/zero of=/mnt/mem/fixed bs=4K count=9 status=none && chattr +i /mnt/mem/fixed &&
		compacted --dry-run && [ "$(value fixed_files)" = 1 ] &&
		chattr -i /mnt/mem/fixed && rm /mnt/mem/fixed
}
report 'it has repaired files' at_least 1 "$(value repaired)"
report 'an immutable file is counted, and is no failure' fixed
report 'all files have their bytes' cmp /run/before <(sums)
report 'e2fsck finds no error' clean
report 'all files have their bytes after a mount' cmp /run/before <(sums)
umount /mnt/mem
end_tests
