#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# play DIR - insert rows into two databases of SQLite, with a WAL and with a rollback journal
# check DIR N - fail unless both have N rows, and at most one more
set -euo pipefail

# FULL does not sync the directory after it has removed the rollback journal, which ends a
# transaction; EXTRA does
insert() { sqlite3 "$1" "PRAGMA synchronous = EXTRA; INSERT INTO rows VALUES ($2, printf('%0*d', 1500 + $2, $2))"; }
case $1 in
play)
	for mode in wal delete; do
		sqlite3 "$2/$mode" "PRAGMA journal_mode = $mode; PRAGMA synchronous = EXTRA; CREATE TABLE rows (id INTEGER PRIMARY KEY, data TEXT)" > /dev/null
	done
	crash-play --ended 0
	for ((i = 1; i <= 5; i++)); do
		insert "$2/wal" $i
		insert "$2/delete" $i
		crash-play --ended $i
	done
	;;
check)
	# before the first mark, there may be no table
	[ "$3" != 0 ] || exit 0
	rows=$(($3 - 1))
	for mode in wal delete; do
		found=$(sqlite3 "$2/$mode" "PRAGMA integrity_check; SELECT count(*), max(id), count(*) FILTER (WHERE data = printf('%0*d', 1500 + id, id)) FROM rows")
		case ${found//$'\n'/ } in
		"ok $rows|${rows/#0/}|$rows" | "ok $((rows + 1))|$((rows + 1))|$((rows + 1))") ;;
		*) echo "$mode: $found, expected $rows rows"; exit 1 ;;
		esac
	done
	;;
esac
