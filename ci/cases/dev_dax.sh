#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Device DAX: memory becomes a character device that programs map in 1 GiB pages and may
# pin, or RAM for the kernel; it is not taken away from anybody who uses it, and keeps
# its contents.
#
# allows: pmem: .*
# allows: dax_kmem .*
# allows: Memory failure: .*
# allows: MCE: Killing .*
# allows: .*: dev_dax: .*
# allows: device_dax dax.*: .*
# memory: 10G
# cmdline: memmap=4G$4G memmap=1G$8704M
# module: device_dax
# timeout: 180
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck source=ci/lib/measure.sh
. "${0%/cases/*}/lib/measure.sh"
# shellcheck source=ci/lib/hold.sh
. "${0%/cases/*}/lib/hold.sh"
control=/sys/devices/pmem
bus=/sys/bus/dax/devices

devices() { find $bus -mindepth 1 -printf '%f\n' | sort | paste -sd' '; }
devices_are() { [ "$(devices)" = "$1" ] || { devices; return 1; }; }
write() { echo "$2" > $control/"$1"; }
# refused FILE TEXT ERRNO MESSAGE: writing TEXT fails, and the last error in the log is MESSAGE
refused() {
	! echo "$2" > $control/"$1" 2> /run/said && grep -q "$3" /run/said &&
		dmesg --kernel --level=err | tail -n 1 | grep -F "pmem: $4" ||
		{ cat /run/said; dmesg --kernel | tail -n 5; return 1; }
}
# store DEVICE TEXT, holds DEVICE TEXT: the start and the end of a device
at_both_ends() {
	python3 - "$@" <<- 'END'
		import mmap, os, sys
		what, name, text = sys.argv[1], sys.argv[2], sys.argv[3].encode()
		size = int(open(f"/sys/bus/dax/devices/{name}/size").read())
		file = os.open(f"/dev/{name}", os.O_RDWR)
		memory = mmap.mmap(file, size)
		for at in 0, size - len(text):
		    if what == "store":
		        memory[at:at + len(text)] = text
		    elif memory[at:at + len(text)] != text:
		        sys.exit(f"{memory[at:at + len(text)]} at {at}")
	END
}
store() { at_both_ends store "$@"; }
holds() { at_both_ends holds "$@"; }

# hold_device DEVICE map|pin: the first page of the device
hold_device() { hold "/dev/$1" "$(cat "$bus/$1/align")" "$2"; }

report 'disks and device DAX load together' modprobe pmem ranges=4G@4G:dax,512M@8704M,512M@9216M:dax
report 'they share the numbers' devices_are 'dax0.0 dax2.0'
disk() { [ -b /dev/pmem1 ] && [ ! -e /dev/pmem0 ] && [ ! -e /dev/pmem2 ]; }
report 'a disk is between them' disk
attribute() { [ "$(cat "$bus/$1/$2")" = "$3" ] || { cat "$bus/$1/$2"; return 1; }; }
report 'a range of whole GiB has 1 GiB pages' attribute dax0.0 align $((1 << 30))
report 'another one has 2 MiB pages' attribute dax2.0 align $((2 << 20))
report 'the size is that of the range' attribute dax0.0 size $((4 << 30))
report 'the node is that of the memory' attribute dax0.0 target_node 0
claims() { [ "$(grep -c 'dax[02]\.0$' /proc/iomem)" = 4 ] || { cat /proc/iomem; return 1; }; }
report 'the driver and the bus have entries in /proc/iomem' claims

export PMEM_TEST_DEV_DAX=/dev/dax0.0
selftests dev_dax dev_dax_pins
PMEM_TEST_DEV_DAX=/dev/dax2.0
selftests dev_dax dev_dax_pins

report 'its memory is not given to a disk' refused add 1G@5G busy '[mem 0x140000000-0x17fffffff]: in use'
store dax0.0 'what was stored'
report 'ranges=auto leaves it' refused add auto 'No such device' 'ranges=auto: no reserved RAM is free'
hold_device dax0.0 map
report 'a mapped device is not removed' refused remove dax0.0 busy 'remove: dax0.0 is mapped'
release
hold_device dax0.0 pin
still_pinned() {
	! write remove dax0.0 2> /dev/null &&
		dmesg --kernel | tail -n 1 | grep 'pmem: dax0.0: .* still uses the page at 0x100000000'
}
report 'a device with a pinned page is not removed' still_pinned
release
store dax0.0 'what was stored'
report 'after that it can be mapped' holds dax0.0 'what was stored'
echo freezer > /sys/power/pm_test
hibernates() { echo disk > /sys/power/state; }
not_hibernated() { ! hibernates 2> /dev/null && dmesg --kernel | grep 'pmem: dax.*: hibernation is refused'; }
report 'hibernation is refused' not_hibernated
hold_device dax0.0 pin
rebind() { echo dax0.0 > /sys/bus/dax/drivers/device_dax/"$1"; }
rebind unbind &
unbinder=$!
# waits PAGE: the log says so, and unbinding goes on
waits() {
	for _ in {1..50}; do
		! dmesg --kernel | grep "device_dax dax0.0: waiting for whoever has the page at 0x0*$1" || break
		sleep 0.1
	done
	sleep 1
	[ -e /proc/$unbinder ]
}
report 'unbinding its driver waits for the pinned page, and says so' waits 100000000
report 'meanwhile the device is not removed' refused remove dax0.0 busy 'remove: dax0.0: a driver is just being bound or unbound'
release
unbound() {
	for _ in {1..50}; do
		[ -e /proc/$unbinder ] || return 0
		sleep 0.1
	done
	return 1
}
report 'unbinding ends when the page is released' unbound
report 'the driver can be bound again' rebind bind
report 'a device that nobody uses is removed' write remove dax0.0
report 'the others stay' devices_are dax2.0
free() { ! grep 'dax0\.0' /proc/iomem; }
report 'its memory is free' free
report 'it is added again, with the same number' write add 4G@4G:dax
report 'its contents are the same' holds dax0.0 'what was stored'
in_use() { ! rmmod pmem 2> /run/said && grep 'in use' /run/said; }
report 'the driver cannot be unloaded while there is a device' in_use
# unload: the driver, after all device DAX
unload() {
	local device
	for device in "$bus"/dax*.0; do
		write remove "${device##*/}" || return
	done
	rmmod pmem
}
report 'without one it unloads' unload
all_free() { ! grep -e 'dax[0-9]' -e pmem /proc/iomem && devices_are ''; }
report 'and leaves nothing' all_free

