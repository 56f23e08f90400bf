// SPDX-License-Identifier: GPL-2.0
/// @file
/// The operations that age a filesystem. They depend on the options only, not on
/// the filesystem, so that two allocators get the same operations.
#ifndef AGING_PLAN_HPP
#define AGING_PLAN_HPP

#include "random.hpp"
#include "sizes.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aging {

/// One operation on a file or directory.
struct Operation {
  enum class Kind {
    make_directory,
    remove_directory, ///< an empty one
    create,           ///< a file of end bytes
    append,           ///< one write from begin, the file's size, to end
    overwrite,        ///< one write from begin to end, inside the file
    resize,           ///< from begin to end bytes, smaller or larger
    remove,           ///< a file
  };
  Kind kind;
  std::string path;        ///< relative to the directory that is aged
  std::uint64_t begin = 0; ///< in bytes
  std::uint64_t end = 0;   ///< in bytes
};

/// Plans operations one by one.
///
/// 70 % of all operations create a file, 10 % append to one to four files in turn
/// with writes of 4 KiB to 1 MiB, 18 % overwrite a part of a file, and 2 % change
/// the size of a file. If an operation would exceed the utilisation, random files
/// are removed first, so that lifetimes are exponential; one removal in eleven
/// is a directory with all its files. A directory is made if there are more than
/// 10.2 files per directory (the mean of Impressions); the weight of each possible
/// parent is its number of subdirectories plus two (the generative model of Agrawal
/// et al., FAST 2007).
class Plan {
public:
  /// The default limit of a file is 1/64 of the filesystem. Each new file removes
  /// random files of the same total size; with larger files, the results would
  /// show how long ago the last of these was created.
  static constexpr std::uint64_t LargestShare = 64;

  struct Options {
    const Distribution *sizes;
    std::uint64_t seed;
    std::uint64_t capacity;     ///< of the filesystem, in bytes
    std::uint64_t used;         ///< at the beginning, in bytes
    unsigned utilisation;       ///< percent of capacity, from 1 to 100
    std::uint64_t churn;        ///< bytes to allocate to files
    std::uint64_t block = 4096; ///< size of a block, in bytes
    /// A file is at most 1/N of the filesystem, and at most a quarter of the
    /// bytes used in the end. Not 0; with 1, only the quarter counts.
    std::uint64_t largest_share = LargestShare;
  };

  /// @param options decide all operations
  explicit Plan(const Options &options);

  /// @return the next operation, or nothing if churn bytes were allocated and at
  ///         most 0.5 % of the capacity is missing from the utilisation
  std::optional<Operation> next();

  /// Bytes in blocks allocated to files so far, including removed files.
  std::uint64_t allocated_bytes() const { return allocated; }
  /// Bytes in blocks that files and directories use.
  std::uint64_t used_bytes() const { return used; }
  /// The maximum of used_bytes().
  std::uint64_t target_bytes() const { return target; }
  /// The maximum size of a file, in bytes.
  std::uint64_t largest_file() const { return largest; }
  std::size_t file_count() const { return files.size(); }
  std::size_t directory_count() const { return directories.size(); }

private:
  struct File;
  struct Directory {
    std::uint64_t id;
    Directory *parent;
    std::size_t index;              ///< in directories
    std::size_t subdirectories = 0; ///< their number
    std::vector<File *> files;
  };
  struct File {
    std::uint64_t id;
    Directory *parent;
    std::size_t index; ///< in files
    std::size_t slot;  ///< in the directory's files
    std::uint64_t size;
  };

  std::uint64_t in_blocks(std::uint64_t bytes) const;
  std::string path(const Directory &directory) const;
  std::string path(const File &file) const;
  File &any_file() { return *files[random.below(files.size())]; }
  std::uint64_t any_size() { return draw_size(*sizes, random, largest); }
  bool aged() const;

  void add(Operation::Kind what, std::string path, std::uint64_t begin = 0,
           std::uint64_t end = 0);
  void set_size(File &file, std::uint64_t size);
  void make_room(std::uint64_t bytes);
  void make_directory();
  void remove_directory();
  void remove_file(File &file);

  void plan();
  void plan_create();
  void plan_appends();
  void plan_overwrite();
  void plan_resize();

  const Distribution *sizes;
  dax::Random random;
  std::uint64_t block;
  std::uint64_t churn;
  std::uint64_t used;
  std::uint64_t target;
  std::uint64_t slack; ///< bytes that can be missing from target at the end
  std::uint64_t largest;
  std::uint64_t allocated = 0;
  std::uint64_t next_id = 0;
  std::vector<std::unique_ptr<Directory>> directories; ///< the root is first
  std::vector<std::unique_ptr<File>> files;
  std::deque<Operation> planned;
};

} // namespace aging

#endif
