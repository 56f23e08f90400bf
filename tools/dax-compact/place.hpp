// SPDX-License-Identifier: GPL-2.0
/// @file
/// EXT4_IOC_DAX_PLACE of ext4, which moves blocks of DAX files.
#ifndef COMPACT_PLACE_HPP
#define COMPACT_PLACE_HPP

#include <cstdint>
#include <system_error>

namespace compact {

/// Where to move blocks to.
enum class Where : std::uint32_t {
  fuller = 0, ///< EXT4_DAX_EVACUATE: to chunks fuller than those they are in
  whole = 1,  ///< EXT4_DAX_COLLAPSE: each PMD range to a whole chunk
};

/// What a move did.
struct Moved {
  std::uint64_t bytes;   ///< that were moved, also before an error
  std::error_code error; ///< none, or why not all was moved
};

/// Moves blocks of a file.
/// @param fd    the file, open for writing
/// @param where to
/// @param start offset in the file, in bytes
/// @param length in bytes
Moved place(int fd, Where where, std::uint64_t start, std::uint64_t length);

/// Whether the kernel of a filesystem has the ioctl.
/// @param fd a file or directory of the filesystem, open for reading
bool can_place(int fd);

} // namespace compact

#endif
