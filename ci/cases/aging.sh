#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An aged ext4 still has whole PMD-aligned chunks, and 2 MiB pages can map new files.
# With mb_dax_pmd=0, which is stock behaviour, the results are at least 10 points lower.
# e2fsck finds no error after each run.
#
# The short version ages 4 GiB to 75 %, with a churn of twice the size. With an argument,
# it ages 8 GiB to 75 and 90 %, with a churn of ten times the size, three seeds and two
# distributions of file sizes. The worst result counts.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 900 43200
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"

size=4G churn=2 utilisations=75 seeds=1 distributions=baseline
[ -z "${1:-}" ] ||
	{ size=8G churn=10 utilisations='75 90' seeds='1 2 3' distributions='agrawal baseline'; }

# worst LABEL UTILISATION MEASURE [MIB]: the smallest result, in percent; nothing if
# there is none. The last two are regular expressions.
worst() {
	{ grep -E "^$1,[^,]*,[^,]*,$2,.*,$3,${4:-0}," $CSV || true; } |
		sed 's/.*,//' | sort -n | sed -n 1p
}
# at_least PERCENT MEASURED: fails if nothing was measured
at_least() { [ -n "$2" ] && awk "BEGIN { exit !($2 >= $1) }"; }
# at_most PERCENT MEASURED: fails if nothing was measured
at_most() { [ -n "$2" ] && awk "BEGIN { exit !($2 <= $1) }"; }
# above STOCK MEASURED: at least 10 points; fails if one of them was not measured
above() { [ -n "$1" ] && at_least "$1 + 10" "$2"; }

switched=yes
has_placement || switched=no
report "mb_dax_pmd switches the placement" [ $switched = yes ]

for distribution in $distributions; do
	for utilisation in $utilisations; do
		for seed in $seeds; do
			for on in 0 1; do
				[ "$on$switched" != 1no ] || continue
				aged "$size" $on --distribution "$distribution" --seed "$seed" \
					--utilisation "$utilisation" --churn "$churn"
			done
		done
	done
done

for utilisation in $utilisations; do
	new=98 free=85
	[ "$utilisation" = 75 ] || { new=90 free=55; }

	on=$(worst ours "$utilisation" free)
	off=$(worst stock "$utilisation" free)
	report "$utilisation % used: ${on:-nothing} % of the free space is in whole chunks, at least $free" \
		at_least $free "$on"
	report "$utilisation % used: ${on:-nothing} % in whole chunks is at least 10 points more than with mb_dax_pmd=0 (${off:-nothing} %)" \
		above "$off" "$on"
	for how in fallocate write; do
		for mib in 2 8 64 256; do
			on=$(worst ours "$utilisation" $how $mib)
			report "$utilisation % used: 2 MiB pages map ${on:-nothing} % of new files of $mib MiB by $how, at least $new" \
				at_least $new "$on"
		done
	done
	off=$(worst stock "$utilisation" '(fallocate|write)' '[0-9]+')
	report "$utilisation % used: with mb_dax_pmd=0, 2 MiB pages map at most $((new - 10)) % of some new files (${off:-nothing} %)" \
		at_most $((new - 10)) "$off"
done
end_tests
