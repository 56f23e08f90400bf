# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Lines of test results, for checks and for cases in a guest.

# report NAME COMMAND...: what COMMAND says is shown when it fails. It runs
# without set -e, because its status is asked for: join its steps with &&.
report() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		printf '%s\n' "$said" | tail -n 30 | sed 's/^/# /'
	fi
}
