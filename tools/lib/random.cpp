// SPDX-License-Identifier: GPL-2.0
#include "random.hpp"

#include <cmath>
#include <numbers>

namespace dax {

std::uint64_t Random::below(std::uint64_t bound) {
  // Without this, the first 2^64 mod bound values would favour small results.
  const std::uint64_t biased = -bound % bound;
  std::uint64_t value;
  do
    value = engine();
  while (value < biased);
  return value % bound;
}

double Random::unit() { return static_cast<double>(engine() >> 11) * 0x1p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - unit()));
  return radius * std::cos(2 * std::numbers::pi * unit());
}

double Random::lognormal(double mu, double sigma) {
  return std::exp(mu + sigma * normal());
}

double Random::pareto(double shape, double scale) {
  return scale * std::pow(1 - unit(), -1 / shape);
}

double Random::log_uniform(double low, double high) {
  return low * std::pow(high / low, unit());
}

} // namespace dax
