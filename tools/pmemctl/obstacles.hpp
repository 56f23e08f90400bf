// SPDX-License-Identifier: GPL-2.0
/// @file
/// What is in the way of a range of reserved memory.
#ifndef PMEMCTL_OBSTACLES_HPP
#define PMEMCTL_OBSTACLES_HPP

#include "machine.hpp"
#include "size.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pmemctl {

/// The end of the memory that old devices and the start of the kernel need.
constexpr std::uint64_t LowEnd = 4 * GiB;

/// Memory that is not for the range.
struct Blocker {
  Range range;
  std::string reason;
};

/// Whether a line of /proc/iomem without indent is neither RAM of the kernel nor memory
/// that is reserved only.
/// @param resource the line
bool is_foreign(const Resource &resource);

/// Whether crashkernel=size@start fixes the place of the crash kernel.
/// @param machine the machine
bool has_fixed_crash_kernel(const Machine &machine);

/// What the next boot puts into the same place again: devices below 4 GiB, the initial
/// RAM disk, drivers.
/// @param machine the machine
std::vector<Blocker> fixed_blockers(const Machine &machine);

/// What the next boot puts elsewhere, because it knows memmap=: a kernel with KASLR,
/// and the crash kernel.
/// @param machine the machine
std::vector<Blocker> moving_blockers(const Machine &machine);

} // namespace pmemctl

#endif
