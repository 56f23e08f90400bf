# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Machine checks in a guest: inject reports, and look at the bad blocks.

inject=/sys/kernel/debug/mce-inject

# report_error STATUS ADDRESS [MISC [BANK]]
report_error() {
	echo sw > $inject/flags
	echo "$1" > $inject/status
	echo "$2" > $inject/addr
	echo "${3:-0}" > $inject/misc
	echo "${4:-4}" > $inject/bank
}

# bad DISK LIST: the bad blocks of DISK are LIST within five seconds, because the kernel
# delivers reports from a workqueue
bad() {
	for _ in {1..50}; do
		[ "$(cat "/sys/block/$1/badblocks")" != "$2" ] || return 0
		sleep 0.1
	done
	cat "/sys/block/$1/badblocks"
	return 1
}
