// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of sets of addresses, against a model of one bit for each address.
#include "range.hpp"

#include "random.hpp"

#include <gtest/gtest.h>

#include <bitset>

namespace pmemctl {
namespace {

using Bits = std::bitset<64>;

Bits bits_of(const Ranges &ranges) {
  Bits bits;
  for (const Range &range : ranges)
    for (std::uint64_t i = range.start; i < range.end; i++)
      bits.set(i);
  return bits;
}

std::vector<Range> some(dax::Random &random) {
  std::vector<Range> ranges;
  for (std::uint64_t n = random.below(5); n; n--) {
    const std::uint64_t start = random.below(64);
    ranges.push_back({start, start + random.below(65 - start)});
  }
  return ranges;
}

TEST(Ranges, BehaveLikeSets) {
  dax::Random random(1);
  for (int i = 0; i < 2000; i++) {
    const std::vector<Range> one = some(random), other = some(random);
    const Ranges a = merged(one), b = merged(other);
    EXPECT_EQ(bits_of(a), bits_of(one));
    EXPECT_EQ(bits_of(without(a, b)), bits_of(a) & ~bits_of(b));
    EXPECT_EQ(bits_of(common(a, b)), bits_of(a) & bits_of(b));
    EXPECT_EQ(size_of(a), bits_of(a).count());
    for (std::size_t n = 1; n < a.size(); n++)
      EXPECT_LT(a[n - 1].end, a[n].start);
    for (const Range &range : a) {
      EXPECT_TRUE(contains(a, range));
      EXPECT_FALSE(contains(a, {range.start, range.end + 1}));
    }
  }
}

} // namespace
} // namespace pmemctl
