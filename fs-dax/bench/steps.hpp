// SPDX-License-Identifier: GPL-2.0
/// @file
/// The system calls that give a file its blocks.
#ifndef PMEM_BENCH_STEPS_HPP
#define PMEM_BENCH_STEPS_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace aging {

/// One system call on a file, or one run of stores to it.
struct Step {
  enum class Kind {
    allocate, ///< fallocate() of the range
    write,    ///< one pwrite() of the range
    set_size, ///< ftruncate() to offset bytes
    sync,     ///< fsync()
    store,    ///< map the range, store to each 4 KiB page in order, unmap
  };
  Kind kind;
  std::uint64_t offset = 0; ///< in bytes; of a store, a multiple of 4 KiB
  std::uint64_t length = 0; ///< in bytes

  bool operator==(const Step &) const = default;
};

/// Does steps to files.
class Stepper {
public:
  /// Does one step. A write that the kernel does in parts is continued.
  /// @param fd   the file, open for reading and writing; for writing where the
  ///             step is no store
  /// @param name of the file, for the message of an error
  /// @throws std::system_error with the name and what was tried; ENOSPC when
  ///         the filesystem is full
  void apply(int fd, const std::string &name, const Step &step);

private:
  void write(int fd, const std::string &name, const Step &step);

  std::vector<char> data; ///< what is written, as long as the longest write
};

} // namespace aging

#endif
