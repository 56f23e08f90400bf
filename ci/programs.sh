# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For what looks at where ext4 puts the files of real programs. Who calls
# measure_programs declares "tools: yes" and has ci/setup bench's packages.

# an error in $(...) ends the script too
shopt -s inherit_errexit

# A function program_NAME each. It works in the directory that it is given, and
# prints which file to measure; nothing where the kernel has no loop devices.
PROGRAMS=(cp tar sqlite sqlite_vacuum lmdb loop postgres)

INPUT=/run/programs
POSTGRES=(/usr/lib/postgresql/*/bin)
# for each of that the table has 13 MiB
PGBENCH_SCALE=4
# no log for tables that are filled in the transaction that made them
SETTINGS=(listen_addresses= autovacuum=off wal_level=minimal max_wal_senders=0)

# sql_inserts: the table t of 8000 rows, 1000 a transaction, and an index that
# holds all of it too; 50 MiB
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

# lmdb_records: what mdb_load takes, 12000 records in order of their keys, two of
# which fill a page of 4 KiB
lmdb_records() {
	awk -v mapsize=$((256 << 20)) 'BEGIN {
		printf "VERSION=3\nformat=print\ntype=btree\nmapsize=%d\nHEADER=END\n", mapsize
		value = sprintf("%1500s", "")
		gsub(/ /, "v", value)
		for (i = 0; i < 12000; i++)
			printf " key%08d\n %s\n", i, value
		print "DATA=END"
	}'
}

# steady COMMAND...: run it on one CPU, as a process whose number is a multiple of
# 16. On DAX, where ext4 looks for blocks depends on both.
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

# prepare_programs: what they read, once, in memory
prepare_programs() {
	[ -x "${POSTGRES[-1]}/initdb" ] ||
		{ echo 'there is no PostgreSQL; run ci/setup bench'; return 1; }
	mkdir -p $INPUT
	head -c 64M /dev/zero > $INPUT/file
	tar -C $INPUT -cf $INPUT/archive.tar file
	sql_inserts > $INPUT/inserts.sql
	sqlite3 $INPUT/source.db < $INPUT/inserts.sql
	lmdb_records > $INPUT/records
	install -d -o postgres -m 700 $INPUT/cluster
	as_postgres "${POSTGRES[-1]}/initdb" -D $INPUT/cluster --no-sync --locale=C \
		--encoding=UTF8 --auth=trust > $INPUT/initdb.log
}

program_cp() {
	steady cp $INPUT/file "$1/file"
	echo "$1/file"
}

program_tar() {
	steady tar -C "$1" -xf $INPUT/archive.tar
	echo "$1/file"
}

# the database is closed, and with it the log, before it is measured
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

# a file with a filesystem of its own, to which a file is copied
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

# a copy of a new cluster, because initdb takes long in an emulated machine, and the
# largest table, without its index and vacuum, which leave that as it is
program_postgres() {
	local bin=${POSTGRES[-1]}
	cp -a $INPUT/cluster "$1/cluster"
	as_postgres "$bin/pg_ctl" -D "$1/cluster" -l /dev/shm/postgres.log -w \
		-o "-k /dev/shm ${SETTINGS[*]/#/-c }" start > /dev/null
	as_postgres "$bin/pgbench" --initialize --init-steps=dtg --quiet \
		--scale=$PGBENCH_SCALE postgres > /dev/null 2>&1
	as_postgres "$bin/pg_ctl" -D "$1/cluster" -m fast -w stop > /dev/null
	find "$1/cluster/base" -type f -printf '%s %p\n' | sort -n | sed -n '$s/[0-9]* //p'
}

# measure_programs OPTION...: each runs in a new directory of /mnt/mem, which is
# removed again, and placement measures its file with these options
measure_programs() {
	local name file
	[ -d $INPUT ] || prepare_programs
	for name in "${PROGRAMS[@]}"; do
		# PostgreSQL's user has to get there
		mkdir -m 755 "/mnt/mem/$name"
		file=$("program_$name" "/mnt/mem/$name")
		if [ -n "$file" ]; then
			placement --measure "$file" --name "$name" "$@"
		else
			echo "$name: skipped, for this kernel has no loop devices"
		fi
		rm -r "/mnt/mem/${name:?}"
		sync -f /mnt/mem
	done
}
