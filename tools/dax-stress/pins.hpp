// SPDX-License-Identifier: GPL-2.0
/// @file
/// Pinned pages of a file, and other files that reuse freed blocks.
#ifndef DAX_STRESS_PINS_HPP
#define DAX_STRESS_PINS_HPP

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

namespace stress {

/// Data of the other files, which no operation writes.
constexpr std::uint64_t BesideWord = 0x4244495345424944;

/// Searches memory for data of the other files, at multiples of 8 bytes.
/// @return its offset, in bytes; nothing if there is none
std::optional<std::size_t> find_beside(std::span<const unsigned char> bytes);

/// Pages pinned by pipes. Each pin ends after some time; then the pages must not
/// have data of another file.
///
/// A thread ends the pins, because truncate can wait for them in the thread that
/// made them.
class Pins {
public:
  /// Starts the thread that ends pins.
  /// @param longest the maximum time of a pin
  explicit Pins(std::chrono::milliseconds longest);

  /// Ends all pins at once.
  ~Pins();
  Pins(const Pins &) = delete;
  Pins &operator=(const Pins &) = delete;

  /// Pins pages with vmsplice(2). The pin outlives their mapping.
  /// @param bytes mapped memory, page-aligned; the first 16 pages are pinned
  /// @param value seed of the time of the pin; half of all pins are short
  /// @return false if nothing is mapped there
  /// @throws std::system_error if a system call fails
  bool add(std::span<unsigned char> bytes, std::uint64_t value);

  /// The first error in a pinned page; nothing if there was none.
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
  void check(Pin pin);

  std::chrono::milliseconds longest;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<Pin> pins;
  std::optional<std::string> wrong;
  bool stop = false;
  std::thread thread;
};

/// Writes and removes files of @ref BesideWord forever, so that freed blocks are
/// reused.
/// @param directory on the filesystem to fill
/// @param reserve   number of bytes to leave free
/// @throws std::system_error if a system call fails
[[noreturn]] void write_beside_forever(const std::string &directory,
                                       std::uint64_t reserve);

/// Removes these files.
/// @param directory that they are in
void remove_beside(const std::string &directory);

} // namespace stress

#endif
