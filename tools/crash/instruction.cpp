// SPDX-License-Identifier: GPL-2.0
#include "instruction.hpp"

#include <cstring>

namespace crash {

namespace {

/// The parts in front of the opcode.
struct Prefixes {
  bool lock = false;
  bool operand_size = false; ///< 66
  bool segment = false;      ///< FS or GS
  bool repeat = false;       ///< F2 or F3
  std::uint8_t rex = 0;
};

/// Takes the prefixes off the code.
Prefixes take_prefixes(std::span<const std::uint8_t> &code) {
  Prefixes prefixes;
  for (; !code.empty(); code = code.subspan(1)) {
    switch (code[0]) {
    case 0xf0:
      prefixes.lock = true;
      continue;
    case 0x66:
      prefixes.operand_size = true;
      continue;
    case 0x64:
    case 0x65:
      prefixes.segment = true;
      continue;
    case 0xf2:
    case 0xf3:
      prefixes.repeat = true;
      continue;
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
      continue;
    }
    break;
  }
  if (!code.empty() && (code[0] & 0xf0) == 0x40) {
    prefixes.rex = code[0];
    code = code.subspan(1);
  }
  return prefixes;
}

/// The operand in memory of ModRM and what follows.
/// @param code begins with ModRM; mod is not 3
std::optional<Operand> operand_of(std::span<const std::uint8_t> code,
                                  std::uint8_t rex) {
  Operand operand;
  const unsigned mod = code[0] >> 6, rm = code[0] & 7;
  std::size_t at = 1;
  unsigned base = rm;
  if (rm == 4) {
    if (code.size() < 2)
      return std::nullopt;
    const std::uint8_t sib = code[at++];
    const int index = (sib >> 3 & 7) | (rex & 2) << 2;
    if (index != 4)
      operand.index = index;
    operand.scale = 1U << (sib >> 6);
    base = sib & 7;
  }
  std::size_t size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
  if (mod == 0 && base == 5) {
    size = 4;
    operand.base = rm == 5 ? Operand::NextCode : Operand::None;
  } else {
    operand.base = static_cast<int>(base | (rex & 1U) << 3);
  }
  if (code.size() < at + size)
    return std::nullopt;
  if (size == 1) {
    operand.displacement = static_cast<std::int8_t>(code[at]);
  } else if (size == 4) {
    std::int32_t displacement;
    std::memcpy(&displacement, code.data() + at, 4);
    operand.displacement = displacement;
  }
  return operand;
}

/// An instruction with the opcode 0F AE: fences and write-backs.
Instruction decode_0fae(std::span<const std::uint8_t> code,
                        const Prefixes &prefixes) {
  const unsigned operation = code[0] >> 3 & 7;
  if (code[0] >= 0xc0) {
    const bool fences =
        !prefixes.operand_size && !prefixes.repeat && operation >= 6;
    return {fences ? Effect::fence : Effect::none, std::nullopt};
  }
  const bool writes_back =
      !prefixes.repeat &&
      (operation == 7 || (operation == 6 && prefixes.operand_size));
  if (!writes_back)
    return {};
  return {Effect::write_back,
          prefixes.segment ? std::nullopt : operand_of(code, prefixes.rex)};
}

/// A VEX-coded VMOVNTPS, VMOVNTPD or VMOVNTDQ.
/// @param code begins with C4 or C5
bool is_vex_non_temporal(std::span<const std::uint8_t> code) {
  if (code[0] == 0xc5)
    return code.size() > 2 && (code[2] == 0x2b || code[2] == 0xe7);
  return code.size() > 3 && (code[1] & 0x1f) == 1 &&
         (code[3] == 0x2b || code[3] == 0xe7);
}

} // namespace

Instruction decode(std::span<const std::uint8_t> code) {
  const Prefixes prefixes = take_prefixes(code);
  if (code.empty())
    return {};
  if (prefixes.lock)
    return {Effect::locked, std::nullopt};
  if (code.size() > 1 && (code[0] == 0x86 || code[0] == 0x87)) {
    if (code[1] < 0xc0)
      return {Effect::locked, std::nullopt}; // XCHG with memory locks
    const bool mark =
        prefixes.rex == 0x4d && code[0] == 0x87 && code[1] == 0xed;
    return {mark ? Effect::mark : Effect::none, std::nullopt};
  }
  if (code[0] == 0xc4 || code[0] == 0xc5)
    return {is_vex_non_temporal(code) ? Effect::non_temporal : Effect::none,
            std::nullopt};
  if (code[0] != 0x0f || code.size() < 2)
    return {};
  if (code[1] == 0x09)
    return {Effect::write_all, std::nullopt};
  if (code.size() < 3)
    return {};
  switch (code[1]) {
  case 0xae:
    return decode_0fae(code.subspan(2), prefixes);
  case 0x2b: // MOVNTPS, MOVNTPD
  case 0xc3: // MOVNTI
  case 0xe7: // MOVNTQ, MOVNTDQ
    return {Effect::non_temporal, std::nullopt};
  }
  return {};
}

} // namespace crash
