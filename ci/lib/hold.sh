# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Programs that hold a page of a file or device, for cases in a guest.

# hold FILE SIZE map|pin: a process in the background maps SIZE bytes, or has the first page
# of them in a pipe and maps nothing; its number is in HOLDER
hold() {
	rm -f /run/held
	python3 - "$@" <<- 'END' &
		import ctypes, mmap, os, sys, time
		class Iovec(ctypes.Structure):
		    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
		libc = ctypes.CDLL(None, use_errno=True)
		libc.mmap.restype = ctypes.c_void_p
		# mmap.mmap() would keep the file open
		file, size = os.open(sys.argv[1], os.O_RDWR), ctypes.c_size_t(int(sys.argv[2]))
		address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED,
		                    file, ctypes.c_long(0))
		os.close(file)
		if sys.argv[3] == "map":
		    ctypes.c_char.from_address(address).value = b"p"
		else:
		    reader, writer = os.pipe()
		    page = Iovec(address, 4096)
		    if libc.vmsplice(writer, ctypes.byref(page), ctypes.c_ulong(1), 0) != 4096:
		        sys.exit(os.strerror(ctypes.get_errno()))
		    libc.munmap(ctypes.c_void_p(address), size)
		open("/run/held", "w").close()
		time.sleep(1000)
	END
	HOLDER=$!
	until [ -e /run/held ]; do sleep 0.1; done
}

# release: the process ends
release() {
	kill "$HOLDER"
	wait "$HOLDER" 2> /dev/null || true
}
