// SPDX-License-Identifier: GPL-2.0
#include "pmd_range.hpp"

#include <algorithm>
#include <utility>

#include <linux/fiemap.h>

namespace dax {

namespace {

using Extents = std::vector<Extent>;
using Position = Extents::const_iterator;

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t power) {
  return value & ~(power - 1);
}

/// The extents that have blocks; adjacent ones are merged if that is what holds a
/// range.
Extents holders_of(const Extents &extents, Holder holder) {
  Extents holders;
  for (const Extent &extent : extents) {
    if (!extent.has_blocks())
      continue;
    if (holder == Holder::adjacent && !holders.empty() &&
        holders.back().end() == extent.logical &&
        holders.back().physical + holders.back().length == extent.physical &&
        holders.back().located == extent.located)
      holders.back().length += extent.length;
    else
      holders.push_back(extent);
  }
  return holders;
}

/// Collects ranges in the order of the file, and merges those with one verdict.
class Ranges {
public:
  std::uint64_t end() const { return at; }

  void add_until(std::uint64_t next, Verdict verdict) {
    if (next <= at)
      return;
    if (!done.empty() && done.back().verdict == verdict)
      done.back().length += next - at;
    else
      done.push_back({at, next - at, verdict});
    at = next;
  }

  std::vector<Range> take() { return std::move(done); }

private:
  std::uint64_t at = 0;
  std::vector<Range> done;
};

/// Judges a range that no single holder holds, but in which one begins or ends.
/// @param first holder that ends after @p start
/// @param last  the end of the holders
Verdict judge_split(Position first, Position last, std::uint64_t start,
                    std::uint64_t end, Holder holder) {
  bool located = true;
  bool one_extent = true;
  std::uint64_t covered = start;
  for (Position at = first;
       covered < end && at != last && at->logical <= covered; ++at) {
    covered = at->end();
    located &= at->located;
    one_extent &= at == first || at->continued;
  }
  if (covered < end)
    return Verdict::extent;
  // without their addresses, nobody knows whether extents are adjacent
  if (!located && holder == Holder::adjacent)
    return Verdict::unknown;
  return one_extent ? Verdict::physical : Verdict::extent;
}

/// Judges a range that one holder holds.
Verdict judge_held(const Extent &holder, std::uint64_t page_size) {
  if (!holder.located)
    return Verdict::unknown;
  return (holder.physical - holder.logical) % page_size == 0
             ? Verdict::mappable
             : Verdict::physical;
}

/// Judges ranges up to @p end, a multiple of @p page_size.
void judge_whole(const Extents &holders, Holder holder, std::uint64_t page_size,
                 std::uint64_t end, Ranges &ranges) {
  auto at = holders.begin();
  while (ranges.end() < end) {
    const std::uint64_t start = ranges.end();
    const std::uint64_t next = start + page_size;
    while (at != holders.end() && at->end() <= start)
      ++at;

    if (at == holders.end()) {
      ranges.add_until(end, Verdict::hole);
    } else if (at->logical >= next) {
      ranges.add_until(std::min(end, round_down(at->logical, page_size)),
                       Verdict::hole);
    } else if (at->logical <= start && at->end() >= next) {
      ranges.add_until(std::min(end, round_down(at->end(), page_size)),
                       judge_held(*at, page_size));
    } else {
      ranges.add_until(next,
                       judge_split(at, holders.end(), start, next, holder));
    }
  }
}

/// The end of the last whole range, which can be beyond the end of the file.
std::uint64_t whole_end(std::uint64_t size, std::uint64_t page_size) {
  return round_down(size + BasePage - 1, page_size);
}

} // namespace

bool Extent::has_blocks() const {
  return !(flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC |
                    FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED |
                    FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL));
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
  case Verdict::mappable:
    return "mappable";
  case Verdict::not_dax:
    return "not DAX";
  case Verdict::eof:
    return "eof";
  case Verdict::hole:
    return "hole";
  case Verdict::extent:
    return "extent";
  case Verdict::physical:
    return "physical";
  case Verdict::unknown:
    return "unknown";
  }
  return {};
}

std::vector<Range> judge(const Layout &layout, std::uint64_t page_size,
                         Holder holder) {
  Ranges ranges;
  if (!layout.is_dax) {
    ranges.add_until(layout.size, Verdict::not_dax);
    return ranges.take();
  }

  judge_whole(holders_of(layout.extents, holder), holder, page_size,
              whole_end(layout.size, page_size), ranges);
  ranges.add_until(layout.size, Verdict::eof);

  std::vector<Range> result = ranges.take();
  if (!result.empty())
    result.back().length = layout.size - result.back().offset;
  return result;
}

std::uint64_t bytes_of(const std::vector<Range> &ranges, Verdict verdict) {
  std::uint64_t bytes = 0;
  for (const Range &range : ranges)
    if (range.verdict == verdict)
      bytes += range.length;
  return bytes;
}

bool is_allocated(const Extents &extents, std::uint64_t begin,
                  std::uint64_t end) {
  auto at = std::ranges::upper_bound(extents, begin, {}, &Extent::end);
  for (; begin < end && at != extents.end() && at->logical <= begin &&
         at->has_blocks();
       ++at)
    begin = at->end();
  return begin >= end;
}

std::uint64_t bytes_in_ranges(std::uint64_t size, std::uint64_t page_size) {
  return std::min(size, whole_end(size, page_size));
}

} // namespace dax
