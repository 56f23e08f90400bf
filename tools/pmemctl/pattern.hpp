// SPDX-License-Identifier: GPL-2.0
/// @file
/// The contents that "pmemctl survival" gives a page: they name the page's own address
/// and a seed, so that a page that has moved, or comes from an earlier run, is not taken
/// for one that has survived.
#ifndef PMEMCTL_PATTERN_HPP
#define PMEMCTL_PATTERN_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pmemctl {

/// The unit of survival, in bytes.
constexpr std::size_t PageSize = 4096;

/// A page as 64-bit words.
using Page = std::span<const std::uint64_t, PageSize / 8>;

/// Which page a pattern belongs to.
struct PatternName {
  std::uint64_t seed;    ///< of the run of "survival write"
  std::uint64_t address; ///< physical address of the page

  bool operator==(const PatternName &) const = default;
};

/// Writes the pattern of a page: a mark, the seed, the address, a checksum of these,
/// then pseudo-random words that depend on seed and address.
/// @param name of the pattern
/// @param page where to write it
void fill_page(const PatternName &name,
               std::span<std::uint64_t, PageSize / 8> page);

/// What is in a page.
enum class Fate {
  survived,   ///< the pattern of the run
  zeroes,     ///< zero bytes only
  partial,    ///< at least an eighth of the words of the pattern
  stale,      ///< a whole pattern with another seed or address
  other,      ///< anything else
  unreadable, ///< reading fails: bad memory
};

/// All fates, in the order of reports.
inline constexpr std::array Fates = {Fate::survived, Fate::zeroes,
                                     Fate::partial,  Fate::stale,
                                     Fate::other,    Fate::unreadable};

/// The name of a fate in reports.
const char *name_of(Fate fate);

/// Judges a page.
/// @param page contents
/// @param name of the pattern that was written
Fate judge(Page page, const PatternName &name);

/// The name in a page that holds a whole pattern.
/// @param page contents
/// @return nothing if it holds none
std::optional<PatternName> whole_pattern(Page page);

} // namespace pmemctl

#endif
