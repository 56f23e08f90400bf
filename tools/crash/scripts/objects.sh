#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# play DIR - transactions of libpmemobj, which flushes the CPU caches itself
# check DIR N - fail unless N transactions are there, and at most one more
set -euo pipefail

case $1 in
play) objects --keys 8 fill --size 8M --marks "$2/pool" ;;
check)
	# before the first transaction, there may be no pool
	[ "$3" = 0 ] || objects --keys 8 verify --committed "$3" "$2/pool"
	;;
esac
