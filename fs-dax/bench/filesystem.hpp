// SPDX-License-Identifier: GPL-2.0
/// @file
/// Operations, done to a filesystem.
#ifndef PMEM_BENCH_FILESYSTEM_HPP
#define PMEM_BENCH_FILESYSTEM_HPP

#include "descriptor.hpp"
#include "plan.hpp"
#include "steps.hpp"

#include <cstdint>
#include <string>

namespace aging {

/// How a file comes to its blocks.
enum class Allocation {
  fallocate, ///< by one fallocate
  write,     ///< by writes in order
};

/// What statfs says of a filesystem.
struct Space {
  std::uint64_t capacity; ///< in bytes, without the filesystem's own tables
  std::uint64_t used;     ///< in bytes
  std::uint64_t block;    ///< the size of a block, in bytes
};

/// A directory that files are made in.
class Filesystem {
public:
  /// @param directory  is made, and must not exist
  /// @param how        how files that are created or grow come to their blocks;
  ///                   appends and overwrites are always writes
  /// @param write_size of one write, in bytes, where @p how is write
  /// @throws std::system_error when the directory exists or cannot be made
  Filesystem(const std::string &directory, Allocation how,
             std::uint64_t write_size);

  /// Does one operation.
  /// @throws std::system_error with the path and what was tried; ENOSPC when
  ///         there is less room than the plan had reckoned with
  void apply(const Operation &operation);

  /// Makes an empty file.
  /// @param path below the directory
  /// @return the file, open for reading and writing
  /// @throws std::system_error as apply() does; EEXIST when it is there
  dax::Descriptor create(const std::string &path) const;

  /// Opens a file for reading and writing.
  /// @param path below the directory
  /// @throws std::system_error as apply() does
  dax::Descriptor open(const std::string &path) const;

  /// Removes a file.
  /// @throws std::system_error as apply() does
  void remove(const std::string &path);

  /// Has the filesystem commit, after which freed blocks can be used again.
  /// @throws std::system_error when that fails
  void commit();

  /// @throws std::system_error when the filesystem cannot be asked
  Space space() const;

  /// The directory's file descriptor.
  int get() const { return root.get(); }

  /// The path of a file that other programs know.
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
