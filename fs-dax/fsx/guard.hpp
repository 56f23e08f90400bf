// SPDX-License-Identifier: GPL-2.0
/// @file
/// Access to mapped memory that may not be there.
#ifndef FSX_GUARD_HPP
#define FSX_GUARD_HPP

#include <cstddef>

namespace fsx {

/// Has SIGBUS end the functions below, and not the process, from here on.
/// @throws std::system_error when sigaction(2) fails
void catch_bus_errors();

/// Copies memory, like memcpy(3). One thread at a time.
/// @return whether all of it could be accessed; SIGBUS, it could not
bool copy_guarded(void *to, const void *from, std::size_t length);

/// Writes to a byte without changing it, even if others write to it now.
/// @return as above
bool touch_guarded(unsigned char *byte);

} // namespace fsx

#endif
