// SPDX-License-Identifier: GPL-2.0
/// @file
/// Writes and reads the pattern of "pmemctl survival" on an open device.
#ifndef PMEMCTL_SURVIVAL_IO_HPP
#define PMEMCTL_SURVIVAL_IO_HPP

#include "range.hpp"
#include "survival.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace pmemctl {

/// Is told how many bytes are done, after each of some MiB.
using Progress = std::function<void(std::uint64_t done)>;

/// An open device or file, for error messages with its name.
struct OpenDevice {
  int fd;
  std::string name;
};

/// What a device holds. Pages with the pattern of an earlier run are no loss, and could
/// look like anything.
/// @param device open for reading; O_DIRECT is allowed
/// @param size   of the device, in whole pages
/// @return a name as of @ref signature_in, or that memory there is bad; empty if there
///         is nothing
/// @throws std::system_error if reading fails for another reason than bad memory
std::string signature_on(const OpenDevice &device, std::uint64_t size);

/// Fills a device, and waits until the contents are out of the CPU caches.
/// @param device   open for writing; O_DIRECT is allowed
/// @param memory   physical addresses of its bytes, in whole pages
/// @param seed     of the pattern
/// @param progress is told of progress
/// @throws std::system_error if writing fails
void write_pattern(const OpenDevice &device, const Range &memory,
                   std::uint64_t seed, const Progress &progress);

/// The seed of the pattern on a device: that of most pages of a sample, or else of
/// the first page that has any.
/// @param device open for reading
/// @param memory physical addresses of its bytes
/// @return nothing if no page has a pattern with its own address
std::optional<std::uint64_t> find_seed(const OpenDevice &device,
                                       const Range &memory);

/// Judges all pages of a device.
/// @param device   open for reading
/// @param memory   physical addresses of its bytes
/// @param seed     of the pattern
/// @param progress is told of progress
/// @throws std::system_error if reading fails for another reason than bad memory
Survival check_pattern(const OpenDevice &device, const Range &memory,
                       std::uint64_t seed, const Progress &progress);

} // namespace pmemctl

#endif
