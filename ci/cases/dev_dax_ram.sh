#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# daxctl gives the memory of a device to the kernel as RAM, and takes it back from a program
# that uses it. Meanwhile the driver cannot be unloaded. It also divides a device in two.
#
# allows: pmem: .*
# allows: kmem .*
# allows: removing memory fails, because memory .*
# memory: 10G
# cmdline: memmap=5G$4G
# module: device_dax
# module: kmem
# module: pmem ranges=3G@4G:dax,2G@7G:dax
# timeout: 180
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
bus=/sys/bus/dax/devices

devices() { find $bus -mindepth 1 -printf '%f\n' | sort | paste -sd' '; }
devices_are() { [ "$(devices)" = "$1" ] || { devices; return 1; }; }
mode_is() { daxctl list -d "$1" | grep "\"mode\":\"$2\"" || { daxctl list; return 1; }; }
mem_total() { awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo; }
# movable: MiB in use in the zone of memory that can be taken away
movable() {
	awk '/^Node/ { wanted = /Movable/ } wanted && $1 == "pages" { free = $3 }
		wanted && $1 == "managed" { print int(($2 - free) / 256) }' /proc/zoneinfo
}

listed() { daxctl list -D | grep -c '"size":\(3221225472\|2147483648\)' | grep -x 2; }
report 'daxctl lists the devices' listed
report 'as devices to map' mode_is dax0.0 devdax

before=$(mem_total)
report 'daxctl gives one to the kernel' daxctl reconfigure-device --mode=system-ram dax0.0
report 'it is RAM' mode_is dax0.0 system-ram
# some of it is page structs
grown() { [ $(($(mem_total) - before)) -ge 2900 ] || { echo "$(mem_total) after $before"; return 1; }; }
report 'the machine has 3 GiB more' grown
in_use() { ! rmmod pmem 2> /run/said && grep 'in use' /run/said; }
report 'the driver cannot be unloaded' in_use
kept() {
	! echo dax0.0 2> /run/said > /sys/devices/pmem/remove && grep -q busy /run/said &&
		dmesg --kernel | tail -n 1 | grep 'remove: dax0.0 belongs to the driver kmem; give it back with daxctl'
}
report 'the device cannot be removed' kept

# 1 GiB that knows its own contents, and is written all the time
rm -f /run/loaded
python3 - <<- 'END' &
	import os, sys, time
	size, page = 1 << 30, 4096
	memory = bytearray(size)
	for at in range(0, size, page):
	    memory[at:at + 8] = at.to_bytes(8, "little")
	open("/run/loaded", "w").close()
	while not os.path.exists("/run/stop"):
	    for at in range(0, size, page * 64):
	        memory[at + 8] = memory[at + 8] + 1 & 255
	for at in range(0, size, page):
	    if memory[at:at + 8] != at.to_bytes(8, "little"):
	        sys.exit(f"wrong bytes at {at}")
END
load=$!
until [ -e /run/loaded ]; do sleep 0.1; done
used() { [ "$(movable)" -ge 900 ] || { movable; return 1; }; }
report 'a program uses it' used
report 'daxctl takes it back meanwhile' daxctl reconfigure-device --force --mode=devdax dax0.0
report 'it is a device again' mode_is dax0.0 devdax
given_back() { [ "$(mem_total)" = "$before" ] || { echo "$(mem_total) after $before"; return 1; }; }
report 'the machine has as much memory as before' given_back
touch /run/stop
status=0
wait $load || status=$?
report 'the program has lost nothing' [ $status = 0 ]
PMEM_TEST_DEV_DAX=/dev/dax0.0
export PMEM_TEST_DEV_DAX
selftests dev_dax

report 'offline memory is taken back too' daxctl reconfigure-device --no-online --mode=system-ram dax1.0
report 'and onlined by hand' daxctl online-memory dax1.0
report 'and offlined' daxctl offline-memory dax1.0
report 'and given back' daxctl reconfigure-device --mode=devdax dax1.0

divide() {
	daxctl disable-device dax1.0 && daxctl reconfigure-device --size=1G dax1.0 &&
		daxctl enable-device dax1.0 && daxctl create-device --region=1 --size=1G
}
report 'daxctl divides a device' divide
report 'both halves are there' devices_are 'dax0.0 dax1.0 dax1.1'
mapped() {
	python3 -c 'import mmap, os, sys
memory = mmap.mmap(os.open("/dev/" + sys.argv[1], os.O_RDWR), 1 << 30)
memory[5] = 1' "$1"
}
report 'the first can be mapped' mapped dax1.0
report 'so can the second' mapped dax1.1
give_back() { daxctl disable-device dax1.1 && daxctl destroy-device --region=1 dax1.1; }
report 'the second is given back' give_back
report 'its part is free' [ "$(cat /sys/devices/platform/pmem_dax.1/dax_region/available_size)" = $((1 << 30)) ]
add_range() { ! echo 200000000-23fffffff 2> /run/said > $bus/dax1.0/mapping && grep "$1" /run/said; }
report 'no range can be added to a device while its driver is bound' add_range busy
report 'and can be used again' daxctl create-device --region=1 --size=1G
part() {
	! echo dax1.1 2> /run/said > /sys/devices/pmem/remove && grep -q 'No such device' /run/said &&
		dmesg --kernel | tail -n 1 | grep 'remove: dax1.1: no such device; write .* dax<id>.0 for a region'
}
report 'a part alone is not removed' part
remove() { echo "$1" > /sys/devices/pmem/remove; }
report 'the driver removes both' remove dax1.0
report 'the other device stays' devices_are dax0.0
report 'that is removed' remove dax0.0
report 'the driver unloads' rmmod pmem
all_free() { ! grep -e 'dax[0-9]' -e pmem /proc/iomem; }
report 'and leaves nothing' all_free

# what cannot be given back any more
modprobe pmem ranges=2G@4G:dax
lost() {
	daxctl reconfigure-device --mode=system-ram dax0.0 &&
		echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind && [ "$(mem_total)" -gt "$before" ]
}
report 'memory that is online stays RAM when its driver is unbound' lost
stays() {
	! remove dax0.0 2> /run/said && grep -q busy /run/said &&
		dmesg --kernel | tail -n 1 | grep 'remove: dax0.0 stays RAM until the next boot'
}
report 'the device cannot be removed after that' stays
report 'and the driver cannot be unloaded' in_use
end_tests
