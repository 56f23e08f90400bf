#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the aging benchmark has measured becomes a table with the worst of the seeds,
# and a plot; also where only stock behaviour could be measured. What the placement
# benchmark has measured becomes a table that marks what is worse than on stock.
. "$(dirname "$0")/../lib/common.sh"

work=$(mktemp -d "$CACHE/plot-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# results LABEL SEED MEASURE MIB PERCENT...: five words a line
results() {
	echo 'label,distribution,by,utilisation,churn,seed,measure,mib,percent'
	printf '%s,agrawal,fallocate,75,10,%s,%s,%s,%s\n' "$@"
}
results stock 1 free 0 40.12 stock 2 free 0 9.70 stock 3 free 0 31.00 \
	ours 1 free 0 100.00 ours 2 free 0 95.26 \
	compacted 1 free 0 95.00 compacted 2 free 0 94.00 \
	compacted 1 moved 0 7.00 compacted 2 moved 0 11.50 compacted 3 moved 0 9.00 \
	stock 1 write 64 98.40 > "$work/both.csv"
results stock 1 free 0 40.12 > "$work/stock.csv"

table() { "$TOP/ci/plot-aging" "$work/$1.csv" "$work" > "$work/table"; }
# row NAME STOCK OURS [COMPACTED]
row() {
	grep -qxE "$1 +$2 +$3${4:+ +$4}" "$work/table" || { cat "$work/table"; return 1; }
}
# as file(1) knows it
is_png() { [ "$(head -c 4 "$work/aging.png" | tail -c 3)" = PNG ]; }

report 'results become a table and a plot' table both
report 'the worst of the seeds comes first, as a number and not as text' \
	row 'free space in whole chunks' ' 9\.7 \(40\.1 9\.7 31\.0\)' '95\.3 \(100\.0 95\.3\)' '94\.0 \(95\.0 94\.0\)'
report 'of what compaction has moved, the most is the worst' \
	row 'moved of the bytes used' - - '11\.5 \(7\.0 11\.5 9\.0\)'
report 'what was not measured is a dash' row 'new, 64 MiB, write' '98\.4 \(98\.4\)' - -
report 'the plot is a PNG file' is_png
rm "$work/aging.png"
report 'stock behaviour alone becomes a table and a plot too' table stock
report 'the plot of stock behaviour alone is a PNG file' is_png
refused() { ! table none 2> "$work/said" && grep -q 'holds no results' "$work/said"; }
report 'a file without results is refused' refused

# shellcheck source=ci/lib/placement.sh
. "$TOP/ci/lib/placement.sh"
# placements LABEL SEED WAY MIB PERCENT...: five words a line
placements() {
	echo 'label,seed,way,mib,percent'
	printf '%s,%s,%s,%s,%s\n' "$@"
}
placements stock-fresh 1 header 8 9.50 stock-fresh 2 header 8 50.00 \
	ours-fresh 1 header 8 100.00 ours-fresh 2 header 8 75.00 \
	stock-fresh 1 header 64 97.00 ours-fresh 1 header 64 96.00 \
	stock-aged 1 header 64 97.00 ours-aged 1 header 64 95.99 \
	stock-fresh 1 sqlite 0 12.00 > "$work/placement.csv"
placement_table "$work/placement.csv" > "$work/table"

report 'a table of placement has the worst of the seeds, as a number and not as text' \
	row 'header +8 MiB' 9.5 '75\.0 +- +-'
report 'what is more than a point below stock is marked, and no less' \
	row 'header +64 MiB' 97.0 '96\.0 +97\.0 +96\.0  < aged'
report 'a program has a row without a size' row sqlite 12.0 '- +- +-'
end_tests
