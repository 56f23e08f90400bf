// SPDX-License-Identifier: GPL-2.0
/// @file
/// The free space of a filesystem.
#ifndef DAX_FREE_SPACE_HPP
#define DAX_FREE_SPACE_HPP

#include <cstdint>
#include <vector>

namespace dax {

/// Contiguous bytes of a device.
struct Run {
  std::uint64_t begin;  ///< offset on the device, in bytes
  std::uint64_t length; ///< in bytes
};

/// Returns the free space of a filesystem, from GETFSMAP (linux/fsmap.h), without
/// blocks that are preallocated to open files.
/// @param fd a file or directory of the filesystem
/// @return by offset on the device
/// @throws std::system_error ENOTTY or EOPNOTSUPP if the filesystem does not
///         support GETFSMAP
std::vector<Run> free_space(int fd);

} // namespace dax

#endif
