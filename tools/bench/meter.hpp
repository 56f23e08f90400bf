// SPDX-License-Identifier: GPL-2.0
/// @file
/// Measures operations: the instructions that they take, or the time.
#ifndef BENCH_METER_HPP
#define BENCH_METER_HPP

#include "counter.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace bench {

constexpr std::uint32_t KiB = 1024, MiB = 1024 * KiB;

/// Measurements of which the median counts, so that a few with an interrupt do not. In
/// a guest with -icount, a repetition of a string instruction takes 1 ns of its time, and
/// a timer interrupts it each 4 ms: a measurement has to move less than 1 MiB or so.
constexpr std::uint32_t Samples = 21;

/// A random number that is the same for all peers: a multiple of 2^32 divided by the
/// golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
/// @param index number of the operation
/// @return 28 bits
constexpr std::uint32_t scattered(std::uint32_t index) {
  return (index + 1) * 2654435769 >> 4;
}

/// What is measured.
struct Case {
  std::string name;
  std::uint32_t batch = 1; ///< operations that are measured together
  std::uint32_t timed = 1; ///< batches that take long enough to be timed
  /// called before the measurements, and not measured; may be empty
  std::function<void()> prepare;
  /// does @a count operations; @a first is the number of the first one
  std::function<void(std::uint32_t first, std::uint32_t count)> run;
};

/// Instructions per operation.
struct Cost {
  double kernel = 0; ///< without copy
  double copy = 0;   ///< of functions that only move or zero data, in loops
  double user = 0;
  std::map<std::string, std::uint64_t> functions; ///< for all operations
};

/// Divides instructions by what they are for.
/// @param functions the instructions of each kernel function, and of "user"
/// @param count     number of operations, not 0
Cost cost_of(std::map<std::string, std::uint64_t> functions,
             std::uint32_t count);

/// Prints measurements as lines of fields that commas separate: case, peer, round, and
/// per operation the instructions of the kernel without copies, of these, of both and of
/// user space; or the nanoseconds.
class Meter {
public:
  /// Prints the names of the fields.
  /// @param counts    file that the plugin writes; empty to take the time
  /// @param functions file for the instructions of each kernel function; empty for
  ///                  none
  /// @throws std::runtime_error or std::system_error like @ref counts::Counter, or
  ///         std::system_error if @p functions cannot be written
  Meter(const std::string &counts, const std::string &functions);

  /// Measures a case and prints a line.
  /// @throws what the case throws, or @ref counts::Counter
  void measure(const Case &each, const std::string &peer, unsigned round);

private:
  void count_instructions(const std::string &row, const Case &each);

  std::optional<counts::Counter> counter;
  std::ofstream functions;
  std::string functions_name;
};

} // namespace bench

#endif
