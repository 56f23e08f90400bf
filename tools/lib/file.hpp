// SPDX-License-Identifier: GPL-2.0
/// @file
/// The extents of a file, and whether it uses DAX.
#ifndef DAX_FILE_HPP
#define DAX_FILE_HPP

#include "pmd_range.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dax {

/// Returns all extents of a file, from FIEMAP
/// (Documentation/filesystems/fiemap.rst of Linux).
///
/// Does not write back the file first: a DAX file has no delayed allocation, and
/// writeback would write-protect its mappings, so that they fault again.
///
/// @param fd   an open file
/// @param name of the file, for error messages
/// @return extents by logical offset, including those beyond the end of the file
/// @throws std::system_error EOPNOTSUPP if the filesystem does not support FIEMAP,
///         or any other error of ioctl(2)
std::vector<Extent> extents_of(int fd, const std::string &name);

/// Whether a file uses DAX (STATX_ATTR_DAX of statx(2)).
/// @param fd   an open file
/// @param name of the file, for error messages
/// @throws std::system_error if statx(2) fails
bool is_dax(int fd, const std::string &name);

/// Returns the layout of a file on the filesystem's device; @ref MemoryMap::place
/// translates its extents to addresses for @ref judge.
/// @param fd   an open regular file
/// @param name of the file, for error messages
/// @return the layout, without extents if the file does not use DAX
/// @throws std::system_error if fstat(2), statx(2) or FIEMAP fails
Layout layout_of(int fd, const std::string &name);

} // namespace dax

#endif
