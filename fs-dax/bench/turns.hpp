// SPDX-License-Identifier: GPL-2.0
/// @file
/// Work that is done on several CPUs in a fixed order.
#ifndef PMEM_BENCH_TURNS_HPP
#define PMEM_BENCH_TURNS_HPP

#include <functional>
#include <memory>
#include <vector>

namespace aging {

/// Threads, each on a CPU of its own, that work by turns, one at a time. ext4
/// reserves blocks for each CPU, and on DAX where it looks for blocks first
/// depends on the thread.
class Turns {
public:
  /// Pins the thread that calls, which has the first turn, and starts and pins
  /// the others.
  /// @param count how many threads, that one included
  /// @throws std::invalid_argument when count is 0 or the process may use
  ///         fewer CPUs; std::system_error when a thread cannot be pinned
  explicit Turns(unsigned count);
  ~Turns();
  Turns(const Turns &) = delete;
  Turns &operator=(const Turns &) = delete;

  /// Has the thread whose turn it is do some work, and waits for it.
  /// @throws what the work throws; the turn is over then too
  void run(const std::function<void()> &work);

private:
  class Worker;

  std::vector<std::unique_ptr<Worker>> others;
  std::size_t turn = 0; ///< 0 is of the thread that calls
};

} // namespace aging

#endif
