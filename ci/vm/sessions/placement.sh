#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# quick|full - fill files in many ways, and measure how much of them is in 2 MiB pages
#
# A line that begins with "csv: " is a result; see placement --help for its fields.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 86400
set -euo pipefail

# shellcheck source=ci/lib/aging.sh
. "${0%/vm/*}/lib/aging.sh"
# shellcheck source=ci/lib/programs.sh
. "${0%/vm/*}/lib/programs.sh"
# shellcheck source=ci/lib/placement.sh
. "${0%/vm/*}/lib/placement.sh"

measure_placement "$1"
