// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the first and the last bytes of a device say that it holds.
#ifndef PMEMCTL_SIGNATURE_HPP
#define PMEMCTL_SIGNATURE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pmemctl {

/// The bytes to read for @ref signature_in.
constexpr std::size_t SignatureBytes = 256 << 10;

/// The bytes to read for @ref signature_at_end.
constexpr std::size_t EndBytes = 128 << 10;

/// Looks for a filesystem, a partition table, swap space, LVM, LUKS or RAID.
/// @param head the first @ref SignatureBytes of the device, or all if it has fewer
/// @return a name in the manner of blkid: "ext4", "xfs", "gpt"; empty if there is none
std::string signature_in(std::string_view head);

/// Looks for RAID of the versions whose superblock is at the end: 0.90 and 1.0.
/// @param tail the last @ref EndBytes of the device, or all if it has fewer
/// @param size of the device in bytes
/// @return "linux_raid_member", or empty
std::string signature_at_end(std::string_view tail, std::uint64_t size);

} // namespace pmemctl

#endif
