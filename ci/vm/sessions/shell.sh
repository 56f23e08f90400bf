#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration, and then a prompt in the same guest.
#
# memory: 65G
# cmdline: memmap=32G$32G
# interactive: yes
# timeout: 0

bash "${0%/*}/demo.sh" || true
printf '\nThe filesystem is mounted on /mnt/mem, the selftests are in %s/selftests.\n' \
	"$PMEM_KERNEL"
printf 'The machine ends with the shell: type exit.\n'
cd /mnt/mem || true
bash --norc -i || true
