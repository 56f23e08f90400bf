#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# quick|full - fill files in many ways, and look how much of them is in 2 MiB pages
#
# A line that begins with "csv: " is a result; see placement --help for its fields.
#
# memory: 12G
# cmdline: memmap=8G$4G
# module: pmem start=4 size=8 count=1
# tools: yes
# timeout: 86400
set -euo pipefail

# shellcheck source=ci/aging.sh
. "${0%/sessions/*}/aging.sh"
# shellcheck source=ci/programs.sh
. "${0%/sessions/*}/programs.sh"
# shellcheck source=ci/placement.sh
. "${0%/sessions/*}/placement.sh"

measure_placement "$1"
