// SPDX-License-Identifier: GPL-2.0
/// @file
/// Access to mappings that can fail with SIGBUS.
#ifndef DAX_STRESS_GUARD_HPP
#define DAX_STRESS_GUARD_HPP

#include <cstddef>

namespace stress {

/// Installs a handler, so that SIGBUS ends the functions below and not the process.
/// @throws std::system_error if sigaction(2) fails
void catch_bus_errors();

/// Copies memory, like memcpy(3). Must not run in two threads at once.
/// @return false after SIGBUS
bool copy_guarded(void *to, const void *from, std::size_t length);

/// Stores to a byte without changing its value, even if others store to it at the
/// same time.
/// @return false after SIGBUS
bool touch_guarded(unsigned char *byte);

} // namespace stress

#endif
