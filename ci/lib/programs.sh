# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For cases and sessions that measure the files of real programs. A caller of
# measure_programs declares "tools: yes", and needs the packages of ci/setup bench.

# an error in $(...) ends the script too
shopt -s inherit_errexit

# Each has a function program_NAME DIRECTORY, which works in the directory and prints the
# file to measure; nothing if the kernel has no loop devices.
PROGRAMS=(cp tar sqlite sqlite_vacuum lmdb loop postgres)

INPUT=/run/programs
POSTGRES=(/usr/lib/postgresql/*/bin)
# 13 MiB of table for each
PGBENCH_SCALE=4
# no WAL for tables that are filled in the transaction that created them
SETTINGS=(listen_addresses= autovacuum=off wal_level=minimal max_wal_senders=0)

# sql_inserts: the table t with 8000 rows, 1000 per transaction, and an index that holds
# all of them too; 50 MiB
sql_inserts() {
	local first
	echo 'CREATE TABLE t(a INTEGER PRIMARY KEY, k TEXT, b BLOB);'
	for ((first = 0; first < 8000; first += 1000)); do
		printf '%s\n' 'BEGIN;' \
			"WITH RECURSIVE c(i) AS (VALUES($first) UNION ALL SELECT i + 1 FROM c WHERE i < $first + 999)" \
			"INSERT INTO t SELECT i, printf('%08x', i * 2654435761 & 0xffffffff), zeroblob(1500) FROM c;" \
			'COMMIT;'
	done
	echo 'CREATE INDEX x ON t(k, b);'
}

# lmdb_records RECORDS STEP: records of 1500 bytes for mdb_load; two fill a page of 4 KiB.
# They are sorted by key if STEP is 1; else STEP and RECORDS have no common divisor.
lmdb_records() {
	awk -v mapsize=$((256 << 20)) -v records="$1" -v step="$2" 'BEGIN {
		printf "VERSION=3\nformat=print\ntype=btree\nmapsize=%d\nHEADER=END\n", mapsize
		value = sprintf("%1492s", "")
		gsub(/ /, "v", value)
		for (i = 0; i < records; i++) {
			key = i * step % records
			printf " key%08d\n %08d%s\n", key, key, value
		}
		print "DATA=END"
	}'
}

# steady COMMAND...: run it on one CPU, with a process ID that is a multiple of 16. With
# DAX, both decide where ext4 searches for blocks first.
steady() {
	local status=250
	while [ $status = 250 ]; do
		status=0
		([ $((BASHPID % 16)) = 0 ] || exit 250; exec taskset -c 0 "$@") || status=$?
	done
	return $status
}

as_postgres() {
	setpriv --reuid=postgres --regid=postgres --init-groups \
		env HOME=/run PGHOST=/dev/shm "$@"
}

# prepare_cluster: a new cluster of PostgreSQL in memory, once, because initdb is slow in
# an emulated machine
prepare_cluster() {
	[ -x "${POSTGRES[-1]}/initdb" ] ||
		{ echo 'PostgreSQL is not installed; run ci/setup bench'; return 1; }
	install -d -o postgres -m 700 $INPUT/cluster
	as_postgres "${POSTGRES[-1]}/initdb" -D $INPUT/cluster --no-sync --locale=C \
		--encoding=UTF8 --auth=trust > $INPUT/initdb.log
}

# start_postgres CLUSTER
start_postgres() {
	as_postgres "${POSTGRES[-1]}/pg_ctl" -D "$1" -l /dev/shm/postgres.log -w \
		-o "-k /dev/shm ${SETTINGS[*]/#/-c }" start > /dev/null
}

# stop_postgres CLUSTER: with a checkpoint
stop_postgres() {
	as_postgres "${POSTGRES[-1]}/pg_ctl" -D "$1" -m fast -w stop > /dev/null
}

# prepare_programs: make their input, once, in memory
prepare_programs() {
	mkdir -p $INPUT
	head -c 64M /dev/zero > $INPUT/file
	tar -C $INPUT -cf $INPUT/archive.tar file
	sql_inserts > $INPUT/inserts.sql
	sqlite3 $INPUT/source.db < $INPUT/inserts.sql
	lmdb_records 12000 1 > $INPUT/records
	prepare_cluster
}

program_cp() {
	steady cp $INPUT/file "$1/file"
	echo "$1/file"
}

program_tar() {
	steady tar -C "$1" -xf $INPUT/archive.tar
	echo "$1/file"
}

# the database is closed, and its log merged, before it is measured
program_sqlite() {
	steady sqlite3 -cmd 'PRAGMA journal_mode=WAL' "$1/db" < $INPUT/inserts.sql > /dev/null
	echo "$1/db"
}

program_sqlite_vacuum() {
	steady sqlite3 $INPUT/source.db "VACUUM INTO '$1/db'"
	echo "$1/db"
}

program_lmdb() {
	steady mdb_load -f $INPUT/records "$1"
	echo "$1/data.mdb"
}

# a loop device with a filesystem, and a file copied to that
program_loop() {
	modprobe -q loop || true
	[ -e /dev/loop-control ] || return 0
	truncate -s 96M "$1/image"
	mkfs.ext4 -q -F "$1/image"
	mkdir "$1/mounted"
	mount -o loop "$1/image" "$1/mounted"
	cp $INPUT/file "$1/mounted/file"
	umount "$1/mounted"
	echo "$1/image"
}

# the largest table of pgbench in a copy of a new cluster; without index and vacuum, which
# do not change the table
program_postgres() {
	cp -a $INPUT/cluster "$1/cluster"
	start_postgres "$1/cluster"
	as_postgres "${POSTGRES[-1]}/pgbench" --initialize --init-steps=dtg --quiet \
		--scale=$PGBENCH_SCALE postgres > /dev/null 2>&1
	stop_postgres "$1/cluster"
	find "$1/cluster/base" -type f -printf '%s %p\n' | sort -n | sed -n '$s/[0-9]* //p'
}

# measure_programs OPTION...: run each program in a new directory of /mnt/mem, measure
# its file with these options of placement, and remove the directory
measure_programs() {
	local name file
	[ -d $INPUT ] || prepare_programs
	for name in "${PROGRAMS[@]}"; do
		# the user postgres needs access
		mkdir -m 755 "/mnt/mem/$name"
		file=$("program_$name" "/mnt/mem/$name")
		if [ -n "$file" ]; then
			placement --measure "$file" --name "$name" "$@"
		else
			echo "$name: skipped, this kernel has no loop devices"
		fi
		rm -r "/mnt/mem/${name:?}"
		sync -f /mnt/mem
	done
}
