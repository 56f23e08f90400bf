// SPDX-License-Identifier: GPL-2.0
/// @file
/// Classifies x86 instructions for the plugin.
#ifndef COUNTS_INSTRUCTION_HPP
#define COUNTS_INSTRUCTION_HPP

#include <cstdint>
#include <span>

namespace counts {

/// Whether an instruction writes back a cache line: CLWB, CLFLUSHOPT or CLFLUSH.
/// These are 66 0F AE /6, 66 0F AE /7 and 0F AE /7 with an operand in memory
/// (Intel SDM, volume 2A).
/// @param code all bytes of the instruction
constexpr bool writes_back(std::span<const std::uint8_t> code) {
  bool data_size = false;
  std::size_t at = 0;
  // prefixes: segment overrides, operand size; then REX
  for (; at < code.size(); at++) {
    const std::uint8_t byte = code[at];
    if (byte == 0x66)
      data_size = true;
    else if (byte != 0x2e && byte != 0x36 && byte != 0x3e && byte != 0x26 &&
             byte != 0x64 && byte != 0x65)
      break;
  }
  if (at < code.size() && (code[at] & 0xf0) == 0x40)
    at++;
  if (code.size() < at + 3 || code[at] != 0x0f || code[at + 1] != 0xae)
    return false;
  const std::uint8_t modrm = code[at + 2];
  const unsigned operation = modrm >> 3 & 7;
  const bool in_memory = modrm < 0xc0;
  return in_memory && (operation == 7 || (operation == 6 && data_size));
}

/// Whether an instruction is a repeated string instruction: F2 or F3, then one of
/// A4 to A7 or AA to AF (Intel SDM, volume 2B).
/// @param code all bytes of the instruction
constexpr bool is_repeated(std::span<const std::uint8_t> code) {
  if (code.size() < 2 || (code[0] != 0xf2 && code[0] != 0xf3))
    return false;
  const std::uint8_t operation = code.back();
  return code.size() <= 3 && (code.size() == 2 || (code[1] & 0xf0) == 0x40) &&
         ((operation >= 0xa4 && operation <= 0xa7) ||
          (operation >= 0xaa && operation <= 0xaf));
}

/// What an instruction tells the plugin. The marks are exchanges of a register with
/// itself, no-ops that compilers do not use.
enum class Mark {
  None,
  Total, ///< xchg %r15,%r15: write the counts
  Place, ///< xchg %r14,%r14: also write where the instructions were
};

/// @param code all bytes of the instruction
constexpr Mark mark_of(std::span<const std::uint8_t> code) {
  if (code.size() != 3 || code[0] != 0x4d || code[1] != 0x87)
    return Mark::None;
  if (code[2] == 0xff)
    return Mark::Total;
  return code[2] == 0xf6 ? Mark::Place : Mark::None;
}

/// Makes the plugin write its counts.
inline void mark() { asm volatile("xchg %%r15, %%r15" ::: "memory"); }

/// Makes the plugin write its counts, and to its second file the instructions by
/// address since the last call.
inline void mark_places() { asm volatile("xchg %%r14, %%r14" ::: "memory"); }

} // namespace counts

#endif
