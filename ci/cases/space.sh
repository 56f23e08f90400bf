#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The placement for 2 MiB pages uses no extra space: files of 1 KiB to 3 MiB use as many
# blocks as with mb_dax_pmd=0, which is stock behaviour, and as many bytes fit before
# ENOSPC. Both runs are in one guest, on new filesystems.
#
# The soak makes 100,000 files with fallocate() and 20,000 with writes, which fit in the
# memory of a small host.
#
# memory: 53G
# cmdline: memmap=48G$4G
# module: pmem start=4 size=48 count=1
# tools: yes
# timeout: 300 7200
# soak: all
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

size=4G allocated=5000 written=2000 full=512M
[ "${1:-}" != all ] || { size=48G allocated=100000 written=20000 full=4G; }

# filled SIZE SWITCH OPTION...: fill a new filesystem; sets $files, $bytes and $used
filled() {
	local said
	fresh "$1" "$2"
	said=$(fill --dir /mnt/mem "${@:3}")
	umount /mnt/mem
	e2fsck -fn /dev/pmem0 > /run/fsck 2>&1 || { cat /run/fsck; return 1; }
	echo "# mb_dax_pmd=$2: $said"
	IFS=' =' read -r _ files _ bytes _ used <<< "$said"
}

# within PERMILLE LESS MORE: MORE exceeds LESS by at most that
within() { [ $((($3 - $2) * 1000)) -le $(($2 * $1)) ]; }

for way in "--fallocate --files $allocated" "--write 64 --files $written"; do
	read -ra options <<< "$way"
	filled $size 0 "${options[@]}"
	stock=$used
	filled $size 1 "${options[@]}"
	report "${options[*]}: $files files use $used bytes, at most 1 % more than with mb_dax_pmd=0 ($stock bytes)" \
		within 10 "$stock" "$used"
done

filled $full 0 --until-full
stock=$bytes
filled $full 1 --until-full
report "$bytes bytes fit on $full, at most 0.5 % fewer than with mb_dax_pmd=0 ($stock bytes)" \
	within 5 "$bytes" "$stock"
end_tests
