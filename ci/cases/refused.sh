#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The driver refuses bad parameters and memory in use, with the errno and the message
# that Documentation/admin-guide/blockdev/pmem-messages.rst lists, and claims nothing. The
# inputs are the rows of the document and those in refused.inputs.
#
# RAM ends at 11 GiB and has a hole from 2 to 4 GiB. The reservation that starts at
# 10 GiB ends above it.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=4G$4G memmap=2G$10G memmap=1G!8G
# allows: pmem: .*
# timeout: 240 600
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
document=${0%/ci/cases/*}/Documentation/admin-guide/blockdev/pmem-messages.rst

selftests refused

# The text that modprobe prints for each errno.
declare -A NAMES=(
	['Cannot allocate memory']=ENOMEM
	['Device or resource busy']=EBUSY
	['File exists']=EEXIST
	['Invalid argument']=EINVAL
	['No such device or address']=ENXIO
	['Wrong medium type']=EMEDIUMTYPE
)

# log: the driver's messages; the harness checks all others
log() {
	dmesg --kernel --level=emerg,alert,crit,err,warn | sed -n '/\] pmem: /p'
}

# refuse PARAMETERS ERRNO MESSAGE: the load fails with both and leaves no trace
refuse() {
	local parameters said messages before iomem
	read -r -a parameters <<< "$1"
	iomem=$(cat /proc/iomem)
	before=$(log | wc -l)
	if said=$(modprobe pmem "${parameters[@]}" 2>&1); then
		echo 'the load succeeds'
		rmmod pmem
		return 1
	fi
	said=${said##*: }
	[ "${NAMES[$said]:-$said}" = "$2" ] || { echo "expected $2, got $said"; return 1; }
	messages=$(log | tail -n +$((before + 1)) | sed 's/^\[[^]]*\] //')
	[ "$messages" = "pmem: $3" ] ||
		{ printf 'expected: %s\ngot: %s\n' "pmem: $3" "$messages"; return 1; }
	[ "$(cat /proc/iomem)" = "$iomem" ] || { echo '/proc/iomem differs'; return 1; }
}

# rows: PARAMETERS, ERRNO and MESSAGE of the document's first table, a line each
# shellcheck disable=SC2016 # these backquotes are the document's
rows() {
	sed -n '/^Refusals/,/^The messages of the second table/p' "$document" |
		sed -n 's/^   \(\* -\|  -\) \(``\)\?\([^`]*\)\(``\)\?$/\3/p' | tail -n +4
}

# inputs: the same of refused.inputs
inputs() {
	sed '/^#/d; s/ | /\n/g' "${0%.sh}.inputs"
}

# refuse_all NAME: of the inputs on stdin
refuse_all() {
	local nr=0 parameters errno message
	while read -r parameters && read -r errno && read -r message; do
		nr=$((nr + 1))
		# a load takes seconds on the debug kernel, and most inputs run the same code
		! on_debug_kernel || [ $((nr % 4)) = 0 ] || continue
		report "pmem $parameters: $errno" refuse "$parameters" "$errno" "$message"
	done
	report "$1 has at least 10 inputs" test "$nr" -ge 10
}
refuse_all pmem.rst < <(rows)
refuse_all refused.inputs < <(inputs)

# documented TEXT: the message of the second table with that text
# shellcheck disable=SC2016
documented() {
	sed -n "/^The messages of the second table/,\$s/^     - \`\`\(.*$1.*\)\`\`\$/\1/p" "$document"
}

usual='start=4 size=4 count=2'
modprobe ramoops mem_address=0x100000000 mem_size=0x100000
report 'memory in use by another driver: EBUSY' \
	refuse "$usual" EBUSY "$(documented 'in use, see')"
rmmod ramoops

# shellcheck disable=SC2086
modprobe pmem $usual
mkfs.ext4 -q -E nodiscard /dev/pmem0
twice() { ! insmod "$(modinfo -F filename pmem)" 2> /run/said && grep 'File exists' /run/said; }
report 'loading twice: EEXIST' twice
rmmod pmem
report 'map=dev over a filesystem: EMEDIUMTYPE' \
	refuse "$usual map=dev" EMEDIUMTYPE "$(documented 'overwrite data')"
# shellcheck disable=SC2086
modprobe pmem $usual
report 'filesystem intact after the refused load' e2fsck -fn /dev/pmem0
rmmod pmem

# reserved memory is accepted
report 'pmem start=4 size=4 count=2 loads' modprobe pmem start=4 size=4 count=2
report 'the driver unloads' rmmod pmem
report 'pmem ranges=1G@4G,2G@6G/2 loads' modprobe pmem ranges=1G@4G,2G@6G/2
three() { [ -b /dev/pmem2 ] && [ ! -e /dev/pmem3 ]; }
report 'two ranges, one of them for two devices, make three devices' three
rmmod pmem
end_tests
