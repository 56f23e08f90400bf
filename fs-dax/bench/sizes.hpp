// SPDX-License-Identifier: GPL-2.0
/// @file
/// How large files are.
#ifndef PMEM_BENCH_SIZES_HPP
#define PMEM_BENCH_SIZES_HPP

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
  /// Where its numbers are from, in a line.
  std::string_view source;
  /// Draws a size in bytes, of 1 at least and without an upper limit.
  double (*draw)(Random &random);
};

/// All that --distribution can name; the first is the default.
std::span<const Distribution> distributions();

/// @return the distribution of that name, or nullptr
const Distribution *find_distribution(std::string_view name);

/// Draws a size.
/// @param largest in bytes; what is drawn above it becomes that much, because
/// no
///                file can be a large part of the device
/// @return bytes, from 1 to @p largest
std::uint64_t draw_size(const Distribution &distribution, Random &random,
                        std::uint64_t largest);

} // namespace aging

#endif
