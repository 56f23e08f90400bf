// SPDX-License-Identifier: GPL-2.0
/// @file
/// Plays a script on real files.
#ifndef CRASH_PLAYER_HPP
#define CRASH_PLAYER_HPP

#include "script.hpp"

#include <string>
#include <thread>
#include <vector>

namespace crash {

/// Plays steps in a directory.
class Player {
public:
  /// @param directory that the names of steps are below
  explicit Player(std::string directory) : directory(std::move(directory)) {}
  ~Player();
  Player(const Player &) = delete;
  Player &operator=(const Player &) = delete;

  /// Plays one step.
  /// @param step   what to do
  /// @param number of the step, which chooses the bytes to write
  /// @throws std::system_error if a system call fails
  void play(const Step &step, std::uint64_t number);

private:
  std::string full(const std::string &name) const {
    return directory + "/" + name;
  }
  void write(const Step &step, std::uint64_t number, int flags);
  void store(const Step &step, std::uint64_t number, bool flush);
  void touch(const Step &step);

  std::string directory;
  std::vector<std::jthread> threads; ///< that fault pages
};

} // namespace crash

#endif
