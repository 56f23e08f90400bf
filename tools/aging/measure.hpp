// SPDX-License-Identifier: GPL-2.0
/// @file
/// How much of a filesystem huge pages can map.
#ifndef AGING_MEASURE_HPP
#define AGING_MEASURE_HPP

#include "filesystem.hpp"
#include "free_space.hpp"
#include "ways.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aging {

/// A number of bytes, and how many of them satisfy a condition.
struct Share {
  std::uint64_t good;
  std::uint64_t all;

  /// The share of good bytes, in percent; 100 if there are no bytes.
  double percent() const;

  Share &operator+=(const Share &other);
  bool operator==(const Share &) const = default;
};

/// Counts the free bytes that are in free PMD-aligned chunks: 2 MiB of memory,
/// aligned to 2 MiB, with no byte in use.
/// @param free  the free space of a device, in order, without overlap
/// @param start physical address of the device
/// @return all free bytes, and those in free chunks
Share in_chunks(const std::vector<dax::Run> &free, std::uint64_t start);

/// Counts the bytes of a file that a program gets with 2 MiB pages: maps the file,
/// write-faults each PMD range without changing its contents, and counts with
/// PAGEMAP_SCAN. Skips PMD ranges that the program that wrote the file left without
/// blocks, in whole or in part.
/// @param fd   the file, open for reading and writing
/// @param name of the file, for error messages
/// @return the bytes in allocated PMD ranges, and those in 2 MiB pages
/// @throws std::system_error if the file cannot be mapped or PAGEMAP_SCAN fails,
///         ENOTTY on Linux before 6.7
/// @throws std::runtime_error if the file does not use DAX
Share mapped_share(int fd, const std::string &name);

/// Fills new files in one way, closes them, measures them with @ref mapped_share,
/// removes them and commits.
/// @param filesystem for the files
/// @param way        to fill a file
/// @param size       of a file, in bytes: a multiple of 2 MiB, not 0
/// @param count      number of files, filled one after the other
/// @param seed       of the way's random numbers
/// @return the sum of all files
/// @throws std::system_error if a step fails, ENOSPC if the filesystem is full
/// @throws std::exception like @ref mapped_share
Share new_files(Filesystem &filesystem, const Way &way, std::uint64_t size,
                unsigned count, std::uint64_t seed);

} // namespace aging

#endif
