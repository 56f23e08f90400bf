// SPDX-License-Identifier: GPL-2.0
#include "survival.hpp"

#include <algorithm>

namespace pmemctl {

namespace {

constexpr std::uint64_t MapParts = 64;

} // namespace

char letter_of(Fate fate) {
  switch (fate) {
  case Fate::survived:
    return '.';
  case Fate::zeroes:
    return '0';
  case Fate::partial:
    return 'p';
  case Fate::stale:
    return 's';
  case Fate::other:
    return 'x';
  case Fate::unreadable:
    return '!';
  }
  return '?';
}

void Survival::add(Fate fate) {
  counts[fate]++;
  if (fate != Fate::survived) {
    if (!lost_runs.empty() && lost_runs.back().fate == fate &&
        lost_runs.back().address + lost_runs.back().pages * PageSize == at)
      lost_runs.back().pages++;
    else
      lost_runs.push_back({at, 1, fate});
  }
  at += PageSize;
}

std::uint64_t Survival::count(Fate fate) const {
  const auto found = counts.find(fate);
  return found == counts.end() ? 0 : found->second;
}

std::string Survival::map() const {
  const std::uint64_t parts = std::min(MapParts, pages);
  std::vector<std::map<Fate, std::uint64_t>> lost_in(parts);
  for (const LostRun &run : lost_runs) {
    std::uint64_t page = (run.address - start) / PageSize;
    const std::uint64_t end = page + run.pages;
    while (page < end) {
      // the part of a page, and the first page after that part; no product of two
      // counts of pages overflows, because there are at most 2^40
      const std::uint64_t part = page * parts / pages;
      const std::uint64_t next =
          std::min(end, ((part + 1) * pages + parts - 1) / parts);
      lost_in[part][run.fate] += next - page;
      page = next;
    }
  }
  std::string text;
  for (const auto &lost : lost_in) {
    const auto most = std::max_element(
        lost.begin(), lost.end(),
        [](const auto &a, const auto &b) { return a.second < b.second; });
    text += letter_of(most == lost.end() ? Fate::survived : most->first);
  }
  return text;
}

void SeedPoll::add(Page page, std::uint64_t address) {
  const auto name = whole_pattern(page);
  if (name && name->address == address)
    votes[name->seed]++;
}

std::optional<std::uint64_t> SeedPoll::winner() const {
  const auto most = std::max_element(
      votes.begin(), votes.end(),
      [](const auto &a, const auto &b) { return a.second < b.second; });
  if (most == votes.end())
    return {};
  return most->first;
}

} // namespace pmemctl
