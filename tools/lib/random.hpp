// SPDX-License-Identifier: GPL-2.0
/// @file
/// Random numbers: the same seed gives the same numbers on every machine. The
/// standard defines std::mt19937_64 to the last bit, but leaves distributions to
/// each library, so they are here.
#ifndef DAX_RANDOM_HPP
#define DAX_RANDOM_HPP

#include <cstdint>
#include <random>

namespace dax {

/// A sequence of random numbers.
class Random {
public:
  /// @param seed any number; another seed gives another sequence
  explicit Random(std::uint64_t seed) : engine(seed) {}

  /// 64 random bits.
  std::uint64_t bits() { return engine(); }

  /// A whole number in [0, @p bound), each equally likely.
  /// @param bound not 0
  std::uint64_t below(std::uint64_t bound);

  /// A number in [0, 1), in steps of 2^-53.
  double unit();

  /// A number with the standard normal distribution, by the Box-Muller transform
  /// (Annals of Mathematical Statistics 29, 1958).
  double normal();

  /// A number whose natural logarithm is normal with mean @p mu and standard
  /// deviation @p sigma.
  double lognormal(double mu, double sigma);

  /// A number of at least @p scale; it exceeds x with probability
  /// (@p scale / x)^@p shape.
  double pareto(double shape, double scale);

  /// A number in [@p low, @p high) whose logarithm is uniform.
  double log_uniform(double low, double high);

private:
  std::mt19937_64 engine;
};

} // namespace dax

#endif
