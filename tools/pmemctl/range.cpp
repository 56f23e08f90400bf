// SPDX-License-Identifier: GPL-2.0
#include "range.hpp"

#include <algorithm>

namespace pmemctl {

Ranges merged(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return a.start < b.start; });
  Ranges result;
  for (const Range &range : ranges) {
    if (range.start == range.end)
      continue;
    if (!result.empty() && range.start <= result.back().end)
      result.back().end = std::max(result.back().end, range.end);
    else
      result.push_back(range);
  }
  return result;
}

Ranges without(const Ranges &from, const Ranges &what) {
  Ranges result;
  for (Range rest : from) {
    for (const Range &hole : what) {
      if (!hole.overlaps(rest))
        continue;
      if (rest.start < hole.start)
        result.push_back({rest.start, hole.start});
      rest.start = std::min(hole.end, rest.end);
    }
    if (rest.start < rest.end)
      result.push_back(rest);
  }
  return result;
}

Ranges common(const Ranges &one, const Ranges &other) {
  return without(one, without(one, other));
}

std::uint64_t size_of(const Ranges &ranges) {
  std::uint64_t size = 0;
  for (const Range &range : ranges)
    size += range.size();
  return size;
}

bool contains(const Ranges &ranges, const Range &range) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range &r) { return r.contains(range); });
}

} // namespace pmemctl
