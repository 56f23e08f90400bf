#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# pmemctl in a guest: a plan is the memory that the driver takes; list and doctor show
# the devices as they are; a pattern survives a reset; after a write, the check names
# exactly the pages that were overwritten; what is in use is refused.
#
# memory: 9G
# cpus: 1
# cmdline: memmap=1G$4G
# module: pmem ranges=128M@4G/2
# tools: yes
# reboots: 1
# debug: no
# timeout: 240
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"

# refuse STATUS MESSAGE ARG...: pmemctl fails with that status and one line
refuse() {
	local status=0 said
	said=$(pmemctl "${@:3}" 2>&1 > /dev/null < /dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [ "$said" = "pmemctl: $2" ]
}

if [ "$PMEM_BOOT" = 0 ]; then
	reserved() {
		pmemctl plan 896M --json > /run/plan
		cat /run/plan
		jq -e '.proposal | .memmap == "memmap=896M$4224M" and .reserved' < /run/plan
	}
	report 'plan proposes what is reserved and not in use' reserved
	other() {
		pmemctl plan 2G --count 4 --json > /run/plan
		cat /run/plan
		jq -e '.proposal | (.reserved | not) and .size == 2147483648 and
			.start >= 5368709120 and .start % 1073741824 == 0' < /run/plan
	}
	report 'plan proposes RAM of the kernel' other
	accepted() {
		rmmod pmem &&
			modprobe pmem "$(pmemctl plan 1G --count 2 --json | jq -r .proposal.driver)" &&
			[ "$(cat /sys/block/pmem1/pmem/start)" = 0x120000000 ] &&
			rmmod pmem &&
			modprobe pmem ranges=128M@4G/2
	}
	report 'the driver accepts the plan of a reserved range' accepted
	report 'plan of too much memory fails' refuse 1 \
		'SIZE: 100G: no range is large enough; use at most 6G' plan 100G

	before=$(sha256sum < /dev/pmem0)
	report 'survival write does not go on without an answer' refuse 2 \
		'--yes: is needed to overwrite pmem0 when standard input is not a terminal; see pmemctl --help' \
		survival write pmem0
	# on a terminal, it asks
	answered_no() {
		local status=0
		script -qec 'pmemctl survival write pmem0' /run/typescript <<< n || status=$?
		cat /run/typescript
		[ $status = 1 ] && grep 'Go on?' /run/typescript && grep 'nothing was written' /run/typescript
	}
	report 'survival write asks on a terminal, and takes no for an answer' answered_no
	mkfs.ext4 -q -b 4096 -E nodiscard /dev/pmem1
	report 'a filesystem is not overwritten' refuse 2 \
		'pmem1: holds ext4; --force overwrites it; see pmemctl --help' \
		survival write --yes pmem1
	# the first sector is not the filesystem's
	echo 0 1 > /sys/block/pmem1/badblocks
	report 'bad memory is not taken for an empty disk' refuse 2 \
		'pmem1: holds bad memory where a signature would be; --force overwrites it; see pmemctl --help' \
		survival write --yes pmem1
	dd if=/dev/zero of=/dev/pmem1 bs=512 count=1 oflag=direct conv=notrunc status=none
	mount -o dax /dev/pmem1 /mnt
	fallocate -l 8M /mnt/file
	listed() {
		pmemctl list && pmemctl list --files --json > /run/list
		cat /run/list
		jq -e '.devices | length == 2 and (.[1] |
			.name == "pmem1" and .start == 4362076160 and .size == 67108864 and
			.node == 0 and .mode == "mem" and .filesystem == "ext4" and
			.mounts == [{directory: "/mnt", filesystem: "ext4", dax: true}] and
			.files == {whole: 8388608, huge: 8388608})' < /run/list
	}
	report 'list has the devices, the mount and the share of files in 2 MiB pages' listed
	report 'doctor finds nothing' pmemctl doctor
	report 'a mounted disk is refused, even with --force' refuse 2 \
		'pmem1: is mounted at /mnt; unmount it first; see pmemctl --help' \
		survival write --yes --force pmem1
	umount /mnt
	mount /dev/pmem1 /mnt
	no_dax() {
		local status=0
		pmemctl doctor --json > /run/doctor || status=$?
		cat /run/doctor
		[ $status = 3 ] && jq -e '[.findings[] | select(.level != "ok") | .check] == ["dax"]' < /run/doctor
	}
	report 'doctor finds a mount without dax' no_dax
	umount /mnt
	unchanged() { [ "$(sha256sum < /dev/pmem0)" = "$before" ] && e2fsck -fn /dev/pmem1; }
	report 'the refusals have changed nothing' unchanged
	report 'survival write fills a disk' pmemctl survival write --yes --seed 7 /dev/pmem0
	report 'survival check finds all of it' pmemctl survival check pmem0
	reset_guest
fi

whole() {
	pmemctl survival check pmem0 --json > /run/check
	cat /run/check
	jq -e '.name == "pmem0" and .seed == 7 and .counts.survived == 16384 and .pages == 16384 and
		.start == 4294967296 and .lost == []' < /run/check
}
report 'every page has survived the reset' whole
dd if=/dev/zero of=/dev/pmem0 bs=4K seek=1000 count=24 oflag=direct status=none
dd if=/dev/urandom of=/dev/pmem0 bs=4K seek=10000 count=3 oflag=direct status=none
printf x | dd of=/dev/pmem0 bs=1 seek=$((16383 * 4096 + 5)) conv=notrunc status=none
sync
named() {
	local status=0
	pmemctl survival check pmem0 --json > /run/check || status=$?
	cat /run/check
	[ $status = 3 ] && jq -e '.counts.survived == 16384 - 28 and .lost == [
		{address: (4294967296 + 1000 * 4096), pages: 24, now: "zeroes"},
		{address: (4294967296 + 10000 * 4096), pages: 3, now: "other"},
		{address: (4294967296 + 16383 * 4096), pages: 1, now: "partial"}]' < /run/check
}
report 'the check names exactly the pages that were overwritten' named
end_tests
