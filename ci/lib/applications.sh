# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For sessions that measure what programs from Debian do on a filesystem. A caller declares
# "counts: yes", and needs the packages of ci/setup bench.

# shellcheck source=ci/lib/programs.sh
. "${BASH_SOURCE[0]%/*}/programs.sh"

# Each has three functions, which get a directory on a new filesystem:
#   setup_NAME  copies what run_NAME works on, and starts a server
#   run_NAME    what is measured; it does the same each time, and stops the server
#   check_NAME  fails if the data is not what run_NAME leaves
# shellcheck disable=SC2034 # for the caller
APPLICATIONS=(sqlite_wal sqlite_mmap postgres lmdb_fill lmdb_read rocksdb redis libpmemobj)

# processes that wake up after so much time, not after so much work
SETTINGS+=(bgwriter_delay=10s wal_writer_delay=10s)
# What programs print. Sockets and logs of servers are in /dev/shm.
SAID=$INPUT/said
TRANSACTIONS=60
REDIS_REQUESTS=1200
LMDB_RECORDS=4000
ROCKSDB_KEYS=6000
OBJECTS=1000

# The guest opens the host's files over 9p, also those in its page cache. While it waits
# for the host, its clock ticks as fast as the emulator can, and that counts. So what
# programs open while they are measured is in memory: see copy_up.
APART=(env -i "PATH=$INPUT/bin:/usr/bin" LC_ALL=C)
# shellcheck disable=SC2016 # for that shell
CALL=(/usr/bin/bash -euo pipefail -O inherit_errexit -c '. "$0"; "$@"' "$INPUT/functions.sh")

# application FUNCTION DIRECTORY: call one of the functions of an application, in a shell
# that an error ends
application() {
	steady "${APART[@]}" "${CALL[@]}" "$@"
}

# count_application NAME DIRECTORY FILE: run it until its data is in the filesystem, and
# write the instructions of each function of the kernel to FILE
count_application() {
	steady "${APART[@]}" dax_counts --counts "$PMEM_SHARE/counts" command --functions "$3" \
		"${CALL[@]}" run_and_sync "$1" "$2"
}

run_and_sync() {
	"run_$1" "$2"
	sync -f "$2"
}

