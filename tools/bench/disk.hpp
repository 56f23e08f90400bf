// SPDX-License-Identifier: GPL-2.0
/// @file
/// I/O on a block device, for the benchmark.
#ifndef BENCH_DISK_HPP
#define BENCH_DISK_HPP

#include "descriptor.hpp"
#include "meter.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct io_uring;

namespace bench {

enum class Direction { Read, Write };

/// How a disk is read or written.
struct Io {
  Direction direction = Direction::Read;
  std::uint32_t length = 4096; ///< of each I/O, in bytes: a multiple of 4 KiB
  std::uint32_t depth = 0; ///< I/Os in flight; 0: one by pread(2) or pwrite(2)
  bool random = false;     ///< offsets are random, else in sequence
  bool sync = false; ///< each is followed by fdatasync(2); only with depth 0
};

/// A disk, open for direct I/O. Can be moved, not copied.
class Disk {
public:
  /// Bytes at the start of the disk that I/O uses.
  static constexpr std::uint64_t Area = 256 << 20;
  /// The largest length of an I/O, in bytes, and the largest depth.
  static constexpr std::uint32_t MaxLength = 1 << 20;
  static constexpr std::uint32_t MaxDepth = 32;

  /// @param name of the device
  /// @throws std::system_error with the name, if it cannot be opened, is smaller than
  ///         Area, or is in use, for example mounted
  explicit Disk(const std::string &name);

  /// Does I/O. What is written is the last that was read, or zeroes.
  /// @param first number of the first I/O, which decides its offset
  /// @param count number of I/Os
  /// @throws std::system_error with the name, if an I/O fails or is short, or if
  ///         io_uring cannot be set up
  void run(const Io &io, std::uint32_t first, std::uint32_t count);

  /// Zeroes the start of the disk, with BLKZEROOUT.
  /// @param length in bytes, at most Area
  /// @throws std::system_error with the name
  void zero(std::uint64_t length);

private:
  std::uint64_t offset(const Io &io, std::uint32_t index) const;
  void run_one_by_one(const Io &io, std::uint32_t first, std::uint32_t count);
  void run_in_flight(const Io &io, std::uint32_t first, std::uint32_t count);
  void check(std::int64_t result, std::int64_t expected) const;

  std::string name;
  dax::Descriptor file;
  /// one buffer for each I/O in flight
  std::unique_ptr<char, void (*)(char *)> buffers;
  /// set up by the first use: its worker threads make other system calls slower
  std::unique_ptr<io_uring, void (*)(io_uring *)> ring;
};

/// What is measured on a disk.
/// @param disk outlives the result
std::vector<Case> disk_cases(Disk &disk);

} // namespace bench

#endif
