#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the aging benchmark has measured becomes a table with the worst of the seeds,
# and a plot; also where only stock behaviour could be measured.
. "$(dirname "$0")/../common.sh"

work=$(mktemp -d "$CACHE/plot-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# results LABEL SEED MEASURE MIB PERCENT...: five words a line
results() {
	echo 'label,distribution,by,utilisation,churn,seed,measure,mib,percent'
	printf '%s,agrawal,fallocate,75,10,%s,%s,%s,%s\n' "$@"
}
results stock 1 free 0 40.12 stock 2 free 0 9.70 stock 3 free 0 31.00 \
	windows 1 free 0 100.00 windows 2 free 0 95.26 \
	stock 1 write 64 98.40 > "$work/both.csv"
results stock 1 free 0 40.12 > "$work/stock.csv"

table() { "$TOP/ci/plot-aging" "$work/$1.csv" "$work" > "$work/table"; }
# row NAME STOCK WINDOWS
row() {
	grep -qxE "$1 +$2 +$3" "$work/table" || { cat "$work/table"; return 1; }
}
# as file(1) knows it
is_png() { [ "$(head -c 4 "$work/aging.png" | tail -c 3)" = PNG ]; }

report 'results become a table and a plot' table both
report 'the worst of the seeds comes first, as a number and not as text' \
	row 'free space in windows' ' 9\.7 \(40\.1 9\.7 31\.0\)' '95\.3 \(100\.0 95\.3\)'
report 'what was not measured is a dash' row 'new, 64 MiB, write' '98\.4 \(98\.4\)' -
report 'the plot is a PNG file' is_png
rm "$work/aging.png"
report 'stock behaviour alone becomes a table and a plot too' table stock
report 'which is a PNG file' is_png
refused() { ! table none 2> "$work/said" && grep -q 'holds no results' "$work/said"; }
report 'a file without results is refused' refused
