#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# "OPTION..." DIR... - try states of the traces in these directories with crash-explore
#
# Emulation is slow with "rep movsb", with which the driver would read.
#
# memory: 2G
# cpus: 1
# cmdline: memmap=24M$1G clearcpuid=erms,fsrm
# module: pmem start=1G size=24M count=1
# tools: yes
# allows: clearcpuid: force-disabling CPU feature flag: .*
# allows: !!! setcpuid=.clearcpuid= in use, this is for TESTING ONLY, .*
# allows: EXT4-fs .*mount: .* callbacks suppressed
# timeout: 86400
set -euo pipefail

# thousands of mounts are of no interest on the console
dmesg -n warn
read -r -a options <<< "$1"
shift
status=0
for traced; do
	crash-explore "${options[@]}" "$traced" || status=1
done
exit $status
