// SPDX-License-Identifier: GPL-2.0
/// @file
/// The ways in which programs fill a file.
#ifndef AGING_WAYS_HPP
#define AGING_WAYS_HPP

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
  /// Its steps, in one line.
  std::string_view description;
  /// Plans the steps; call @ref steps_of instead, which checks the size.
  std::vector<Step> (*plan)(std::uint64_t size, dax::Random &random);
};

/// All ways; names are unique.
std::span<const Way> ways();

/// @return the way with a name, or nullptr
const Way *find_way(std::string_view name);

/// Plans the steps that fill a new file, so that it has its size and no hole. They
/// depend on the arguments only.
/// @param way    to fill the file
/// @param size   of the file, in bytes: a multiple of 2 MiB, not 0
/// @param random random numbers for the way
/// @throws std::invalid_argument for another size
std::vector<Step> steps_of(const Way &way, std::uint64_t size,
                           dax::Random &random);

} // namespace aging

#endif
