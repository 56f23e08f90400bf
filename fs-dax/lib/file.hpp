// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the kernel tells of a file: its extents, and whether it uses DAX.
#ifndef DAX_FILE_HPP
#define DAX_FILE_HPP

#include "windows.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dax {

/// All extents of a file, by FIEMAP (Documentation/filesystems/fiemap.rst of
/// Linux).
///
/// Nothing is written back first. A DAX file has no delayed allocation, so its
/// extents are what they are; and writing back would make its mappings
/// read-only and have whoever uses them fault again.
///
/// @param fd an open file
/// @param name of the file, for the message of an error
/// @return extents by logical offset; those past the end of the file too
/// @throws std::system_error EOPNOTSUPP when the filesystem does not know
/// FIEMAP,
///   or what else ioctl(2) failed with
std::vector<Extent> extents_of(int fd, const std::string &name);

/// Whether a file is accessed past the page cache (STATX_ATTR_DAX of statx(2)).
/// @param fd an open file
/// @param name of the file, for the message of an error
/// @throws std::system_error when statx(2) fails
bool is_dax(int fd, const std::string &name);

/// All that the filesystem knows of what @ref judge wants to know. The extents
/// have offsets on the filesystem's device, which the caller turns into
/// addresses, by @ref MemoryMap::place or otherwise. Those of a file that does
/// not use DAX are not asked for.
/// @param fd an open regular file
/// @param name of the file, for the message of an error
/// @throws std::system_error when fstat(2), statx(2) or FIEMAP fails
Layout layout_of(int fd, const std::string &name);

} // namespace dax

#endif