# copy_up: let overlayfs copy what programs open into memory, by a new time stamp
copy_up() {
	local files directory
	mkdir $INPUT/bin
	cp "$(command -v objects)" "$(command -v dax_counts)" $INPUT/bin
	declare -p INPUT SAID POSTGRES SETTINGS TRANSACTIONS REDIS_REQUESTS LMDB_RECORDS \
		ROCKSDB_KEYS OBJECTS > "$INPUT/functions.sh"
	declare -f >> "$INPUT/functions.sh"
	files=(/usr/bin/{bash,cat,db_bench,env,flock,mdb_dump,mdb_load,redis-check-rdb,redis-cli}
		/usr/bin/{setpriv,sqlite3,sync,true} "${POSTGRES[-1]}"/{pgbench,pg_ctl,postgres} "$INPUT"/bin/*)
	mapfile -t -O ${#files[@]} files < <(ldd "${files[@]}" | sed -n 's,.*\s\(/[^ ]*\) (0x.*,\1,p' | sort -u)
	files+=(/lib /lib64 /lib/*/libnss_*.so.2 /usr/lib/*/gconv/gconv-modules.cache
		/etc/{group,ld.so.cache,localtime,nsswitch.conf,passwd})
	# symbolic links, too
	touch -ch "${files[@]}"
	touch -c "${files[@]}"
	# libpmemobj uses libndctl, which has libkmod read all of these
	for directory in /etc/modprobe.d /usr/lib/modprobe.d "/usr/lib/modules/$(uname -r)"; do
		mkdir -p "$INPUT$directory"
		cp -a "$directory/." "$INPUT$directory"
		mount --bind "$INPUT$directory" "$directory"
	done
}

# prepare_applications: make their input, once, in memory
prepare_applications() {
	local name scratch=$INPUT/scratch
	mkdir -p $INPUT
	copy_up
	sqlite_transactions > $INPUT/transactions.sql
	{ cat $INPUT/transactions.sql; echo .dump; } | sqlite3 -bail | grep -vx memory > $INPUT/transactions.dump
	sql_inserts | sqlite3 -bail $INPUT/source.db
	# a step that has no divisor in common with the number of records
	lmdb_records $LMDB_RECORDS 1777 > $INPUT/records
	mkdir $INPUT/lmdb
	mdb_load -f $INPUT/records $INPUT/lmdb
	lmdb_lines < <(lmdb_records $LMDB_RECORDS 1) > $INPUT/lmdb.lines
	redis_input
	prepare_cluster
	start_postgres $INPUT/cluster
	as_postgres "${POSTGRES[-1]}/pgbench" --initialize --quiet postgres > $SAID 2>&1
	stop_postgres $INPUT/cluster

	# the first run of a program fills caches
	for name in "${APPLICATIONS[@]}"; do
		mkdir -m 755 $scratch
		application "setup_$name" $scratch
		application "run_$name" $scratch
		[ "$name" != rocksdb ] || application rocksdb_lines $scratch > $INPUT/rocksdb.lines
		rm -r $scratch
	done
}

# --- SQLite: transactions with a write-ahead log, and reads of mapped memory

sqlite_transactions() {
	awk 'BEGIN {
		print "PRAGMA journal_mode=WAL;"
		print "CREATE TABLE t(a INTEGER PRIMARY KEY, k TEXT, b TEXT);"
		print "CREATE INDEX x ON t(k);"
		for (i = 0; i < 400; i++) {
			print "BEGIN;"
			for (j = 0; j < 4; j++) {
				a = 4 * i + j
				printf "INSERT INTO t VALUES(%d, printf(\"%%08x\", %d), printf(\"%%0200d\", %d));\n", a, a * 7919 % 10007, a
			}
			printf "UPDATE t SET b = printf(\"%%0300d\", %d) WHERE a = %d;\n", i, i * 31 % (4 * i + 4)
			printf "DELETE FROM t WHERE a = %d;\n", i * 17 % (4 * i + 4)
			print "COMMIT;"
		}
	}'
}

setup_sqlite_wal() { :; }

run_sqlite_wal() {
	sqlite3 -bail "$1/db" < $INPUT/transactions.sql > $SAID
}

check_sqlite_wal() {
	sqlite3 "$1/db" 'PRAGMA integrity_check' | diff - <(echo ok)
	sqlite3 "$1/db" .dump | cmp - $INPUT/transactions.dump
}

setup_sqlite_mmap() {
	cp $INPUT/source.db "$1/db"
}

# the table, the index, and each row twice in another order
run_sqlite_mmap() {
	sqlite3 -bail "$1/db" > $SAID <<- 'END'
		PRAGMA mmap_size=268435456;
		SELECT count(*), sum(a), sum(length(b)) FROM t;
		SELECT count(*), sum(a), sum(length(b)) FROM t INDEXED BY x WHERE k >= '';
		WITH RECURSIVE c(i) AS (VALUES(0) UNION ALL SELECT i + 1 FROM c WHERE i < 15999)
		SELECT count(*), sum(t.a), sum(length(b)) FROM c CROSS JOIN t ON t.a = i * 7919 % 8000;
	END
}

check_sqlite_mmap() {
	diff - $SAID <<- 'END'
		268435456
		8000|31996000|12000000
		8000|31996000|12000000
		16000|63992000|24000000
	END
	cmp $INPUT/source.db "$1/db"
}

# --- PostgreSQL: transactions of pgbench, and the checkpoint at the end

setup_postgres() {
	cp -a $INPUT/cluster "$1/cluster"
	start_postgres "$1/cluster"
}

run_postgres() {
	as_postgres "${POSTGRES[-1]}/pgbench" --no-vacuum --client=1 --random-seed=1 \
		--transactions=$TRANSACTIONS postgres > $SAID 2>&1
	stop_postgres "$1/cluster"
}

# each transaction adds the same amount to a row of three tables, and to the history
check_postgres() {
	local said
	start_postgres "$1/cluster"
	said=$(as_postgres psql -At postgres <<- 'END'
		SELECT count(*) FROM pgbench_history;
		SELECT count(*), sum(abalance) = (SELECT sum(delta) FROM pgbench_history),
			(SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history),
			(SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history)
		FROM pgbench_accounts;
	END
	)
	stop_postgres "$1/cluster"
	diff - <(echo "$said") <<- END
		$TRANSACTIONS
		100000|t|t|t
	END
}

# --- LMDB: records in random order, 100 in a transaction, then all of them in order

# lmdb_lines: the records in a dump, without its header, which has the name of the file
lmdb_lines() {
	sed '1,/^HEADER=END$/d'
}

check_lmdb() {
	mdb_dump -p "$1" | lmdb_lines | cmp - $INPUT/lmdb.lines
}

setup_lmdb_fill() { :; }
run_lmdb_fill() { mdb_load -f $INPUT/records "$1"; }
check_lmdb_fill() { check_lmdb "$1"; }

setup_lmdb_read() { cp $INPUT/lmdb/data.mdb "$1/data.mdb"; }
run_lmdb_read() { mdb_dump -p "$1" > /dev/null; }
check_lmdb_read() { check_lmdb "$1"; }

# --- RocksDB: writes in random order, compaction, and reads

setup_rocksdb() { :; }

run_rocksdb() {
	db_bench --db="$1/rocksdb" --benchmarks=filluniquerandom,compact,readrandom,readseq \
		--num=$ROCKSDB_KEYS --seed=1 > $SAID 2>&1
}

rocksdb_lines() {
	ldb --db="$1/rocksdb" scan --hex
}

# the keys and values are those of the same run in memory
check_rocksdb() {
	wc -l < $INPUT/rocksdb.lines | diff - <(echo $ROCKSDB_KEYS)
	ldb --db="$1/rocksdb" checkconsistency
	rocksdb_lines "$1" | cmp - $INPUT/rocksdb.lines
}

# --- Redis: one request after the other, each synced to the append-only file

# redis_input: requests that set each key twice, and the values that remain
redis_input() {
	awk -v requests=$REDIS_REQUESTS -v directory=$INPUT 'BEGIN {
		for (i = 0; i < requests; i++)
			printf "SET key:%d %0100d\n", i * 7919 % (requests / 2), i > (directory "/redis.set")
		for (i = requests / 2; i < requests; i++) {
			printf "GET key:%d\n", i * 7919 % (requests / 2) > (directory "/redis.get")
			printf "%0100d\n", i > (directory "/redis.values")
		}
	}'
}

redis() {
	redis-cli -s /dev/shm/redis.sock "$@"
}

# start_redis DIRECTORY: the server, which keeps a lock while it runs. activerehashing
# would move as many keys to a larger hash table as the time allows.
start_redis() {
	local tries
	(
		exec 9> /dev/shm/redis.lock
		flock 9
		exec -a redis-server redis-check-rdb --dir "$1" --port 0 \
			--unixsocket /dev/shm/redis.sock --logfile /dev/shm/redis.log \
			--daemonize yes --save '' --appendonly yes --appendfsync always \
			--activerehashing no
	)
	for ((tries = 0; tries < 100; tries++)); do
		[ "$(redis ping 2>&1)" != PONG ] || return 0
		sleep 0.05
	done
	tail -n 1 /dev/shm/redis.log
	return 1
}

stop_redis() {
	redis shutdown
	flock /dev/shm/redis.lock true
}

setup_redis() { start_redis "$1"; }

run_redis() {
	redis < $INPUT/redis.set > $SAID
	stop_redis
}

# a new server reads the file
check_redis() {
	start_redis "$1"
	redis dbsize > $SAID
	redis < $INPUT/redis.get >> $SAID
	stop_redis
	{ echo $((REDIS_REQUESTS / 2)); cat $INPUT/redis.values; } | cmp - $SAID
}

# --- libpmemobj: a hash map. It flushes the CPU cache where the kernel has MAP_SYNC, which
# is with DAX, and calls msync() elsewhere.

setup_libpmemobj() { :; }

run_libpmemobj() {
	objects --keys $OBJECTS fill "$1/pool"
	objects --keys $OBJECTS verify "$1/pool"
}

check_libpmemobj() {
	objects --keys $OBJECTS verify "$1/pool"
}
