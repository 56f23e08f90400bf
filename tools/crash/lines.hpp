// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which bytes of memory a reset keeps: simulates the caches while a trace is read. What is
/// in caches when it begins counts as durable.
///
/// The rules, with where they come from:
/// - A store through the caches can reach memory at any time, or not before its line has
///   been written back and the CPU that did so has executed a fence (Intel SDM, volume 2A,
///   CLWB and CLFLUSHOPT; AMD64 APM, volume 3). CLFLUSH itself needs
///   no fence; here it does.
/// - A store around the caches can reach memory at any time, or not before the CPU that
///   did it has executed a fence (SDM, volume 1, "Caching of Temporal vs. Non-Temporal
///   Data").
/// - 8 aligned bytes are stored at once (SDM, volume 3A, "Guaranteed Atomic Operations"); a
///   longer store counts as several.
/// - Stores to one line reach memory in their order (SDM, volume 3A, "Memory Ordering"; for
///   stores around the caches this is an assumption: buffers can be written in parts).
/// - A fence is SFENCE or MFENCE. Locked operations order too, but a program that lacks
///   its fence and passes a lock by accident is wrong; they count on request.
#ifndef CRASH_LINES_HPP
#define CRASH_LINES_HPP

#include "record.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace crash {

using LineBytes = std::array<std::uint8_t, Line>;

/// A store to a line that a reset keeps or not: at most 8 aligned bytes of it.
struct Pending {
  std::uint64_t mask; ///< a bit for each byte of the line that it stores
  LineBytes bytes;
  std::uint64_t code;      ///< address of the instruction
  std::uint64_t completed; ///< by a fence of these CPUs, a bit each
  std::uint64_t order;     ///< number of its record in the trace
  bool non_temporal;       ///< went around the caches
};

/// A state: how many of its pending stores each line keeps. Lines that keep none are left
/// out.
using Choice = std::map<std::uint64_t, std::size_t>;

/// Memory, and the stores that are in caches.
class Lines {
public:
  /// @param image        the memory at the start of the trace: a multiple of 64 bytes
  /// @param trust_locked whether locked operations are fences
  Lines(std::vector<std::uint8_t> image, bool trust_locked);

  /// Whether a record makes a store durable that was not. What memory can be before it
  /// is then worth a look.
  bool completes(const Record &record) const;

  /// Goes on by one record.
  void apply(const Record &record);

  /// What memory holds if no store in caches has reached it.
  const std::vector<std::uint8_t> &image() const { return durable; }

  /// The stores of each line that are not durable, oldest first. The key is the number
  /// of the line.
  const std::map<std::uint64_t, std::vector<Pending>> &pending() const {
    return lines;
  }

  /// A line with its first @p count pending stores.
  LineBytes line(std::uint64_t number, std::size_t count) const;

  /// Identifies the memory with a choice of stores: equal memory has equal numbers.
  std::uint64_t hash(const Choice &choice) const;

private:
  bool is_fence(const Record &record) const;
  void store(const Record &record);
  void complete(std::uint64_t cpus);

  std::vector<std::uint8_t> durable;
  std::map<std::uint64_t, std::vector<Pending>> lines;
  std::uint64_t sum = 0; ///< of the hashes of all durable lines
  std::uint64_t records = 0;
  bool trust_locked;
};

} // namespace crash

#endif
