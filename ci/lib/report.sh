# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Lines of test results, for checks and for cases in a guest.

# how many tests this script has reported, also before it had the guest reset
TESTS=$(cat "${PMEM_SHARE:-}/tests" 2> /dev/null) || TESTS=0

# report NAME COMMAND...: the test NAME, which passes when COMMAND does. Its output is
# shown when it fails. It runs without set -e, because its status is asked for: join
# its steps with &&.
report() {
	local name=$1 said
	shift
	TESTS=$((TESTS + 1))
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		printf '%s\n' "$said" | tail -n 30 | sed 's/^/# /'
	fi
}

# skip NAME REASON: the test NAME could not run
skip() {
	TESTS=$((TESTS + 1))
	echo "ok - $1 # SKIP $2"
}

# selftests NAME...: these selftests of the kernel in the guest, each of them a test
selftests() {
	local name arguments=()
	for name; do
		arguments+=(-t "pmem:$name")
	done
	TESTS=$((TESTS + $#))
	"$PMEM_KERNEL/selftests/run_kselftest.sh" "${arguments[@]}"
}

# reset_by WAY, reset_guest, kexec_guest: the guest then runs the case again
reset_by() {
	echo "$TESTS" > "$PMEM_SHARE/tests"
	"$PMEM_RESET" "$@"
}
reset_guest() { reset_by; }
kexec_guest() { reset_by kexec; }

# end_tests: the plan, which ends every check and case
end_tests() {
	echo "1..$TESTS"
}
