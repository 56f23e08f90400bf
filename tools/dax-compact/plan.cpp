// SPDX-License-Identifier: GPL-2.0
#include "plan.hpp"

#include <algorithm>

namespace compact {

Plan choose(const Space &space, double stop) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> by_use;
  Plan plan;
  std::uint64_t room = 0;

  plan.after = space.free();

  for (const auto &[number, chunk] : space.partial()) {
    by_use.emplace_back(chunk.used, number);
    room += dax::HugePage - chunk.used;
  }
  std::sort(by_use.begin(), by_use.end());

  for (const auto &[used, number] : by_use) {
    const Chunk &chunk = space.partial().at(number);
    const std::uint64_t free = dax::HugePage - used;

    if (plan.after.percent() >= stop || room < free + used)
      break;
    if (chunk.known != used) {
      // it stays, and is not fuller than the next ones
      plan.unknown++;
      room -= free;
      continue;
    }
    room -= free + used;
    plan.chunks.push_back(number);
    plan.bytes += used;
    plan.after.whole += dax::HugePage;
  }
  return plan;
}

} // namespace compact
