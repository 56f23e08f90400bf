// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the kernel tells of a file: its extents, whether it uses DAX, and where
/// in memory its filesystem is.
#ifndef DAX_FILE_HPP
#define DAX_FILE_HPP

#include "windows.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

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

/// Where in memory a filesystem begins.
struct MemoryStart {
  /// Physical address of byte 0 of its device, in bytes; where the disk's own
  /// address is not known, the distance from the beginning of the disk.
  std::uint64_t address;
  /// Why the disk's address is not known, and so taken for a multiple of the
  /// size of all pages; empty where it is known.
  std::string unknown;
};

/// Finds the memory of a block device in sysfs.
///
/// Known are devices of this project's driver
/// (Documentation/ABI/testing/sysfs-block-pmem) and of drivers/nvdimm of Linux,
/// and partitions of both. Only root can read where their memory is.
///
/// @param device number of a block device, as st_dev of a file on it
/// @param sysfs where sysfs is mounted
MemoryStart memory_start(dev_t device,
                         const std::filesystem::path &sysfs = "/sys");

/// Whether a file is accessed past the page cache (STATX_ATTR_DAX of statx(2)).
/// @param fd an open file
/// @param name of the file, for the message of an error
/// @throws std::system_error when statx(2) fails
bool is_dax(int fd, const std::string &name);

/// All that @ref judge wants to know. The extents of a file that does not use
/// DAX are not asked for.
/// @param fd an open regular file
/// @param name of the file, for the message of an error
/// @param start where its filesystem begins in memory, by @ref memory_start, in
///   bytes
/// @throws std::system_error when fstat(2), statx(2) or FIEMAP fails
Layout layout_of(int fd, const std::string &name, std::uint64_t start);

} // namespace dax

#endif
