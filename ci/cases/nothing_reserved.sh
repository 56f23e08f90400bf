#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Without memmap=, the module says what to do. builtin_unused.sh is for the built-in
# driver.
#
# cpus: 1
# allows: pmem: ranges=auto: no reserved RAM is free.*
# debug: no
set -euo pipefail

# shellcheck source=ci/lib/report.sh
. "${0%/cases/*}/lib/report.sh"
# shellcheck disable=SC2016 # the dollar sign is in the message
refused() {
	! modprobe pmem ranges=auto 2> /run/said && grep 'No such device or address' /run/said &&
		dmesg --kernel | grep -F 'pmem: ranges=auto: no reserved RAM is free; boot with memmap=, for example memmap=32G$32G'
}
report 'ranges=auto without memmap=: ENXIO' refused
end_tests
