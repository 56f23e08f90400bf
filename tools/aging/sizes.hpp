// SPDX-License-Identifier: GPL-2.0
/// @file
/// Distributions of file sizes.
#ifndef AGING_SIZES_HPP
#define AGING_SIZES_HPP

#include "random.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace aging {

constexpr std::uint64_t KiB = 1ULL << 10;
constexpr std::uint64_t MiB = 1ULL << 20;

/// A distribution of file sizes.
struct Distribution {
  std::string_view name;
  /// The source of its numbers, in one line.
  std::string_view source;
  /// Draws a size in bytes, without limits.
  double (*draw)(dax::Random &random);
};

/// All distributions; the first is the default.
std::span<const Distribution> distributions();

/// @return the distribution with a name, or nullptr
const Distribution *find_distribution(std::string_view name);

/// Draws a size.
/// @param distribution to draw from
/// @param random       random numbers for it
/// @param largest      in bytes; larger sizes become this size
/// @return bytes, from 1 to @p largest
std::uint64_t draw_size(const Distribution &distribution, dax::Random &random,
                        std::uint64_t largest);

} // namespace aging

#endif
