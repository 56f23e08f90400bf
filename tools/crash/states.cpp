// SPDX-License-Identifier: GPL-2.0
#include "states.hpp"

#include <algorithm>
#include <vector>

namespace crash {

namespace {

/// A store that completes one more version of its line: with it, every byte of the line
/// has been stored once more.
struct Pass {
  std::size_t count; ///< of the stores up to it
  std::uint64_t order;
};

/// The stores that overwrite a line as a whole, around the caches.
/// @return nothing if there are others
std::vector<Pass> passes_of(const std::vector<Pending> &stores) {
  std::vector<Pass> passes;
  std::uint64_t covered = 0;
  for (std::size_t i = 0; i < stores.size(); i++) {
    if (!stores[i].non_temporal || (covered & stores[i].mask))
      return {};
    covered |= stores[i].mask;
    if (covered == ~0ULL) {
      passes.push_back({i + 1, stores[i].order});
      covered = 0;
    }
  }
  return covered ? std::vector<Pass>{} : passes;
}

} // namespace

std::vector<States::Part> States::parts_of(const Lines &lines) const {
  std::vector<Part> parts;
  const auto &pending = lines.pending();
  for (auto line = pending.begin(); line != pending.end();) {
    Part part;
    const std::uint64_t block = line->first / atomic;
    auto next = line;
    if (atomic > 1 && line->first % atomic == 0) {
      for (; next != pending.end() && next->first / atomic == block; ++next) {
        const std::vector<Pass> passes = passes_of(next->second);
        if (part.numbers.empty())
          part.versions.resize(passes.size());
        if (passes.empty() || passes.size() != part.versions.size())
          break;
        part.numbers.push_back(next->first);
        for (std::size_t i = 0; i < passes.size(); i++) {
          part.versions[i].counts.push_back(passes[i].count);
          part.versions[i].order = passes[i].order;
        }
      }
    }
    if (part.numbers.size() == atomic && atomic > 1) {
      line = next;
    } else {
      part.numbers = {line->first};
      part.versions.clear();
      for (std::size_t i = 0; i < line->second.size(); i++)
        part.versions.push_back({{i + 1}, line->second[i].order});
      ++line;
    }
    part.read =
        reads.empty() || std::ranges::any_of(part.numbers, [&](auto number) {
          return std::ranges::binary_search(reads, number);
        });
    parts.push_back(std::move(part));
  }
  return parts;
}

void States::keep(Choice &choice, const Part &part, std::size_t versions) {
  if (versions == 0)
    return;
  for (std::size_t i = 0; i < part.numbers.size(); i++)
    choice[part.numbers[i]] = part.versions[versions - 1].counts[i];
}

void States::choose(const Lines &lines, std::uint64_t most,
                    const Visit &visit) {
  std::uint64_t found = 0, number = 0;
  bool stopped = false;
  const std::vector<Part> parts = parts_of(lines);
  // how many versions of each part are kept
  using Kept = std::function<std::size_t(const Part &)>;
  const auto offer = [&](const char *rule, const Kept &kept) {
    Choice choice;
    for (const Part &part : parts)
      keep(choice, part, kept(part));
    if (found >= most || stopped)
      return;
    const Verdict verdict = visit(choice, rule, number++);
    stopped = verdict == Verdict::stop;
    if (verdict == Verdict::fresh)
      found++;
  };
  const auto all = [](const Part &part) { return part.versions.size(); };

  offer("none", [](const Part &) { return 0; });
  if (parts.empty())
    return;
  offer("all", all);

  std::vector<const Part *> order;
  for (const Part &part : parts) {
    order.push_back(&part);
    std::swap(order.back(), order[random.below(order.size())]);
  }
  const auto others = std::stable_partition(
      order.begin(), order.end(), [](const Part *part) { return part->read; });
  const auto read = static_cast<std::size_t>(others - order.begin());
  std::size_t round = 0;
  while (found < most && !stopped && number < 2 * most + 10) {
    const Part &one = *order[round % order.size()];
    const bool only_read = round++ < read;
    const Part &last = *order[random.below(only_read ? read : order.size())];
    const std::uint64_t end =
        last.versions[random.below(last.versions.size())].order;
    offer("up to", [&](const Part &part) {
      return static_cast<std::size_t>(
          std::ranges::upper_bound(part.versions, end, {},
                                   &Part::Version::order) -
          part.versions.begin());
    });
    const std::size_t versions = 1 + random.below(one.versions.size());
    offer("alone",
          [&](const Part &part) { return &part == &one ? versions : 0; });
    const std::size_t fewer = random.below(one.versions.size());
    offer("all but", [&](const Part &part) {
      return &part == &one ? fewer : part.versions.size();
    });
    const double share = random.unit();
    offer("random", [&](const Part &part) {
      return (part.read || !only_read) && random.unit() < share
                 ? 1 + random.below(part.versions.size())
                 : 0;
    });
  }
}

std::vector<Choice> States::split(const Lines &lines,
                                  const Choice &choice) const {
  std::vector<Choice> split;
  for (const Part &part : parts_of(lines)) {
    Choice one;
    for (const std::uint64_t number : part.numbers)
      if (const auto found = choice.find(number); found != choice.end())
        one.insert(*found);
    if (!one.empty())
      split.push_back(std::move(one));
  }
  return split;
}

Choice join(const std::vector<Choice> &parts) {
  Choice choice;
  for (const Choice &part : parts)
    choice.insert(part.begin(), part.end());
  return choice;
}

std::vector<Choice> minimal(std::vector<Choice> parts,
                            const std::function<bool(const Choice &)> &fails,
                            unsigned tries) {
  for (std::size_t size = std::max<std::size_t>(1, parts.size() / 2);;) {
    bool smaller = false;
    for (std::size_t at = 0; at < parts.size() && tries > 0;) {
      std::vector<Choice> less = parts;
      const auto first = less.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t count = std::min(size, parts.size() - at);
      less.erase(first, first + static_cast<std::ptrdiff_t>(count));
      tries--;
      if (fails(join(less))) {
        parts = std::move(less);
        smaller = true;
      } else {
        at += size;
      }
    }
    if (tries == 0 || (size == 1 && !smaller))
      return parts;
    size = std::max<std::size_t>(1, size / 2);
  }
}

} // namespace crash
