#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ext4 that is old and full still has whole 2 MiB windows, and new files are in
# them. The same with the allocator switched off has clearly less, so that what
# passes here is the allocator's work. e2fsck finds nothing after each.
#
# The short version ages 4 GiB to 75 % by twice their size; with an argument it is
# 8 GiB to 75 and 90 % by ten times, with three seeds and two distributions of file
# sizes. What is said is the worst of all.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 900 43200
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/aging.sh
. "${0%/cases/*}/aging.sh"

size=4G churn=2 utilisations=75 seeds=1 distributions=baseline
[ -z "${1:-}" ] ||
	{ size=8G churn=10 utilisations='75 90' seeds='1 2 3' distributions='agrawal baseline'; }

# worst LABEL UTILISATION MEASURE [MIB]: the least of what was measured, in percent;
# nothing where it was not. The last two are regular expressions.
worst() {
	{ grep -E "^$1,[^,]*,[^,]*,$2,.*,$3,${4:-0}," $CSV || true; } |
		sed 's/.*,//' | sort -n | head -n 1
}
# at_least PERCENT MEASURED
at_least() { [ -n "$2" ] && awk "BEGIN { exit !($2 >= $1) }"; }

switched=yes
has_windows || switched=no
report "the allocator can be switched on and off" [ $switched = yes ]

for distribution in $distributions; do
	for utilisation in $utilisations; do
		for seed in $seeds; do
			for windows in 0 1; do
				[ "$windows$switched" != 1no ] || continue
				aged "$size" $windows --distribution "$distribution" --seed "$seed" \
					--utilisation "$utilisation" --churn "$churn"
			done
		done
	done
done

for utilisation in $utilisations; do
	new=98 free=85
	[ "$utilisation" = 75 ] || { new=90 free=55; }

	on=$(worst windows "$utilisation" free)
	off=$(worst stock "$utilisation" free)
	report "$utilisation % used: of the free space ${on:-nothing} % is in whole windows, at least $free" \
		at_least $free "$on"
	report "$utilisation % used: that is 10 more than with the allocator switched off ($off %)" \
		at_least "$off + 10" "$on"
	for how in fallocate write; do
		for mib in 2 8 64 256; do
			on=$(worst windows "$utilisation" $how $mib)
			report "$utilisation % used: of new files of $mib MiB by $how ${on:-nothing} % can be mapped in 2 MiB pages, at least $new" \
				at_least $new "$on"
		done
	done
	off=$(worst stock "$utilisation" '(fallocate|write)' '[0-9]+')
	report "$utilisation % used: of some it is 10 less with the allocator switched off ($off %)" \
		at_least "$off + 10" $new
done
