// SPDX-License-Identifier: GPL-2.0
#include "space.hpp"

#include <algorithm>

namespace compact {

double Free::percent() const {
  return all == 0
             ? 100
             : 100.0 * static_cast<double>(whole) / static_cast<double>(all);
}

Space::Space(const std::vector<dax::Run> &free) {
  for (const dax::Run &run : free) {
    const std::uint64_t end = run.begin + run.length;

    for (std::uint64_t at = run.begin, next; at < end; at = next) {
      const std::uint64_t number = at / dax::HugePage;
      next = std::min(end, (number + 1) * dax::HugePage);
      Chunk &chunk =
          chunks.try_emplace(number, Chunk{dax::HugePage, 0, {}}).first->second;
      chunk.used -= next - at;
    }
    sums.all += run.length;
  }
  std::erase_if(chunks, [this](const auto &chunk) {
    return chunk.second.used == 0 && whole.insert(chunk.first).second;
  });
  sums.whole = dax::HugePage * whole.size();
}

void Space::add(std::size_t file, const std::vector<dax::Extent> &extents) {
  for (const dax::Extent &extent : extents) {
    if (!extent.has_blocks())
      continue;
    const std::uint64_t end = extent.physical + extent.length;
    auto chunk = chunks.lower_bound(extent.physical / dax::HugePage);

    for (; chunk != chunks.end() && chunk->first * dax::HugePage < end;
         ++chunk) {
      const std::uint64_t from =
          std::max(extent.physical, chunk->first * dax::HugePage);
      const std::uint64_t to =
          std::min(end, (chunk->first + 1) * dax::HugePage);

      chunk->second.known += to - from;
      chunk->second.pieces.push_back(
          {file, extent.logical + (from - extent.physical), to - from});
    }
  }
}

} // namespace compact
