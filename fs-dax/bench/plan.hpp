// SPDX-License-Identifier: GPL-2.0
/// @file
/// What is done to a filesystem to age it: a sequence of operations that
/// depends on the options alone, never on what the filesystem makes of them, so
/// that two allocators can be given the same.
#ifndef PMEM_BENCH_PLAN_HPP
#define PMEM_BENCH_PLAN_HPP

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

/// One step, on a path relative to the directory that is aged.
struct Operation {
  enum class Kind {
    make_directory,
    remove_directory, ///< which is empty
    create,           ///< a file of end bytes
    append,           ///< one write of what is from begin, its size, to end
    overwrite,        ///< one write of what is from begin to end, which it has
    resize,           ///< from begin to end bytes, either of which is larger
    remove,           ///< a file
  };
  Kind kind;
  std::string path;
  std::uint64_t begin = 0; ///< in bytes
  std::uint64_t end = 0;   ///< in bytes
};

/// Plans operations one by one.
///
/// Of all operations 70 % create a file, 10 % append to one to four files by
/// turns, in writes of 4 KiB to 1 MiB, 18 % overwrite a part of a file and 2 %
/// give a file a new size, smaller or larger. When there would be more than the
/// utilisation allows, files are removed first, each equally likely, which
/// makes lifetimes exponential; now and then it is a directory with all its
/// files. A directory is made when there are more than 10.2 files per directory
/// (Impressions' mean); its parent is chosen with a weight of two more than it
/// has subdirectories (the generative model of Agrawal et al., FAST 2007).
class Plan {
public:
  /// The part that a file is at most unless told otherwise. Making room for a
  /// file takes that much away at random, also of what small files share PMD
  /// ranges with; were it more, the results would show how long ago that was.
  static constexpr std::uint64_t LargestShare = 64;

  struct Options {
    const Distribution *sizes;
    std::uint64_t seed;
    std::uint64_t capacity;     ///< of the filesystem, in bytes
    std::uint64_t used;         ///< of that at the beginning, in bytes
    unsigned utilisation;       ///< percent of capacity, from 1 to 100
    std::uint64_t churn;        ///< bytes that files are given before it ends
    std::uint64_t block = 4096; ///< what files are counted in, in bytes
    /// A file is at most this part of the filesystem, and at most a quarter of
    /// what is used in the end. Not 0; 1 leaves the quarter.
    std::uint64_t largest_share = LargestShare;
  };

  explicit Plan(const Options &options);

  /// @return the next operation, or nothing when as much as churn was allocated
  ///         and no more than half a percent is missing to the utilisation
  std::optional<Operation> next();

  /// Bytes in blocks that files were given up to now, deleted ones included.
  std::uint64_t allocated_bytes() const { return allocated; }
  /// Bytes in blocks that are in use, as far as files and directories go.
  std::uint64_t used_bytes() const { return used; }
  /// The most that there ever is of used_bytes().
  std::uint64_t target_bytes() const { return target; }
  /// How large a file is made, at most, in bytes.
  std::uint64_t largest_file() const { return largest; }
  std::size_t file_count() const { return files.size(); }
  std::size_t directory_count() const { return directories.size(); }

private:
  struct File;
  struct Directory {
    std::uint64_t id;
    Directory *parent;
    std::size_t index;              ///< in directories
    std::size_t subdirectories = 0; ///< how many
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
  Random random;
  std::uint64_t block;
  std::uint64_t churn;
  std::uint64_t used;
  std::uint64_t target;
  std::uint64_t slack; ///< how much may be missing to target at the end
  std::uint64_t largest;
  std::uint64_t allocated = 0;
  std::uint64_t next_id = 0;
  std::vector<std::unique_ptr<Directory>> directories; ///< the root is first
  std::vector<std::unique_ptr<File>> files;
  std::deque<Operation> planned;
};

} // namespace aging

#endif
