# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What cases in a guest measure.

# on_debug_kernel: where everything takes its time, and memory is used otherwise
on_debug_kernel() {
	[ -e /sys/kernel/debug/kmemleak ]
}

# free_kib [NODE...]: memory that nobody uses, of these nodes or of all, the lists
# of the CPUs included; the most of three looks, because what was in use is freed
# with a delay
free_kib() {
	for _ in 1 2 3; do
		sync
		echo 3 > /proc/sys/vm/drop_caches
		sleep 0.3
		awk -v nodes=" $* " '/^Node/ { wanted = nodes ~ /^ *$/ || index(nodes, " " ($2 + 0) " ") }
			wanted && /nr_free_pages|^ +count:/ { pages += $2 }
			END { print pages * 4 }' /proc/zoneinfo
	done | sort -n | tail -n 1
}

# took COMMAND...: sets TIME to what it took, in microseconds
took() {
	local start=${EPOCHREALTIME/./}
	"$@"
	# shellcheck disable=SC2034 # for the caller
	TIME=$((${EPOCHREALTIME/./} - start))
}

# least NUMBER...
least() {
	printf '%s\n' "$@" | sort -n | head -n 1
}
