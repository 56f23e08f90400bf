// SPDX-License-Identifier: GPL-2.0
/// @file
/// Applies operations to a filesystem.
#ifndef AGING_FILESYSTEM_HPP
#define AGING_FILESYSTEM_HPP

#include "descriptor.hpp"
#include "plan.hpp"
#include "steps.hpp"

#include <cstdint>
#include <string>

namespace aging {

/// How a file gets its blocks.
enum class Allocation {
  fallocate, ///< one fallocate(2)
  write,     ///< writes in order
};

/// The size of a filesystem, from statvfs(3).
struct Space {
  std::uint64_t capacity; ///< in bytes, without the filesystem's metadata
  std::uint64_t used;     ///< in bytes
  std::uint64_t block;    ///< size of a block, in bytes
};

/// A directory for the files of a benchmark.
class Filesystem {
public:
  /// Makes the directory.
  /// @param directory  must not exist
  /// @param how        how new and growing files get their blocks; appends and
  ///                   overwrites are always writes
  /// @param write_size of one write, in bytes, if @p how is write
  /// @throws std::system_error EEXIST if the directory exists, or any other error
  ///         of mkdir(2)
  Filesystem(const std::string &directory, Allocation how,
             std::uint64_t write_size);

  /// Applies one operation.
  /// @throws std::system_error with the path and the action; ENOSPC if there is
  ///         less space than the plan expected
  void apply(const Operation &operation);

  /// Makes an empty file.
  /// @param path below the directory
  /// @return the file, open for reading and writing
  /// @throws std::system_error like apply(); EEXIST if the file exists
  dax::Descriptor create(const std::string &path) const;

  /// Opens a file for reading and writing.
  /// @param path below the directory
  /// @throws std::system_error like apply()
  dax::Descriptor open(const std::string &path) const;

  /// Removes a file.
  /// @param path below the directory
  /// @throws std::system_error like apply()
  void remove(const std::string &path);

  /// Commits the journal, so that freed blocks can be used again.
  /// @throws std::system_error if syncfs(2) fails
  void commit();

  /// The size of the filesystem.
  /// @throws std::system_error if fstatvfs(3) fails
  Space space() const;

  /// The directory's file descriptor.
  int get() const { return root.get(); }

  /// The full path of a file.
  /// @param path below the directory
  std::string full(const std::string &path) const { return name + "/" + path; }

private:
  void extend(int file, const Operation &operation);
  void write(int file, const Operation &operation, std::uint64_t step);

  std::string name;
  Allocation how;
  std::uint64_t write_size;
  Stepper stepper;
  dax::Descriptor root;
  std::uint64_t uncommitted = 0; ///< operations since the last commit
};

} // namespace aging

#endif
