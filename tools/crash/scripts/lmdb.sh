#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# play DIR - put values into an LMDB, each in a transaction of its own
# check DIR N - fail unless it has N values, and at most one more
set -euo pipefail

value() { printf 'value %d, %0*d' "$1" $((700 * $1)) 7; }
case $1 in
play)
	mkdir "$2/lmdb"
	for ((i = 0; i < 12; i++)); do
		printf 'key%03d\n%s\n' $i "$(value $i)" | mdb_load -T "$2/lmdb"
		crash-play --ended $i
	done
	;;
check)
	[ "$3" != 0 ] || exit 0
	mapfile -t found < <(mdb_dump -p "$2/lmdb" | sed -n '/^HEADER=END/,/^DATA=END/s/^ //p')
	count=$((${#found[@]} / 2))
	[ $count = "$3" ] || [ $count = $(($3 + 1)) ] ||
		{ echo "$count values, expected $3"; exit 1; }
	for ((i = 0; i < count; i++)); do
		[ "${found[2 * i]}" = "$(printf 'key%03d' $i)" ] && [ "${found[2 * i + 1]}" = "$(value $i)" ] ||
			{ echo "value $i is another one"; exit 1; }
	done
	;;
esac
