#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a user of the driver does, from modprobe to a file mapped in 2 MiB pages.
#
# memory: 65G
# cmdline: memmap=32G$32G
set -euo pipefail

# step COMMAND: print and run it
step() {
	printf '\n# %s\n' "$1"
	eval "$1"
}

printf '\nLinux %s, booted with %s\n' "$(uname -r)" \
	"$(grep -o 'memmap=[^ ]*' /proc/cmdline)"
step 'modprobe pmem'
step 'fdisk -l /dev/pmem*'
step 'mkdir -p /mnt/mem'
step 'mkfs.ext4 /dev/pmem0'
step 'mount -o dax /dev/pmem0 /mnt/mem'
step 'mount | fgrep /mnt/mem'
step 'df -h | fgrep /mnt/mem'

printf '\nA file there, mapped and written; PAGEMAP_SCAN reports the size of the pages:\n'
# shellcheck disable=SC2016 # step expands it
step 'PMEM_TEST_DIR=/mnt/mem $PMEM_KERNEL/selftests/pmem/huge_pages'
