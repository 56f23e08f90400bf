# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For what compares how much of files is in 2 MiB pages, by the way they are filled,
# with ext4's allocator for PMD ranges and without. measure_placement runs in a
# guest; its caller declares "tools: yes".

# What ci/cases/placement.sh insists on, in percent of a file's PMD ranges:
# how much less than on stock it may be
BELOW_STOCK=1
# a file of 64 MiB on a new filesystem, in whichever way it is filled
# shellcheck disable=SC2034 # for the case
AT_LEAST_FRESH=96
# what a database has written, on a new filesystem and on an aged one
# shellcheck disable=SC2034
AT_LEAST_DATABASE=95
# shellcheck disable=SC2034
DATABASES=(sqlite sqlite_vacuum lmdb postgres)

PLACEMENT_CSV=/run/placement.csv

# measure_placement quick|full: on new and on aged filesystems, with the allocator
# switched off and on. Quick is 2 GiB, one seed, and one file of each size; full is
# 8 GiB that were allocated ten times, and three seeds. A line that begins with
# "csv: " is a result, labelled stock or ours, and fresh or aged; see placement
# --help for its fields.
measure_placement() {
	local size=2G churn=1 seeds=1 options=(--mib '8,64' --files 1)
	local seed state on who lines=0 csv switch=(0)
	[ "$1" = quick ] || { size=8G churn=10 seeds='1 2 3' options=(--mib '2,8,64'); }
	if has_windows; then
		switch=(0 1)
	else
		echo "this kernel's ext4 has no such allocator: stock behaviour only"
	fi
	for seed in $seeds; do
		for state in fresh aged; do
			for on in "${switch[@]}"; do
				who=stock
				[ "$on" = 0 ] || who=ours
				printf '\n%s, %s, %s, seed %s\n' "$who" "$state" "$size" "$seed"
				fresh "$size" "$on"
				[ $state = fresh ] ||
					steady aging --dir /mnt/mem --age-only --utilisation 75 \
						--churn $churn --seed "$seed"
				csv=(--csv "$PLACEMENT_CSV" --label "$who-$state" --seed "$seed")
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

# placement_table CSV: a row for each way and size and each program, and the worst
# of the seeds. A row ends with what is worse than on stock.
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
