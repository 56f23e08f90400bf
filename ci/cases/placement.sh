#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 2 MiB pages map files that are filled in many ways: by fallocate, by writes of any size
# and order, through a mapping, and by real programs. No file is worse than with
# mb_dax_pmd=0, which is stock behaviour. The limits are in ci/lib/placement.sh.
#
# The short version measures the same as "make bench-placement"; with an argument, it is
# "make bench-placement BENCH=full" with three seeds, and the worst seed counts.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 1500 86400
# soak: full
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/aging.sh
. "${0%/cases/*}/lib/aging.sh"
# shellcheck source=ci/lib/programs.sh
. "${0%/cases/*}/lib/programs.sh"
# shellcheck source=ci/lib/placement.sh
. "${0%/cases/*}/lib/placement.sh"

measure_placement "${1:-quick}" | grep --line-buffered -v '^csv: '
echo
placement_table $PLACEMENT_CSV
echo

# no_worse STATE: fails, and prints the files for which stock is better
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
				print "nothing was measured with mb_dax_pmd=1"
			exit bad || !seen
		}' $PLACEMENT_CSV
}

# at_least PERCENT LABEL WAY MIB: fails, and prints the files with less; the last three
# are regular expressions
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
	report "$state filesystem: no file is more than $BELOW_STOCK point below stock" \
		no_worse $state
done
report "fresh filesystem: 2 MiB pages map at least $AT_LEAST_FRESH % of files of 64 MiB, filled in any way" \
	at_least $AT_LEAST_FRESH ours-fresh '.*' 64
for program in "${DATABASES[@]}"; do
	report "2 MiB pages map at least $AT_LEAST_DATABASE % of the file of $program, fresh and aged" \
		at_least $AT_LEAST_DATABASE 'ours-.*' "$program" 0
done
end_tests
