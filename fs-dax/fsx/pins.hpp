// SPDX-License-Identifier: GPL-2.0
/// @file
/// Pages of a file that are pinned for a while, and another file that wants
/// their blocks.
#ifndef FSX_PINS_HPP
#define FSX_PINS_HPP

#include "descriptor.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

namespace fsx {

/// What @ref write_beside_for_ever writes, and no operation does.
constexpr std::uint64_t BesideWord = 0x4244495345424944;

/// Finds a word of the other files in memory, at any multiple of 8 bytes.
/// @return its offset in bytes
std::optional<std::size_t> find_beside(std::span<const unsigned char> bytes);

/// Pins of pages by pipes, each of which ends after a while, when what the
/// pages hold is looked at: it must not be of another file.
///
/// The pins end by themselves, because truncate waits for them in the thread
/// that has them.
class Pins {
public:
  /// Starts the thread that ends pins.
  /// @param longest how long a pin lasts at most
  explicit Pins(std::chrono::milliseconds longest);

  /// Ends all pins at once.
  ~Pins();
  Pins(const Pins &) = delete;
  Pins &operator=(const Pins &) = delete;

  /// Pins pages by vmsplice(2), which need not be mapped any longer after that.
  /// @param bytes mapped memory, page-aligned; the first 16 pages are pinned
  /// @param value chooses how long the pin lasts; half of them end soon
  /// @return whether there was something to pin: not where nothing is mapped
  /// @throws std::system_error when a system call fails
  bool add(std::span<unsigned char> bytes, std::uint64_t value);

  /// What was wrong with a page that was pinned; nothing when all were right.
  std::optional<std::string> mismatch();

private:
  using Clock = std::chrono::steady_clock;
  struct Pin {
    dax::Descriptor read_end;
    dax::Descriptor write_end;
    std::size_t length;
    Clock::time_point end;
  };

  void run();
  void look_at(Pin pin);

  std::chrono::milliseconds longest;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<Pin> pins;
  std::optional<std::string> wrong;
  bool stop = false;
  std::thread thread;
};

/// Writes and removes files for ever, with nothing but @ref BesideWord in them,
/// so that blocks which become free are used.
/// @param directory on the filesystem to fill
/// @param reserve how many bytes to leave free
/// @throws std::system_error when a system call fails
[[noreturn]] void write_beside_for_ever(const std::string &directory,
                                        std::uint64_t reserve);

/// Removes what that has left.
/// @param directory the same
void remove_beside(const std::string &directory);

} // namespace fsx

#endif
