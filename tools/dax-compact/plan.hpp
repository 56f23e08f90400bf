// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which chunks to empty.
#ifndef COMPACT_PLAN_HPP
#define COMPACT_PLAN_HPP

#include "space.hpp"

#include <cstdint>
#include <vector>

namespace compact {

/// Chunks to empty, and what that is expected to give.
struct Plan {
  std::vector<std::uint64_t> chunks; ///< by number, the first one first
  std::uint64_t bytes = 0;           ///< to move
  Free after;                        ///< if all of it can be moved
  /// Chunks that would be chosen, but in which something belongs to no file that was
  /// found: metadata, or a file without a name.
  std::uint64_t unknown = 0;
};

/// Chooses the chunks with the fewest bytes in use, until a share of the free space is
/// in whole chunks, or until the other partial chunks have no room for more.
///
/// What frees the most for each byte that is moved comes first. It is a forecast: the
/// kernel moves a piece only where it finds room in one chunk, which is fuller.
/// @param space of the filesystem, with all its files
/// @param stop  share of the free space in whole chunks, in percent
Plan choose(const Space &space, double stop);

} // namespace compact

#endif
