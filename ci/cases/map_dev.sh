#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# map=dev overwrites only zeroes and its own info block and struct pages, unless it is
# told to format. A device keeps its UUID.
#
# allows: pmem: .*: map=dev would overwrite data at .*
# allows: pmem: .*: holds a map=dev device of .*
# allows: pmem: .* holds the info block of a map=dev device of .*
# memory: 9G
# cpus: 1
# cmdline: memmap=1G$4G
# timeout: 240
# bases: all
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"

range=1G@4G
HEAD=$((18 << 20))	# info block and struct pages of 1 GiB
at=0x100000000

# head: the checksum of what map=dev would write to
head_sum() {
	modprobe pmem ranges=$range && dd if=/dev/pmem0 bs=$HEAD count=1 status=none | sha256sum &&
		rmmod pmem
}

# put OFFSET BYTES: printf BYTES to an offset of the range
put() {
	modprobe pmem ranges=$range
	# shellcheck disable=SC2059 # BYTES is a format
	printf "$2" | dd of=/dev/pmem0 bs=1 seek=$(($1)) conv=notrunc,fsync status=none
	rmmod pmem
}

# refused MESSAGE [RANGES]: map=dev does not load, says so, and changes nothing
refused() {
	local before
	before=$(head_sum)
	if modprobe pmem "ranges=${2:-$range}" map=dev 2> /run/said; then
		rmmod pmem
		echo 'the load succeeds'
		return 1
	fi
	grep 'Wrong medium type' /run/said &&
		dmesg --kernel | tail -n 1 | grep -F -- "$1" && [ "$(head_sum)" = "$before" ] ||
		{ dmesg --kernel | tail -n 3; return 1; }
}

# wipe: zeroes where map=dev would write
wipe() {
	modprobe pmem ranges=$range
	blkdiscard -z -f -l $HEAD /dev/pmem0
	rmmod pmem
}

uuid() { cat /sys/block/pmem0/uuid; }
same_data() { dd if=/dev/pmem0 bs=1M count=4 status=none | cmp - /run/data; }
dd if=/dev/urandom of=/run/data bs=1M count=4 status=none

report 'map=dev loads over zeroes' modprobe pmem ranges=$range map=dev
dd if=/run/data of=/dev/pmem0 bs=1M oflag=direct status=none
first=$(uuid)
random_uuid() { grep -Ex '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}' <<< "$first"; }
report 'its UUID is random' random_uuid
rmmod pmem
modprobe pmem ranges=$range map=dev
same_device() { [ "$(uuid)" = "$first" ] && same_data || { uuid; return 1; }; }
report 'the next load finds the device' same_device
rmmod pmem
modprobe pmem ranges=$range map=dev,format
report 'map=dev,format leaves a device of the same size alone' same_device
rmmod pmem
# uuids RANGES: of the devices, with map=mem
uuids() { modprobe pmem ranges="$1" && cat /sys/block/pmem*/uuid && rmmod pmem; }
own_uuids() {
	[ "$(uuids $range/2 | grep -Exc '[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}')" = 2 ] &&
		[ "$(uuids $range/2)" = "$(uuids 512M@4G,512M@4608M)" ] &&
		[ "$({ uuids $range/2; uuids $range; } | sort -u | wc -l)" = 3 ]
}
report 'with map=mem, devices of other places and sizes have other UUIDs, at each load the same' own_uuids
report 'map=dev refuses a device of another size' refused \
	"[mem $at-0x11fffffff]: holds a map=dev device of 1024 MiB; load with a device of that size" 512M@4G
modprobe pmem ranges=$range map=dev
report 'after the refused load the device is as before' same_device
rmmod pmem

put 16 '\001'
report 'map=dev refuses an info block whose checksum is wrong' refused "overwrite data at $at;"
put 16 '\000'
modprobe pmem ranges=$range map=dev
report 'the info block is good again with the right byte' same_device
rmmod pmem

# OFFSET BYTES NAME of formats that the driver does not know. Sources: the md, bcache and
# btrfs headers of the kernel, zfs vdev_impl.h, drivers/nvdimm/btt.h and pfn.h
while read -r offset bytes name; do
	wipe
	put "$offset" "$bytes"
	report "map=dev refuses memory with $name" refused \
		"overwrite data at $(printf '%#x' $((at + offset / 4096 * 4096)));"
done <<- 'END'
	0x1000 \374\116\053\251 an md superblock, version 1.2
	0x1018 \306\205\163\366\116\032\105\312\202\145\365\177\110\272\155\201 a bcache superblock
	0x10040 _BHRfS_M a btrfs superblock
	0x20000 \014\261\272\000 a ZFS label
	0x1000 NVDIMM_PFN_INFO an info block of drivers/nvdimm
	0x438 \123\357 an ext4 superblock
	0x11fffff \001 one byte at the end of the struct pages
END
wipe
put 0x1200000 '\001'
report 'map=dev loads if only the memory of its disk has data' modprobe pmem ranges=$range map=dev
rmmod pmem

wipe
put 0x1fffff '\001'
dd if=/dev/urandom of=/run/data bs=1M count=4 status=none
modprobe pmem ranges=$range
dd if=/run/data of=/dev/pmem0 bs=1M seek=18 oflag=direct status=none
rmmod pmem
report 'map=dev,format loads over data' modprobe pmem ranges=$range map=dev,format
report 'and leaves the memory of its disk alone' same_data
second=$(uuid)
other_uuid() { [ "$second" != "$first" ]; }
report 'the device has a new UUID' other_uuid
rmmod pmem
report 'the range can be divided in another way' modprobe pmem ranges=$range/4 map=dev,format
rmmod pmem
end_tests
