#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SIZE SEEDS UTILISATIONS DISTRIBUTIONS BY CHURN - age ext4 in all these ways
#
# SIZE is that of the filesystem, at most 32G. Each other argument is a list in one word.
# A line that begins with "csv: " is a result; see aging --help for its fields.
#
# memory: 36G
# cmdline: memmap=32G$4G
# module: pmem start=4 size=32 count=1
# tools: yes
# timeout: 86400
set -euo pipefail

# shellcheck source=ci/lib/aging.sh
. "${0%/vm/*}/lib/aging.sh"

switch=(0)
if has_placement; then
	switch=(0 compacted)
else
	echo "this kernel's ext4 has no mb_dax_pmd: stock behaviour only"
fi
size=$1 lines=0
shift
for distribution in $3; do
	for utilisation in $2; do
		for seed in $1; do
			for on in "${switch[@]}"; do
				printf '\nplacement %s: %s %s %% seed %s, by %s, churn %s\n' \
					"$on" "$distribution" "$utilisation" "$seed" "$4" "$5"
				aged "$size" "$on" --distribution "$distribution" --by "$4" \
					--utilisation "$utilisation" --seed "$seed" --churn "$5"
				tail -n "+$((lines + 1))" $CSV | sed 's/^/csv: /'
				lines=$(wc -l < $CSV)
			done
		done
	done
done
