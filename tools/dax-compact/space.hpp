// SPDX-License-Identifier: GPL-2.0
/// @file
/// The free space of a filesystem in chunks, and what files have in them.
///
/// A chunk is 2 MiB of memory at a multiple of 2 MiB. It is whole if all of it is free,
/// and partial if only some of it is.
#ifndef COMPACT_SPACE_HPP
#define COMPACT_SPACE_HPP

#include "free_space.hpp"
#include "pmd_range.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_set>
#include <vector>

namespace compact {

/// Contiguous bytes of a file in one chunk.
struct Piece {
  std::size_t file;      ///< number of the file, as for @ref Space::add
  std::uint64_t logical; ///< offset in the file, in bytes
  std::uint64_t length;  ///< in bytes

  bool operator==(const Piece &) const = default;
};

/// A partial chunk.
struct Chunk {
  std::uint64_t used = 0;  ///< bytes in use
  std::uint64_t known = 0; ///< bytes of it that files have in @ref pieces
  std::vector<Piece> pieces;
};

/// Free bytes, and those of them that are in whole chunks.
struct Free {
  std::uint64_t all = 0;
  std::uint64_t whole = 0;

  /// The share in whole chunks, in percent; 100 if nothing is free.
  double percent() const;
};

/// All chunks of a filesystem that are not full.
class Space {
public:
  /// @param free the free space, in order, without overlap
  explicit Space(const std::vector<dax::Run> &free);

  /// Free bytes now.
  const Free &free() const { return sums; }

  /// Adds what a file has in partial chunks.
  /// @param file    a number for it
  /// @param extents with offsets on the device
  void add(std::size_t file, const std::vector<dax::Extent> &extents);

  /// The partial chunks, by their number on the device.
  const std::map<std::uint64_t, Chunk> &partial() const { return chunks; }

  /// Whether a chunk is whole.
  bool is_whole(std::uint64_t number) const { return whole.contains(number); }

private:
  Free sums;
  std::unordered_set<std::uint64_t> whole;
  std::map<std::uint64_t, Chunk> chunks;
};

} // namespace compact

#endif