modprobe pmem ranges=auto:dax
report 'ranges=auto:dax takes all' devices_are 'dax0.0 dax1.0'
report 'contents survive a reload' holds dax0.0 'what was stored'

# removals while another program divides the device. Without its driver it can be.
region=/sys/devices/platform/pmem_dax.0/dax_region
divide() {
	while :; do
		{
			echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind
			echo 0 > $bus/dax0.0/size
			echo 1 > $region/create
			echo $((128 << 20)) > $bus/dax0.1/size
			cat $bus/dax0.1/mapping*/start
			echo dax0.1 > $region/delete
			echo 0 > $bus/dax0.1/size
		} > /dev/null 2>&1 || true
	done
}
divided() {
	local i removed=0 divider
	divide &
	divider=$!
	for ((i = 0; i < 30; i++)); do
		! write remove dax0.0 2> /dev/null || removed=$((removed + 1))
		write add 4G@4G:dax || true
		sleep 0.02
	done 2> /dev/null
	kill $divider
	wait $divider 2> /dev/null || true
	echo "$removed removals"
	write remove dax0.0
	write add 4G@4G:dax
	[ $removed -gt 10 ] && devices_are 'dax0.0 dax1.0'
}
report 'a program may divide the device while it is removed and added' divided

# refused removals while a program opens and maps the device
hold_device dax0.0 pin
opens() {
	local i
	python3 - <<- 'END' &
		import mmap, os, time
		end, mapped = time.time() + 10, 0
		while time.time() < end:
		    try:
		        file = os.open("/dev/dax0.0", os.O_RDWR)
		    except OSError:
		        continue
		    try:
		        memory = mmap.mmap(file, 1 << 30)
		        memory.close()
		        mapped += 1
		    except OSError:
		        pass
		    os.close(file)
		print(mapped, "mappings", flush=True)
	END
	for ((i = 0; i < 1000; i++)); do
		! write remove dax0.0 2> /dev/null && [ -e /proc/$! ] || break
	done
	wait $! && [ -e /dev/dax0.0 ]
}
report 'a program may open the device while removals are refused' opens
release
unload

modprobe pmem ranges=512M@8704M:dax map=dev,format
report 'with map=dev it begins after the struct pages' attribute dax0.0 size $((502 << 20))
store dax0.0 'what was stored'
rebound() { rebind unbind && rebind bind && holds dax0.0 'what was stored'; }
report 'its driver can be unbound and bound' rebound
export PMEM_TEST_DEV_DAX=/dev/dax0.0
selftests dev_dax dev_dax_pins
store dax0.0 'what was stored'
unload
modprobe pmem ranges=512M@8704M:dax map=dev
report 'its contents survive a reload' holds dax0.0 'what was stored'
unload
smaller() { ! modprobe pmem ranges=256M@8704M:dax map=dev 2> /dev/null && dmesg --kernel | tail -n 1 | grep 'holds a map=dev device of 512 MiB'; }
report 'a device of another size is refused' smaller

modprobe pmem ranges=512M@8704M:dax
export PMEM_TEST_DEV_DAX=/dev/dax0.0
selftests dev_dax_poison
disk_after() {
	unload && modprobe pmem ranges=512M@8704M &&
		dd if=/dev/zero of=/dev/pmem0 bs=1M count=16 oflag=direct status=none &&
		dd if=/dev/pmem0 bs=1M count=16 iflag=direct status=none | cmp -n $((16 << 20)) - /dev/zero
}
report 'after poison, a disk can use the memory' disk_after
rmmod pmem

# what stays pinned when the wait for it is killed
modprobe pmem ranges=512M@8704M:dax,512M@9216M:dax
hold_device dax0.0 pin
rebind unbind &
unbinder=$!
report 'unbinding waits again' waits 220000000
kill -9 $unbinder
report 'unbinding can be killed' unbound
said() { dmesg --kernel | grep 'device_dax dax0.0: stays claimed until the next boot'; }
report 'the log says what is left' said
bound_again() { ! rebind bind 2> /run/said && grep -q 'busy' /run/said; }
report 'the driver cannot be bound again' bound_again
report 'the device is not removed' refused remove dax0.0 busy \
	'dax0.0: [mem 0x220000000-0x23fffffff] stays claimed until the next boot'
report 'its memory cannot be taken' refused add 512M@8704M busy '[mem 0x220000000-0x23fffffff]: in use'
report 'another device can be removed' write remove dax1.0
release
end_tests
