#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest harness reports what happened: the script's own status, a hang, a panic,
# and anything that the kernel logs at warning level or above.
. "$(dirname "$0")/../lib/common.sh"
lock_cache

boot=$("$TOP/ci/build" vm)
work=$(mktemp -d "$CACHE/harness.XXXXXX")
trap 'rm -rf "$work"' EXIT

# guest STATUS TEXT DECLARATION COMMAND: a case with that declaration and command
# ends with STATUS, and TEXT is in what is said
guest() {
	local ended=0 output
	printf '#!/bin/bash\n# %s\n%s\n' "$3" "$4" > "$work/case.sh"
	output=$("$TOP/ci/vm/guest" "$boot" "$work/case.sh" 2>&1) || ended=$?
	[ "$ended" = "$1" ] && grep -qF -- "$2" <<< "$output" ||
		{ echo "status $ended"; tail -n 5 <<< "$output"; return 1; }
}

report 'a case that passes ends with 0, and its output is shown' \
	guest 0 'x86_64' 'timeout: 60' 'uname -m'
report 'the exit status of a case is passed on' \
	guest 7 'the script failed with status 7' 'timeout: 60' 'exit 7'
report 'a guest that hangs is cut off' \
	guest 1 'cut off after 15 s' 'timeout: 15' 'sleep 600'
report 'the console is shown when a case fails' \
	guest 1 'Linux version' 'timeout: 60' 'dmesg -n 8; dmesg | sed -n 1,3p > /dev/ttyS0; exit 1'
report 'a panic is noticed' \
	guest 1 'died before the script ended' 'timeout: 60' 'echo c > /proc/sysrq-trigger'
report 'a panic is not taken for a reset' \
	guest 1 'the kernel panicked' 'reboots: 1' 'echo c > /proc/sysrq-trigger'
report 'a reset that does not come is noticed' \
	guest 1 'after 0 resets' 'reboots: 1' 'true'
report 'an error in the kernel log fails a case that passed' \
	guest 1 'start=x: expected a number of GiB' 'timeout: 60' 'modprobe pmem start=x; true'
report 'what a case allows in the kernel log does not' \
	guest 0 '' 'allows: pmem: .*' 'modprobe pmem start=x; true'
end_tests
