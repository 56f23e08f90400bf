# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Whether guests can use KVM.

# prove_accel KERNEL: print the accelerator for QEMU. On nested and paravirtual hosts,
# /dev/kvm may exist and a guest still hang in an endless loop. So try KVM once per boot
# of the host: it must boot the kernel, a bzImage, up to the panic about a missing root
# filesystem. Guests that start at the same time may all try; the answer appears by
# rename, so that none reads an empty file.
prove_accel() {
	local answer trial accel='tcg,thread=multi'
	answer=$CACHE/accel-$(short_hash < /proc/sys/kernel/random/boot_id)

	[ -w /dev/kvm ] || { echo "$accel"; return; }
	if [ ! -s "$answer" ]; then
		trial=$(mktemp -d "$CACHE/accel.XXXXXX")
		if timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu max -m 512M \
			-nodefaults -display none -no-reboot \
			-serial "file:$trial/console" -kernel "$1" \
			-append 'console=ttyS0 panic=-1' < /dev/null > /dev/null 2>&1 &&
		   grep -q 'Linux version' "$trial/console"; then
			accel=kvm
		fi
		echo "$accel" > "$trial/accel"
		mv "$trial/accel" "$answer"
		rm -rf "$trial"
		say "guests run on $accel"
	fi
	cat "$answer"
}
