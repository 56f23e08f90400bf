#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs lose no byte while the blocks of their files are moved again and again: SQLite
# with a WAL, LMDB, and stores through a mapping with MAP_SYNC.
#
# With SECONDS, the 99th percentiles of their latencies are printed: without moves, and while
# 4 MiB per second are moved. Half of the time is for each.
#
# memory: 6G
# cmdline: memmap=2G$4G
# module: pmem start=4 size=2 count=1
# tools: yes
# timeout: 300 2400
# soak: 600
# debug: no
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
seconds=${1:-20}
[ -z "${1:-}" ] || seconds=$((seconds / 2))
mkdir -p /mnt/mem
mkfs.ext4 -q -F -E nodiscard /dev/pmem0 1G
mount -o dax /dev/pmem0 /mnt/mem
mkdir /mnt/mem/lmdb

cat > /run/sqlite.py <<- 'END'
	import hashlib, os, random, sqlite3, sys, time
	end, rounds, took = time.time() + int(sys.argv[1]), 0, []
	base = sqlite3.connect("/mnt/mem/db", isolation_level=None)
	for line in ("PRAGMA journal_mode=WAL", "PRAGMA mmap_size=268435456",
	             "CREATE TABLE IF NOT EXISTS rows (data BLOB, sum TEXT)"):
	    base.execute(line)
	while time.time() < end:
	    began = time.perf_counter()
	    base.execute("BEGIN")
	    for _ in range(20):
	        data = os.urandom(random.randrange(1, 9000))
	        base.execute("INSERT INTO rows VALUES (?, ?)", (data, hashlib.md5(data).hexdigest()))
	    base.execute("DELETE FROM rows WHERE rowid IN (SELECT rowid FROM rows ORDER BY random() "
	                 "LIMIT max(0, (SELECT count(*) FROM rows) - 2000))")
	    base.execute("COMMIT")
	    took.append(time.perf_counter() - began)
	    for data, sum in base.execute("SELECT data, sum FROM rows ORDER BY random() LIMIT 100"):
	        if hashlib.md5(data).hexdigest() != sum:
	            sys.exit("a row has other bytes")
	    rounds += 1
	for data, sum in base.execute("SELECT data, sum FROM rows"):
	    if hashlib.md5(data).hexdigest() != sum:
	        sys.exit("a row has other bytes")
	print(f"{rounds} transactions, 99 % within {sorted(took)[len(took) * 99 // 100] * 1000:.1f} ms")
	sys.exit(base.execute("PRAGMA integrity_check").fetchone()[0] != "ok")
END
cat > /run/stores.py <<- 'END'
	import mmap, os, sys, time
	end, rounds, took, SIZE = time.time() + int(sys.argv[1]), 0, [], 8 << 20
	file = os.open("/mnt/mem/stores", os.O_RDWR | os.O_CREAT)
	os.posix_fallocate(file, 0, SIZE)
	# MAP_SHARED_VALIDATE, MAP_SYNC
	memory = mmap.mmap(file, SIZE, flags=0x3 | 0x80000, prot=mmap.PROT_READ | mmap.PROT_WRITE)
	first = rounds = int.from_bytes(memory[:8], "little")
	while time.time() < end:
	    for at in range(0, SIZE, 4096):
	        began = time.perf_counter()
	        if int.from_bytes(memory[at:at + 8], "little") != rounds:
	            sys.exit(f"a store to byte {at} is lost")
	        memory[at:at + 8] = (rounds + 1).to_bytes(8, "little")
	        if at % 17 == 0:
	            took.append(time.perf_counter() - began)
	    rounds += 1
	if any(int.from_bytes(memory[at:at + 8], "little") != rounds for at in range(0, SIZE, 4096)):
	    sys.exit("a store is lost")
	print(f"{rounds - first} rounds of stores, 99 % of the stores within "
	      f"{sorted(took)[len(took) * 99 // 100] * 1000000:.0f} us")
END
lmdb() {
	local end=$((SECONDS + seconds)) round=0
	while [ $SECONDS -lt $end ]; do
		round=$((round + 1))
		awk -v round=$round 'BEGIN { for (i = 0; i < 1000; i++)
			printf "key%06d\nvalue %d of round %d, %0200d\n", i, i, round, i }' > /run/records
		mdb_load -T -f /run/records /mnt/mem/lmdb
		mdb_dump -p /mnt/mem/lmdb | sed -n '/^HEADER=END/,/^DATA=END/s/^ //p' > /run/dumped
		cmp /run/records /run/dumped || return
	done
	echo "$round loads"
}

declare -A pids
work() { "${@:2}" > "/run/said.$1" 2>&1 & pids[$1]=$!; }
ended() {
	local status=0
	wait "${pids[$1]}" || status=$?
	sed "s/^/# $1: /" "/run/said.$1"
	echo $status > "/run/status.$1"
}
well() { [ "$(cat "/run/status.$1")" = 0 ] || { cat "/run/said.$1"; return 1; }; }
# use WHEN: by all programs
use() {
	local name
	work sqlite python3 /run/sqlite.py "$seconds"
	work stores python3 /run/stores.py "$seconds"
	work lmdb lmdb
	for name in sqlite stores lmdb; do
		ended $name
	done
	report "$1: SQLite has all rows" well sqlite
	report "$1: no store through a mapping is lost" well stores
	report "$1: LMDB has all records" well lmdb
}
rate=()
if [ -n "${1:-}" ]; then
	use 'without moves'
	rate=($((4 << 20)))
fi
work move python3 "${0%/cases/*}/lib/move.py" "$seconds" /mnt/mem "${rate[@]}"
use 'while blocks are moved'
ended move
report 'the files are moved all the time' well move
umount /mnt/mem
report 'e2fsck finds no error' e2fsck -fn /dev/pmem0
end_tests
