// SPDX-License-Identifier: GPL-2.0
/// @file
/// Classifies x86-64 instructions by what they do to the durability of stores.
///
/// Encodings: Intel SDM, volume 2. Prefixes, then REX, then the opcode, then ModRM,
/// SIB and displacement.
#ifndef CRASH_INSTRUCTION_HPP
#define CRASH_INSTRUCTION_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace crash {

/// The address of an operand in memory, before it is computed from registers.
struct Operand {
  static constexpr int None = -1;     ///< instead of a register
  static constexpr int NextCode = -2; ///< the address of the next instruction
  int base = None;                    ///< 0 to 15: rax, rcx, rdx, ... r15
  int index = None;                   ///< 0 to 15
  unsigned scale = 1;
  std::int64_t displacement = 0;

  bool operator==(const Operand &) const = default;

  /// The address.
  /// @param registers rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15
  /// @param next      the address of the next instruction
  std::uint64_t address(const std::array<std::uint64_t, 16> &registers,
                        std::uint64_t next) const {
    std::uint64_t sum = static_cast<std::uint64_t>(displacement);
    if (base == NextCode)
      sum += next;
    else if (base != None)
      sum += registers[static_cast<unsigned>(base)];
    if (index != None)
      sum += registers[static_cast<unsigned>(index)] * scale;
    return sum;
  }
};

/// What an instruction does.
enum class Effect : std::uint8_t {
  none,         ///< nothing that matters, but for stores
  write_back,   ///< CLWB, CLFLUSHOPT or CLFLUSH of one line
  write_all,    ///< WBINVD or WBNOINVD
  fence,        ///< SFENCE or MFENCE
  locked,       ///< a locked operation, which orders as a fence does
  non_temporal, ///< a store that goes around the caches
  mark,         ///< xchg %r13,%r13: a mark of the guest
};

struct Instruction {
  Effect effect = Effect::none;
  /// of write_back; nothing if a segment other than DS has a part in it
  std::optional<Operand> operand;
};

/// @param code all bytes of the instruction
Instruction decode(std::span<const std::uint8_t> code);

} // namespace crash

#endif
