// SPDX-License-Identifier: GPL-2.0
/// @file
/// Runs functions on several CPUs in a fixed order.
#ifndef AGING_TURNS_HPP
#define AGING_TURNS_HPP

#include <functional>
#include <memory>
#include <vector>

namespace aging {

/// The number of CPUs that this process can use.
/// @throws std::system_error if sched_getaffinity(2) fails
unsigned usable_cpus();

/// Threads on different CPUs that run in turn, one at a time. ext4 preallocates
/// blocks per CPU, and with DAX, the thread decides where it searches for blocks
/// first.
class Turns {
public:
  /// Pins the calling thread, which runs first, and starts and pins the others.
  /// @param count number of threads, including the calling one
  /// @throws std::invalid_argument if @p count is 0 or exceeds the number of CPUs
  ///         that the process can use
  /// @throws std::system_error if a thread cannot be pinned
  explicit Turns(unsigned count);
  ~Turns();
  Turns(const Turns &) = delete;
  Turns &operator=(const Turns &) = delete;

  /// Runs a function in the next thread, and waits for its end.
  /// @param work the function
  /// @throws the exceptions of @p work; they end the turn too
  void run(const std::function<void()> &work);

private:
  class Worker;

  std::vector<std::unique_ptr<Worker>> others;
  std::size_t turn = 0; ///< 0 is the calling thread
};

} // namespace aging

#endif
