// SPDX-License-Identifier: GPL-2.0
/// @file
/// Ways in which programs fill a file.
#ifndef PMEM_BENCH_WAYS_HPP
#define PMEM_BENCH_WAYS_HPP

#include "random.hpp"
#include "steps.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace aging {

/// A way to fill a file.
struct Way {
  std::string_view name;
  /// What it does, in a line.
  std::string_view what;
  /// Plans the steps; call @ref steps_of instead, which checks the size.
  std::vector<Step> (*plan)(std::uint64_t size, Random &random);
};

/// All ways; names are unique.
std::span<const Way> ways();

/// @return the way of that name, or nullptr
const Way *find_way(std::string_view name);

/// The steps that fill a new file. Afterwards the file has its size and no
/// hole. They depend on the arguments alone.
/// @param size   of the file, in bytes: a multiple of 2 MiB, not 0
/// @param random where the way draws its random numbers from, if it has any
/// @throws std::invalid_argument for another size
std::vector<Step> steps_of(const Way &way, std::uint64_t size, Random &random);

} // namespace aging

#endif
