# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Typing commands on the serial port of a machine, as its user would.
#
# Everything that the machine has printed is in $TERMINAL/console.

# power_on OPTION...: start QEMU with these options
power_on() {
	rm -f "$TERMINAL"/keys
	mkfifo "$TERMINAL/keys"
	: > "$TERMINAL/console"
	seen=0
	# one CPU: on a busy host, two wait for each other for minutes
	# shellcheck disable=SC2054 # these commas are QEMU's
	local common=(-M q35 -cpu max -nodefaults -display none
		      -chardev "stdio,id=tty,signal=off" -serial chardev:tty)
	exec 7<> "$TERMINAL/keys"
	qemu-system-x86_64 "${common[@]}" "$@" <&7 > "$TERMINAL/console" 2> "$TERMINAL/qemu" &
	machine=$!
}

# power_off: as if somebody pulled the plug
power_off() {
	{ kill "$machine" && wait "$machine"; } 2> /dev/null || true
	machine=
}

# new_output: what the machine has printed since the last command, without what it has
# overwritten in the same line
new_output() {
	tail -c "+$((seen + 1))" "$TERMINAL/console" | sed 's/\r*$//; s/.*\r//'
}

# await REGEX SECONDS: until a line of new output matches
await() {
	local end=$((SECONDS + $2))
	until grep -qE -- "$1" <(new_output); do
		if ! kill -0 "$machine" 2> /dev/null; then
			echo "the machine has stopped: $(tail -n 1 "$TERMINAL/qemu")"
			return 1
		elif [ $SECONDS -ge $end ]; then
			echo "cut off after $2 s; the last lines were:"
			new_output | tail -n 20
			return 1
		fi
		sleep 0.3
	done
}

# press KEYS: type a line, whatever the machine does
press() {
	seen=$(stat -c %s "$TERMINAL/console")
	printf '%s\n' "$1" >&7
}

# log_in: wait for the shell of root, which the serial port starts with
log_in() {
	# shellcheck disable=SC2016 # the machine adds
	await '^root@.*# ' 1200 &&
	press 'unset HISTFILE; PS1=; stty -echo; export TERM=dumb; dmesg -n 1; echo logged_$((1 + 1))' && await 'logged_2$' 60
}

# type COMMAND [SECONDS]: run it in the shell of the machine and print its output. The
# status is that of the command.
type_in() {
	press "$1; echo status=\$?"
	await 'status=[0-9]+$' "${2:-200}" || return
	new_output | sed 's/status=[0-9]*$//; /^$/d'
	return "$(new_output | sed -n 's/.*status=\([0-9]*\)$/\1/p' | tail -n 1)"
}
