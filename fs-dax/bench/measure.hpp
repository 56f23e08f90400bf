// SPDX-License-Identifier: GPL-2.0
/// @file
/// How good a filesystem still is for huge pages.
#ifndef PMEM_BENCH_MEASURE_HPP
#define PMEM_BENCH_MEASURE_HPP

#include "filesystem.hpp"
#include "ways.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aging {

/// Some bytes, and how many of them count.
struct Share {
  std::uint64_t good;
  std::uint64_t all;

  /// Of all, in percent; where there is nothing, all of it is good.
  double percent() const;

  Share &operator+=(const Share &other);
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

/// Counts how much of a file a program gets in 2 MiB pages: maps it, stores to
/// each PMD range once without changing what is there, and has PAGEMAP_SCAN
/// count. Where a PMD range is too short or has a hole, the file's writer
/// wanted it so; it does not count.
/// @param fd   the file, open for reading and writing
/// @param name of the file, for the message of an error
/// @return of the bytes in PMD ranges without a hole those in 2 MiB pages
/// @throws std::system_error when the file cannot be mapped, or PAGEMAP_SCAN
///         fails, ENOTTY on Linux before 6.7; std::runtime_error when the file
///         does not use DAX
Share mapped_share(int fd, const std::string &name);

/// Makes new files in one way, closes them, counts by @ref mapped_share, and
/// removes them.
/// @param filesystem where; it is committed in the end
/// @param way        to fill a file
/// @param size       of a file, in bytes: a multiple of 2 MiB, not 0
/// @param count      how many, one after the other
/// @param seed       of the way's random numbers, if it has any
/// @return the sum of all files
/// @throws std::system_error when a step of the way fails, ENOSPC when the
///         filesystem is full; what @ref mapped_share throws
Share new_files(Filesystem &filesystem, const Way &way, std::uint64_t size,
                unsigned count, std::uint64_t seed);

} // namespace aging

#endif
