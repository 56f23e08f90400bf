// SPDX-License-Identifier: GPL-2.0
#include "size.hpp"

#include "text.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>

namespace pmemctl {

namespace {

constexpr std::string_view Units = "KMGT";

/// Decimal digits and at most one letter; 0 if the text is anything else, or more
/// than @ref MaxAddress. The driver's pmem_parse_number() has the same result.
std::uint64_t parse_number(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++) {
    value = value * 10 + static_cast<unsigned>(text[at] - '0');
    if (value > MaxAddress)
      return 0;
  }
  unsigned shift = 30;
  if (at < text.size()) {
    const char letter = text[at] >= 'a' ? text[at] - ('a' - 'A') : text[at];
    const std::size_t unit = Units.find(letter);
    if (unit == Units.npos || at + 1 < text.size())
      return 0;
    shift = 10 + static_cast<unsigned>(unit) * 10;
  }
  return value > MaxAddress >> shift ? 0 : value << shift;
}

} // namespace

std::uint64_t parse_size(std::string_view text) {
  const std::uint64_t bytes = parse_number(text);
  if (bytes < Align)
    throw std::invalid_argument(printable(text) +
                                ": expected a number of GiB, or one with K, M, "
                                "G or T, from 2M to 4096T");
  const std::uint64_t low = bytes / Align * Align;
  if (low < bytes)
    throw std::invalid_argument(std::string(text) +
                                ": must be a multiple of 2 MiB; use " +
                                std::to_string(low / MiB) + "M or " +
                                std::to_string((low + Align) / MiB) + "M");
  return bytes;
}

void check_count(std::uint64_t size, unsigned count) {
  unsigned fits = count;
  while (size / Align % fits)
    fits--;
  if (fits < count)
    throw std::invalid_argument(std::to_string(count) + ": must divide " +
                                exact(size) + " into multiples of 2 MiB; use " +
                                std::to_string(fits));
}

std::string exact(std::uint64_t bytes) {
  if (!bytes)
    return "0";
  std::string unit;
  for (const char letter : Units) {
    if (bytes % KiB)
      break;
    bytes /= KiB;
    unit = letter;
  }
  return std::to_string(bytes) + unit;
}

std::string rounded(std::uint64_t bytes) {
  double amount = static_cast<double>(bytes);
  std::string unit = "B";
  for (const char letter : Units) {
    if (amount < 1023.95)
      break;
    amount /= KiB;
    unit = letter;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f", amount);
  std::string digits = text.data();
  if (digits.ends_with(".0"))
    digits.resize(digits.size() - 2);
  return digits + unit;
}

std::string hex(std::uint64_t address) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%#llx",
                static_cast<unsigned long long>(address));
  return address ? text.data() : "0x0";
}

} // namespace pmemctl
