// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of random numbers: reproducible, with the right distributions.
#include "random.hpp"

#include "statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace dax {
namespace {

TEST(Random, IsTheSameFromTheSameSeedEverywhere) {
  Random random(1);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 6; i++)
    numbers.push_back(random.below(1000));
  EXPECT_EQ(numbers,
            (std::vector<std::uint64_t>{528, 462, 930, 246, 384, 409}));
  EXPECT_DOUBLE_EQ(random.unit(), 0.4707521324902324);
  EXPECT_DOUBLE_EQ(random.normal(), -0.35602387416439396);
}

TEST(Random, BelowIsUniform) {
  // 2^64 is 4/3 of the bound, so half of all remainders are in its lowest third
  constexpr std::uint64_t Third = 1ULL << 62;
  Random random(2);
  const double share = share_of([&] { return random.below(3 * Third); },
                                [](std::uint64_t n) { return n < Third; });
  EXPECT_NEAR(share, 1.0 / 3, tolerance(1.0 / 3));
}

TEST(Random, BelowReturnsAllNumbersInRange) {
  Random random(3);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; i++)
    seen.insert(random.below(7));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Random, LognormalHasTheRightQuantiles) {
  Random random(4);
  const auto draw = [&] { return random.lognormal(9.48, 2.46); };
  // the normal distribution at -1, 0, 1 and 2 standard deviations
  const std::pair<double, double> quantiles[] = {
      {-1, 0.158655}, {0, 0.5}, {1, 0.841345}, {2, 0.977250}};
  for (const auto &[deviations, expected] : quantiles) {
    const double limit = std::exp(9.48 + deviations * 2.46);
    EXPECT_NEAR(share_of(draw, [&](double x) { return x < limit; }), expected,
                tolerance(expected));
  }
}

TEST(Random, ParetoHasTheRightTail) {
  Random random(5);
  const auto draw = [&] { return random.pareto(0.91, 512); };
  EXPECT_EQ(share_of(draw, [](double x) { return x >= 512; }), 1);
  for (double factor : {2.0, 10.0, 100.0}) {
    const double expected = std::pow(factor, -0.91);
    EXPECT_NEAR(share_of(draw, [&](double x) { return x > 512 * factor; }),
                expected, tolerance(expected));
  }
}

TEST(Random, LogUniformIsUniformInTheLogarithm) {
  Random random(6);
  const auto draw = [&] { return random.log_uniform(4, 256); };
  EXPECT_EQ(share_of(draw, [](double x) { return x >= 4 && x < 256; }), 1);
  // 64 doubles to 256 in six steps
  for (double doublings = 1; doublings < 6; doublings++) {
    const double expected = doublings / 6;
    const double limit = std::exp2(2 + doublings);
    EXPECT_NEAR(share_of(draw, [&](double x) { return x < limit; }), expected,
                tolerance(expected));
  }
}

} // namespace
} // namespace dax
