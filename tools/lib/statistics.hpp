// SPDX-License-Identifier: GPL-2.0
/// @file
/// For tests of random numbers: how often a condition holds.
#ifndef DAX_STATISTICS_HPP
#define DAX_STATISTICS_HPP

#include <cmath>

namespace dax {

constexpr unsigned Draws = 200000;

/// The share of draws that satisfy a condition, from 0 to 1.
/// @param draw      returns the next draw
/// @param condition takes a draw
/// @param draws     the number of draws
template <class Draw, class Condition>
double share_of(Draw draw, Condition condition, unsigned draws = Draws) {
  unsigned count = 0;
  for (unsigned i = 0; i < draws; i++)
    count += condition(draw());
  return static_cast<double>(count) / draws;
}

/// Five standard deviations of such a share. Random deviations do not exceed it,
/// and with a fixed seed, a test that passes once always passes.
/// @param share expected, from 0 to 1
/// @param draws the number of draws
inline double tolerance(double share, unsigned draws = Draws) {
  return 5 * std::sqrt(share * (1 - share) / draws);
}

} // namespace dax

#endif
