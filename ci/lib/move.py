# SPDX-License-Identifier: GPL-2.0
"""move.py SECONDS DIRECTORY [RATE]: for so long, give all files there blocks that no PMD can
map, then whole chunks, then blocks in other chunks; at most RATE bytes per second. Fails if
nothing moves. For cases in a guest.
"""
import errno
import fcntl
import os
import struct
import sys
import time

MOVE_EXT, DAX_PLACE, PAGE, CHUNK = 0xC028660F, 0xC020662F, 4096, 2 << 20
moved, refused = {}, {}


def call(file, what, code, arguments, result):
    """One ioctl; at RESULT of its arguments is what it has moved."""
    arguments = bytearray(arguments)
    try:
        fcntl.ioctl(file, code, arguments)
    except OSError as error:
        # pinned, no room, or the file has become shorter
        if error.errno not in (errno.EBUSY, errno.ENOSPC, errno.EINVAL):
            raise
        refused[what, error.strerror] = refused.get((what, error.strerror), 0) + 1
    moved[what] = moved.get(what, 0) + struct.unpack_from("Q", arguments, result)[0]
    if rate:
        sent = sum(number * (PAGE if what == "scattered blocks" else 1)
                   for what, number in moved.items())
        time.sleep(max(0, min(end, start + sent / rate) - time.time()))


def scatter(file, directory, size):
    donor = os.open(directory, os.O_RDWR | os.O_TMPFILE)
    try:
        os.posix_fallocate(donor, 0, size + CHUNK)
        call(file, "scattered blocks", MOVE_EXT,
             struct.pack("IIQQQQ", 0, donor, 0, 1, size // PAGE, 0), 32)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    os.close(donor)


def move(name, directory):
    try:
        file = os.open(name, os.O_RDWR)
    except FileNotFoundError:
        return
    size = -(-os.fstat(file).st_size // CHUNK) * CHUNK
    if size:
        scatter(file, directory, size)
        for how, what in (1, "bytes to whole chunks"), (0, "bytes to fuller chunks"):
            call(file, what, DAX_PLACE, struct.pack("QQIIQ", 0, size, how, 0, 0), 24)
    os.close(file)


start = time.time()
end = start + int(sys.argv[1])
rate = int(sys.argv[3]) if len(sys.argv) > 3 else 0
while time.time() < end:
    for directory, _, names in os.walk(sys.argv[2]):
        for name in names:
            move(os.path.join(directory, name), directory)
print(moved, refused)
sys.exit(not moved.get("scattered blocks") or not moved.get("bytes to whole chunks"))
