// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the first bytes of a device say that it holds.
#ifndef PMEMCTL_SIGNATURE_HPP
#define PMEMCTL_SIGNATURE_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace pmemctl {

/// The bytes to read for @ref signature_in.
constexpr std::size_t SignatureBytes = 128 << 10;

/// Looks for a filesystem, a partition table, swap space, LVM, LUKS or RAID.
/// @param head the first @ref SignatureBytes of the device, or all if it has fewer
/// @return a name in the manner of blkid: "ext4", "xfs", "gpt"; empty if there is none
std::string signature_in(std::string_view head);

} // namespace pmemctl

#endif
