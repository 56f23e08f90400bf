// SPDX-License-Identifier: GPL-2.0
/// @file
/// The trace: what the plugin writes and the explorer reads.
///
/// A trace is a file of records in the order of the guest, which runs on one thread of
/// the host. The numbers are little-endian.
#ifndef CRASH_RECORD_HPP
#define CRASH_RECORD_HPP

#include <array>
#include <cstdint>

namespace crash {

/// Size of a cache line, in bytes.
constexpr std::uint64_t Line = 64;

enum class Kind : std::uint8_t {
  store,        ///< through the caches
  non_temporal, ///< a store around the caches
  write_back,   ///< of the line of the address
  write_all,    ///< of all lines
  fence,
  locked, ///< a locked operation
  mark,   ///< the address is the number that the guest tells
};

/// What a CPU has done.
struct Record {
  std::uint64_t address; ///< in the traced range, in bytes
  std::uint64_t code;    ///< virtual address of the instruction
  Kind kind;
  std::uint8_t cpu;
  std::uint8_t size; ///< of a store, in bytes: at most 16
  std::array<std::uint8_t, 5> unused;
  std::array<std::uint8_t, 16> data; ///< of a store
};
static_assert(sizeof(Record) == 40);

/// The numbers that marks tell: a step of the script begins, or has ended.
constexpr std::uint64_t mark_begin(std::uint64_t step) { return step * 2; }
constexpr std::uint64_t mark_end(std::uint64_t step) { return step * 2 + 1; }
/// The plugin saves the traced range, and begins to write records.
constexpr std::uint64_t MarkStart = ~0ULL;
/// The plugin writes no more records.
constexpr std::uint64_t MarkStop = ~1ULL;
/// Recovery begins: the plugin notes the lines that are loaded until MarkStop.
constexpr std::uint64_t MarkRecover = ~2ULL;

/// Tells a number to the plugin. Without a plugin, nothing happens.
inline void mark(std::uint64_t number) {
  asm volatile("xchg %%r13, %%r13" : : "a"(number) : "memory");
}

} // namespace crash

#endif
