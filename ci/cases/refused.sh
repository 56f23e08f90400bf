#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input is refused as Documentation/admin-guide/blockdev/pmem.rst says: each row
# of its tables, with the errno and the line in the log, and nothing is claimed.
#
# RAM ends at 11 GiB and has a hole from 2 to 4 GiB. What is set aside from 10 GiB
# on reaches past its end.
#
# memory: 9G
# cmdline: memmap=4G$4G memmap=2G$10G memmap=1G!8G
# allows: pmem: .*
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/measure.sh
. "${0%/cases/*}/measure.sh"
document=${0%/ci/cases/*}/Documentation/admin-guide/blockdev/pmem.rst

"$PMEM_KERNEL/selftests/run_kselftest.sh" -t pmem:refused

# What the loader of modules prints for each errno.
declare -A NAMES=(
	['Argument list too long']=E2BIG
	['Cannot allocate memory']=ENOMEM
	['Device or resource busy']=EBUSY
	['File exists']=EEXIST
	['Invalid argument']=EINVAL
	['No such device or address']=ENXIO
	['Numerical result out of range']=ERANGE
	['Wrong medium type']=EMEDIUMTYPE
)

# log: what the driver has said; of all else the harness judges
log() {
	dmesg --kernel --level=emerg,alert,crit,err,warn | sed -n '/\] pmem: /p'
}

# refuse PARAMETERS ERRNO LINE: loading ends with that, and is as if never tried
refuse() {
	local parameters said lines before iomem
	read -r -a parameters <<< "$1"
	iomem=$(cat /proc/iomem)
	before=$(log | wc -l)
	if said=$(modprobe pmem "${parameters[@]}" 2>&1); then
		echo 'it is accepted'
		rmmod pmem
		return 1
	fi
	said=${said##*: }
	[ "${NAMES[$said]:-$said}" = "$2" ] || { echo "$said, not $2"; return 1; }
	lines=$(log | tail -n +$((before + 1)) | sed 's/^\[[^]]*\] //')
	[ "$lines" = "pmem: $3" ] || { printf 'not: %s\nbut: %s\n' "pmem: $3" "$lines"; return 1; }
	[ "$(cat /proc/iomem)" = "$iomem" ] || { echo '/proc/iomem differs'; return 1; }
}

# rows: the cells of the table whose first cell can be typed, one below the other
# shellcheck disable=SC2016 # these backquotes are the document's
rows() {
	sed -n '/^Refusals/,/^Other refusals depend/p' "$document" |
		sed -n 's/^   \(\* -\|  -\) \(``\)\?\([^`]*\)\(``\)\?$/\3/p' | tail -n +4
}

nr=0
while read -r parameters && read -r errno && read -r line; do
	nr=$((nr + 1))
	# a load takes seconds there, and most rows are of the same few lines of code
	! on_debug_kernel || [ $((nr % 4)) = 0 ] || continue
	report "pmem $parameters: $errno" refuse "$parameters" "$errno" "$line"
done < <(rows)
enough() { [ "$nr" -ge 30 ] || { echo "$nr rows"; return 1; }; }
report "the document has $nr rows" enough

# documented TEXT: the line of the second table with that text
# shellcheck disable=SC2016
documented() {
	sed -n "/^Other refusals depend/,\$s/^     - \`\`\(.*$1.*\)\`\`\$/\1/p" "$document"
}

usual='start=4 size=4 count=2'
modprobe ramoops mem_address=0x100000000 mem_size=0x100000
report 'memory that another driver holds: EBUSY' \
	refuse "$usual" EBUSY "$(documented 'is held by another driver')"
rmmod ramoops

# shellcheck disable=SC2086
modprobe pmem $usual
mkfs.ext4 -q -E nodiscard /dev/pmem0
twice() { ! insmod "$(modinfo -F filename pmem)" 2> /run/said && grep 'File exists' /run/said; }
report 'loading twice: EEXIST' twice
rmmod pmem
report 'map=dev over a filesystem: EMEDIUMTYPE' \
	refuse "$usual map=dev" EMEDIUMTYPE "$(documented 'holds an ext2')"
# shellcheck disable=SC2086
modprobe pmem $usual
report 'which is whole' e2fsck -fn /dev/pmem0
rmmod pmem

# and what is set aside is taken
report 'pmem start=4 size=4 count=2 is accepted' modprobe pmem start=4 size=4 count=2
report 'and can be unloaded' rmmod pmem
report 'pmem ranges=1G@4G,2G@6G/2 is accepted' modprobe pmem ranges=1G@4G,2G@6G/2
three() { [ -b /dev/pmem2 ] && [ ! -e /dev/pmem3 ]; }
report 'and makes three devices' three
rmmod pmem
