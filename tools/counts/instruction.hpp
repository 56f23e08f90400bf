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

/// Whether an instruction is that of mark(): xchg %r15,%r15, a no-op that compilers
/// do not use.
/// @param code all bytes of the instruction
constexpr bool is_mark(std::span<const std::uint8_t> code) {
  return code.size() == 3 && code[0] == 0x4d && code[1] == 0x87 &&
         code[2] == 0xff;
}

/// Makes the plugin write its counts.
inline void mark() { asm volatile("xchg %%r15, %%r15" ::: "memory"); }

} // namespace counts

#endif
