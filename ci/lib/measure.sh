# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Measurements for cases in a guest.

# on_debug_kernel: whether this is the debug kernel, which is slow and uses more memory
on_debug_kernel() {
	[ -e /sys/kernel/debug/kmemleak ]
}

# on_base VERSION: whether the kernel is of that base
on_base() {
	[[ $(uname -r) = "$1".* ]]
}

# free_kib [NODE...]: free memory of these nodes or of all, including the per-CPU lists;
# the maximum of three samples, because the kernel frees memory with a delay
free_kib() {
	for _ in 1 2 3; do
		sync
		echo 3 > /proc/sys/vm/drop_caches
		sleep 0.3
		awk -v nodes=" $* " '/^Node/ { wanted = nodes ~ /^ *$/ || index(nodes, " " ($2 + 0) " ") }
			wanted && ($1 == "nr_free_pages" || $1 == "count:") { pages += $2 }
			END { print pages * 4 }' /proc/zoneinfo
	done | sort -n | tail -n 1
}

# took COMMAND...: set TIME to its run time, in microseconds
took() {
	local start=${EPOCHREALTIME/./}
	"$@"
	# shellcheck disable=SC2034 # for the caller
	TIME=$((${EPOCHREALTIME/./} - start))
}

# least NUMBER...: the smallest number
least() {
	printf '%s\n' "$@" | sort -n | sed -n 1p
}
