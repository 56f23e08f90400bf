// SPDX-License-Identifier: GPL-2.0
/// @file
/// Ranges of physical addresses, and sets of them.
#ifndef PMEMCTL_RANGE_HPP
#define PMEMCTL_RANGE_HPP

#include <cstdint>
#include <vector>

namespace pmemctl {

/// Addresses in bytes, without the end.
struct Range {
  std::uint64_t start;
  std::uint64_t end; ///< the first address after the range, at least @ref start

  std::uint64_t size() const { return end - start; }
  bool contains(const Range &other) const {
    return start <= other.start && other.end <= end;
  }
  bool overlaps(const Range &other) const {
    return start < other.end && other.start < end;
  }
  bool operator==(const Range &) const = default;
};

/// A set of addresses: ranges by start, without overlap, each with a byte at least.
using Ranges = std::vector<Range>;

/// Makes a set of ranges: joins those that overlap or are adjacent.
/// @param ranges in any order
Ranges merged(std::vector<Range> ranges);

/// The addresses of a set that are not in another.
/// @param from the set
/// @param what the addresses to take away
Ranges without(const Ranges &from, const Ranges &what);

/// The addresses that are in both sets.
/// @param one   a set
/// @param other another
Ranges common(const Ranges &one, const Ranges &other);

/// The bytes in a set.
/// @param ranges the set
std::uint64_t size_of(const Ranges &ranges);

/// Whether a set has all of a range.
/// @param ranges the set
/// @param range  the addresses
bool contains(const Ranges &ranges, const Range &range);

} // namespace pmemctl

#endif
