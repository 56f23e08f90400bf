// SPDX-License-Identifier: GPL-2.0
/// @file
/// Random numbers that are the same from the same seed, everywhere: the
/// standard defines std::mt19937_64 to the last bit, but leaves the
/// distributions on top of it to each library.
#ifndef PMEM_BENCH_RANDOM_HPP
#define PMEM_BENCH_RANDOM_HPP

#include <cstdint>
#include <random>

namespace aging {

class Random {
public:
  /// @param seed any number; each gives a sequence of its own
  explicit Random(std::uint64_t seed) : engine(seed) {}

  /// A whole number in [0, @p bound), each equally likely.
  /// @param bound not 0
  std::uint64_t below(std::uint64_t bound);

  /// A number in [0, 1), in steps of 2^-53.
  double unit();

  /// A number with the standard normal distribution, by the transform of Box
  /// and Muller (Annals of Mathematical Statistics 29, 1958).
  double normal();

  /// A number whose natural logarithm is normal with mean @p mu and standard
  /// deviation @p sigma.
  double lognormal(double mu, double sigma);

  /// A number that is above x with the probability (@p scale / x)^@p shape, for
  /// every x from @p scale on.
  double pareto(double shape, double scale);

  /// A number in [@p low, @p high) whose logarithm is uniform.
  double log_uniform(double low, double high);

private:
  std::mt19937_64 engine;
};

} // namespace aging

#endif
