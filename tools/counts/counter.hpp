// SPDX-License-Identifier: GPL-2.0
/// @file
/// Reads the counts of the plugin in the guest.
#ifndef COUNTS_COUNTER_HPP
#define COUNTS_COUNTER_HPP

#include "symbols.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace counts {

/// The counts between two marks, see plugin.cpp.
struct Counts {
  std::uint64_t instructions = 0;
  std::uint64_t written_back = 0;
  std::uint64_t by_all = 0; ///< instructions on all CPUs
};

/// Reads the lines of the plugin, one per mark.
class Counter {
public:
  /// Pins this process to one CPU, because the plugin counts per CPU.
  /// @param name of the file that the plugin writes
  /// @throws std::runtime_error if it cannot be read
  /// @throws std::system_error if the process cannot be pinned
  explicit Counter(const std::string &name);

  /// Counts while a function runs.
  /// @throws std::runtime_error if the plugin did not write a line
  Counts count(const std::function<void()> &body);

  /// Counts the instructions of each kernel function while a function runs, on all
  /// CPUs. Those of user space are in "user".
  /// @throws std::runtime_error if the plugin did not write them, or if this
  ///         process cannot read /proc/kallsyms
  std::map<std::string, std::uint64_t>
  count_by_function(const std::function<void()> &body);

  /// Lets this process run on all CPUs. Then only Counts::by_all and
  /// count_by_function() are right.
  /// @throws std::system_error if that fails
  void use_all_cpus();

private:
  Counts next();

  std::ifstream lines;
  std::string places_name;
  std::optional<Symbols> symbols; ///< read by the first use
};

} // namespace counts

#endif
