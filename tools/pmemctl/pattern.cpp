// SPDX-License-Identifier: GPL-2.0
#include "pattern.hpp"

#include <algorithm>
#include <cstring>

namespace pmemctl {

namespace {

constexpr std::size_t Words = PageSize / 8;

/// "pmemctl1" in the memory of a little-endian machine.
constexpr std::uint64_t Mark = 0x316c74636d656d70;

/// The output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

constexpr std::uint64_t Step = 0x9e3779b97f4a7c15;

std::uint64_t checksum(const PatternName &name) {
  return mix(mix(Mark + name.seed) + name.address);
}

} // namespace

void fill_page(const PatternName &name,
               std::span<std::uint64_t, PageSize / 8> page) {
  page[0] = Mark;
  page[1] = name.seed;
  page[2] = name.address;
  page[3] = checksum(name);
  std::uint64_t state = page[3];
  for (std::size_t i = 4; i < Words; i++)
    page[i] = mix(state += Step);
}

const char *name_of(Fate fate) {
  switch (fate) {
  case Fate::survived:
    return "survived";
  case Fate::zeroes:
    return "zeroes";
  case Fate::partial:
    return "partial";
  case Fate::stale:
    return "stale";
  case Fate::other:
    return "other";
  case Fate::unreadable:
    return "unreadable";
  }
  return "";
}

std::optional<PatternName> whole_pattern(Page page) {
  const PatternName name{page[1], page[2]};
  if (page[0] != Mark || page[3] != checksum(name))
    return {};
  std::array<std::uint64_t, Words> expected;
  fill_page(name, expected);
  if (!std::equal(page.begin(), page.end(), expected.begin()))
    return {};
  return name;
}

Fate judge(Page page, const PatternName &name) {
  std::array<std::uint64_t, Words> expected;
  fill_page(name, expected);
  if (std::memcmp(page.data(), expected.data(), PageSize) == 0)
    return Fate::survived;
  if (std::all_of(page.begin(), page.end(), [](auto word) { return !word; }))
    return Fate::zeroes;
  if (whole_pattern(page))
    return Fate::stale;
  std::size_t same = 0;
  for (std::size_t i = 0; i < Words; i++)
    same += page[i] == expected[i];
  return same >= Words / 8 ? Fate::partial : Fate::other;
}

} // namespace pmemctl
