// SPDX-License-Identifier: GPL-2.0
/// @file
/// How good a filesystem still is for huge pages.
#ifndef PMEM_BENCH_MEASURE_HPP
#define PMEM_BENCH_MEASURE_HPP

#include "filesystem.hpp"

#include <cstdint>
#include <vector>

namespace aging {

/// Some bytes, and how many of them count.
struct Share {
  std::uint64_t good;
  std::uint64_t all;

  /// Of all, in percent; where there is nothing, all of it is good.
  double percent() const;

  bool operator==(const Share &) const = default;
};

/// A run of bytes of a device.
struct Run {
  std::uint64_t begin;  ///< on the device, in bytes
  std::uint64_t length; ///< in bytes
};

/// @param free  what is free of a device, in order, without overlap
/// @param start physical address of the device, in bytes
/// @return of the free bytes those in windows of 2 MiB of memory, aligned to
///         that, that are free as a whole
Share in_windows(const std::vector<Run> &free, std::uint64_t start);

/// What is free of a filesystem, by GETFSMAP (linux/fsmap.h). What the
/// allocator has set aside for a file that is open does not count.
/// @param fd a file or directory of it
/// @throws std::system_error ENOTTY or EOPNOTSUPP when the filesystem does not
///         know GETFSMAP
std::vector<Run> free_space(int fd);

/// Makes new files, looks at them, and removes them.
/// @param filesystem where
/// @param size       of a file, in bytes: a multiple of 2 MiB
/// @param count      how many, one after the other
/// @param how        they come to their blocks; writes are of 1 MiB
/// @param start      physical address of the device, in bytes
/// @return of the files' windows of 2 MiB those that can be mapped in a page
/// @throws std::system_error as Filesystem::create(); std::runtime_error when
///         the files do not use DAX
Share new_files(Filesystem &filesystem, std::uint64_t size, unsigned count,
                Allocation how, std::uint64_t start);

} // namespace aging

#endif
