# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases and sessions that measure how much of a file 2 MiB pages map, for many ways
# to fill it, with and without ext4's placement. measure_placement runs in a guest; its
# caller declares "tools: yes".

# The limits of ci/cases/placement.sh, in percent of a file's PMD ranges:
# the most that a file can be below stock
BELOW_STOCK=1
# a file of 64 MiB on a new filesystem, filled in any way
# shellcheck disable=SC2034 # for the case
AT_LEAST_FRESH=96
# the file of a database, on a new and on an aged filesystem
# shellcheck disable=SC2034
AT_LEAST_DATABASE=95
# shellcheck disable=SC2034
DATABASES=(sqlite sqlite_vacuum lmdb postgres)

PLACEMENT_CSV=/run/placement.csv

# measure_placement quick|full: measure on new and on aged filesystems, with
# mb_dax_pmd=0 and 1. quick uses 2 GiB, one seed and one file of each size; full uses
# 8 GiB with a churn of ten times that, and three seeds. A line that begins with "csv: "
# is a result, labelled stock or ours, and fresh or aged; placement --help lists its
# fields.
measure_placement() {
	local size=2G churn=1 seeds=1 options=(--mib '8,64' --files 1)
	local seed state on whose lines=0 csv switch=(0)
	[ "$1" = quick ] || { size=8G churn=10 seeds='1 2 3' options=(--mib '2,8,64'); }
	if has_placement; then
		switch=(0 1)
	else
		echo "this kernel's ext4 has no mb_dax_pmd: stock behaviour only"
	fi
	for seed in $seeds; do
		for state in fresh aged; do
			for on in "${switch[@]}"; do
				whose=stock
				[ "$on" = 0 ] || whose=ours
				printf '\n%s, %s, %s, seed %s\n' "$whose" "$state" "$size" "$seed"
				fresh "$size" "$on"
				[ $state = fresh ] ||
					steady aging --dir /mnt/mem --age-only --utilisation 75 \
						--churn $churn --seed "$seed"
				csv=(--csv "$PLACEMENT_CSV" --label "$whose-$state" --seed "$seed")
				steady placement --dir /mnt/mem "${options[@]}" "${csv[@]}"
				measure_programs "${csv[@]}"
				umount /mnt/mem
				e2fsck -fn /dev/pmem0 > /run/fsck 2>&1 ||
					{ cat /run/fsck; return 1; }
				tail -n "+$((lines + 1))" "$PLACEMENT_CSV" | sed 's/^/csv: /'
				lines=$(wc -l < "$PLACEMENT_CSV")
			done
		done
	done
}

# placement_table CSV: print a row for each way and size and for each program, with the
# worst of the seeds. The end of a row says where ours is below stock.
placement_table() {
	awk -F, -v below=$BELOW_STOCK '
	$1 == "label" { next }
	{
		row = $4 > 0 ? sprintf("%-15s %3d MiB", $3, $4) : $3
		if (!(row in known)) {
			known[row] = 1
			rows[++nrows] = row
		}
		if (!((row, $1) in worst) || $5 + 0 < worst[row, $1])
			worst[row, $1] = $5 + 0
	}
	function cell(row, label) {
		return (row, label) in worst ? sprintf("%12.1f", worst[row, label]) : sprintf("%12s", "-")
	}
	function mark(row, state) {
		if (!((row, "ours-" state) in worst && (row, "stock-" state) in worst) ||
		    worst[row, "ours-" state] >= worst[row, "stock-" state] - below)
			return ""
		marked = 1
		return "  < " state
	}
	END {
		printf "%-24s%12s%12s%12s%12s\n", "percent in 2 MiB pages",
			"stock fresh", "ours fresh", "stock aged", "ours aged"
		for (r = 1; r <= nrows; r++) {
			row = rows[r]
			printf "%-24s%s%s%s%s%s%s\n", row, cell(row, "stock-fresh"), cell(row, "ours-fresh"),
				cell(row, "stock-aged"), cell(row, "ours-aged"), mark(row, "fresh"), mark(row, "aged")
		}
		if (marked)
			printf "\n<: ours is more than %s below stock there\n", below
	}' "$1"
}
