// SPDX-License-Identifier: GPL-2.0
/// @file
/// Amounts of memory: read as the driver reads them, and written for people, the
/// kernel and the driver.
#ifndef PMEMCTL_SIZE_HPP
#define PMEMCTL_SIZE_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace pmemctl {

constexpr std::uint64_t KiB = 1ULL << 10;
constexpr std::uint64_t MiB = 1ULL << 20;
constexpr std::uint64_t GiB = 1ULL << 30;
constexpr std::uint64_t TiB = 1ULL << 40;

/// Devices begin and end on multiples of this (PMEM_ALIGN of the driver), in bytes.
constexpr std::uint64_t Align = 2 * MiB;
/// The highest address that the driver knows (PMEM_MAX_ADDRESS), in bytes.
constexpr std::uint64_t MaxAddress = 4096 * TiB;
/// The most devices of one load of the driver (PMEM_MAX_DEVICES).
constexpr unsigned MaxDevices = 1024;

/// Reads an amount as layout.c of the driver does: decimal digits and at most one of
/// K, M, G and T in either case; GiB without a letter.
/// @param text the amount
/// @return bytes, a multiple of @ref Align
/// @throws std::invalid_argument with the text, the reason and the remedy
std::uint64_t parse_size(std::string_view text);

/// Checks that devices of equal size fill a range, as layout.c does.
/// @param size  of the range in bytes
/// @param count of devices, not 0
/// @throws std::invalid_argument with the count and the nearest that fits
void check_count(std::uint64_t size, unsigned count);

/// An amount without loss, for memmap= and for the driver: "32G", "34M".
/// @param bytes a multiple of 1 KiB, or anything (then without a letter)
std::string exact(std::uint64_t bytes);

/// An amount of three or four characters, like lsblk: "32G", "1.5G".
/// @param bytes the amount
std::string rounded(std::uint64_t bytes);

/// A physical address: "0x100000000".
/// @param address the address
std::string hex(std::uint64_t address);

} // namespace pmemctl

#endif
