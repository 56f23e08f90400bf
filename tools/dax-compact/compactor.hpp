// SPDX-License-Identifier: GPL-2.0
/// @file
/// Compaction of a mounted filesystem.
#ifndef COMPACT_COMPACTOR_HPP
#define COMPACT_COMPACTOR_HPP

#include "descriptor.hpp"
#include "place.hpp"
#include "plan.hpp"
#include "space.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace compact {

/// What to do.
struct Options {
  double start = 100;     ///< do nothing if so many percent are in whole chunks
  double stop = 95;       ///< empty chunks until so many percent are
  std::uint64_t rate = 0; ///< bytes to move per second at most; 0 is no limit
  bool repair = true;     ///< give whole chunks to files that could use them
  bool dry_run = false;   ///< only look
};

/// What was done, or with a dry run, what would be.
struct Result {
  Free before, after;
  std::uint64_t moved = 0;    ///< bytes taken out of chunks
  std::uint64_t emptied = 0;  ///< chunks that became whole by that
  std::uint64_t repaired = 0; ///< bytes of PMD ranges that got a whole chunk
  std::uint64_t unknown = 0;  ///< chunks left because of what is no file's
  /// Why pieces stayed: the text of the error, and their bytes.
  std::map<std::string, std::uint64_t> skipped;
  /// Names of files that stayed for another reason than a lack of space.
  std::set<std::string> in_the_way;
  std::uint64_t fixed =
      0; ///< files that ext4 does not move, whatever their blocks
  std::uint64_t unread = 0; ///< directories and files that could not be read
  bool stopped = false;     ///< by a signal, before the end
};

/// Looks at a filesystem, and moves blocks of its files.
class Compactor {
public:
  /// @param path    where the filesystem is mounted
  /// @param options what to do
  /// @param stop    asked often; true ends the work after the current move
  /// @param tell    called with what goes on, for a user who waits
  /// @throws std::system_error if the path cannot be opened
  /// @throws std::runtime_error if no ext4 with the ioctl is mounted there, or the caller
  ///         may not open files by their handles
  Compactor(const std::string &path, const Options &options,
            std::function<bool()> stop,
            std::function<void(const std::string &)> tell);

  /// @throws std::system_error if the filesystem cannot be looked at
  /// @throws std::runtime_error if there are files and none uses DAX, or none can be moved
  Result run();

private:
  /// A file handle (open_by_handle_at(2)): it stays that of the file if names change,
  /// and leads nowhere else.
  using Handle = std::string;

  Space look();
  dax::Descriptor open(const Handle &file, int flags) const;
  std::error_code move(const Handle &file, Where where, std::uint64_t start,
                       std::uint64_t length, std::uint64_t &moved);
  void skip(const std::error_code &error, std::uint64_t bytes);
  void evacuate(const Space &space, const Plan &plan);
  std::uint64_t repair(std::uint64_t most);
  void pace(std::uint64_t bytes);
  void commit();

  dax::Descriptor root;
  std::string mount_point;
  Options options;
  std::function<bool()> stop;
  std::function<void(const std::string &)> tell;
  std::vector<Handle> files;
  std::uint64_t others = 0; ///< files without DAX
  Result result;
  std::chrono::steady_clock::time_point next{};
};

} // namespace compact

#endif
