// SPDX-License-Identifier: GPL-2.0
/// @file
/// The steps that fill a file.
#ifndef AGING_STEPS_HPP
#define AGING_STEPS_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace aging {

/// One system call on a file, or stores to a mapping of it.
struct Step {
  enum class Kind {
    allocate, ///< fallocate(2) of the range
    write,    ///< one pwrite(2) of the range
    set_size, ///< ftruncate(2) to offset bytes
    sync,     ///< fsync(2)
    store,    ///< map the range, store to each 4 KiB page in order, unmap
  };
  Kind kind;
  std::uint64_t offset = 0; ///< in bytes; a multiple of 4 KiB for a store
  std::uint64_t length = 0; ///< in bytes

  bool operator==(const Step &) const = default;
};

/// Applies steps to files.
class Stepper {
public:
  /// Applies one step; continues a short write.
  /// @param fd   the file, open for reading and writing; writing is enough if the
  ///             step is not a store
  /// @param name of the file, for error messages
  /// @param step to apply
  /// @throws std::system_error with the name and the action; ENOSPC if the
  ///         filesystem is full
  void apply(int fd, const std::string &name, const Step &step);

private:
  void write(int fd, const std::string &name, const Step &step);

  std::vector<char> data; ///< to write; as long as the longest write
};

} // namespace aging

#endif
