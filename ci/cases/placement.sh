#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# However a file is filled, it is in 2 MiB pages: by fallocate, by writes of any size
# and order, through a mapping, and by real programs. Where it is not, it is no worse
# than with the allocator for PMD ranges switched off, which is stock behaviour. The
# limits are in ci/placement.sh.
#
# The short version is what "make bench-placement" shows; with an argument it is
# "make bench-placement BENCH=full", with three seeds, of which the worst counts.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 1500 86400
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/report.sh
. "${0%/cases/*}/report.sh"
# shellcheck source=ci/aging.sh
. "${0%/cases/*}/aging.sh"
# shellcheck source=ci/programs.sh
. "${0%/cases/*}/programs.sh"
# shellcheck source=ci/placement.sh
. "${0%/cases/*}/placement.sh"

measure_placement "${1:-quick}" | grep --line-buffered -v '^csv: '
echo
placement_table $PLACEMENT_CSV
echo

# no_worse STATE: prints the files of which stock has more
no_worse() {
	awk -F, -v below=$BELOW_STOCK -v state="$1" '
		{ file = $2 "," $3 "," $4 }
		$1 == "stock-" state { stock[file] = $5 }
		$1 == "ours-" state {
			seen = 1
			if ($5 >= stock[file] - below)
				next
			printf "%s%s: %s %%, stock %s %%, seed %s\n", $3,
				($4 > 0 ? ", " $4 " MiB" : ""), $5, stock[file], $2
			bad = 1
		}
		END {
			if (!seen)
				print "nothing was measured with the allocator switched on"
			exit bad || !seen
		}' $PLACEMENT_CSV
}

# at_least PERCENT LABEL WAY MIB: prints what has less; the last three are regular
# expressions
at_least() {
	awk -F, -v least="$1" -v label="^($2)$" -v way="^($3)$" -v mib="^($4)$" '
		$1 ~ label && $3 ~ way && $4 ~ mib {
			seen++
			if ($5 < least) {
				printf "%s: %s %%, %s, seed %s\n", $3, $5, $1, $2
				bad = 1
			}
		}
		END {
			if (!seen)
				print "nothing was measured"
			exit bad || !seen
		}' $PLACEMENT_CSV
}

for state in fresh aged; do
	report "$state filesystem: no file has less in 2 MiB pages than on stock, but for $BELOW_STOCK point" \
		no_worse $state
done
report "fresh filesystem: files of 64 MiB have at least $AT_LEAST_FRESH %, in whichever way they are filled" \
	at_least $AT_LEAST_FRESH ours-fresh '.*' 64
for program in "${DATABASES[@]}"; do
	report "the file of $program has at least $AT_LEAST_DATABASE %, fresh and aged" \
		at_least $AT_LEAST_DATABASE 'ours-.*' "$program" 0
done
