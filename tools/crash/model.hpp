// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a reset may leave of the steps of a script, and what it must not lose.
///
/// - A byte of a file is one that was written there since the last promise about it, or
///   the promised one. Writes are not atomic: each byte is new or old for itself. A byte
///   without a write is 0. After bytes have moved to other offsets, and before a promise, a
///   write can also be where its bytes would have been without the move: the write reaches
///   the block, and a reset takes the move back. ext4 does not order the two.
/// - The size of a file lies between the sizes that it has had since the last promise.
/// - The names are those after one step, and not before the last step that was promised:
///   ext4 commits changes of names in order, and each as a whole. This does not hold with
///   the feature fast_commit, which scripts for it have to expect.
#ifndef CRASH_MODEL_HPP
#define CRASH_MODEL_HPP

#include "script.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace crash {

/// What one byte of a file can be.
struct Candidate {
  static constexpr std::int64_t Zero =
      -1;              ///< as a writer: no step has written it
  std::int64_t writer; ///< number of the step
  std::int64_t
      shift; ///< the step wrote it this many bytes after where it is now

  std::uint8_t byte(std::uint64_t offset) const {
    return writer == Zero ? 0
                          : byte_of(static_cast<std::uint64_t>(writer),
                                    offset + static_cast<std::uint64_t>(shift));
  }
  bool operator==(const Candidate &) const = default;
};

/// What the bytes of a file can be; at first all are 0.
class Content {
public:
  /// The bytes of a range can also be those of a candidate, which is the newest.
  void add(std::uint64_t begin, std::uint64_t end, Candidate candidate);
  /// The same, but the newest one stays that.
  void add_older(std::uint64_t begin, std::uint64_t end, Candidate candidate);
  /// The bytes of a range are the newest ones.
  void settle(std::uint64_t begin, std::uint64_t end);
  /// The bytes at @p at and after it can also be @p distance bytes further.
  /// @param distance in bytes; less than 0 if they move to lower offsets
  void move(std::uint64_t at, std::int64_t distance);

  /// Looks for a byte that cannot be.
  /// @param bytes the file from its start
  /// @return what is wrong, or nothing
  std::optional<std::string> check(std::span<const std::uint8_t> bytes) const;

private:
  using Segments = std::map<std::uint64_t, std::vector<Candidate>>;
  /// Makes a segment begin there.
  Segments::iterator split(std::uint64_t at);

  /// A segment ends where the next one begins.
  Segments segments{{0, {{Candidate::Zero, 0}}}};
};

/// A name that was found after a reset.
struct Found {
  bool directory;
  std::uint64_t inode; ///< its number
  std::uint64_t links; ///< st_nlink; not looked at for a directory
  std::uint64_t size;  ///< in bytes; not looked at for a directory

  bool operator==(const Found &) const = default;
};
using Tree = std::map<std::string, Found>;
/// Reads a file whole.
using Reader =
    std::function<std::vector<std::uint8_t>(const std::string &name)>;

/// What the steps so far allow.
class Model {
public:
  /// @param script the steps come from; its target is empty, or a disk of zeroes
  explicit Model(const Script &script);

  /// The next step begins: a reset may leave it done, undone or in parts.
  void begin(const Step &step);
  /// That step has ended: what it promises holds.
  void end(const Step &step);

  /// Compares what a reset has left.
  /// @param tree the names below the target
  /// @param read for the files in it
  /// @return what is wrong, or nothing
  std::optional<std::string> check(const Tree &tree, const Reader &read) const;

private:
  using Id = unsigned;
  struct File {
    bool directory = false;
    Content content{};
    std::uint64_t size = 0;
    std::uint64_t least = 0, most = 0; ///< sizes since the last promise
    /// Moves since the last promise: the first offset that moved, and the distance.
    std::vector<std::pair<std::uint64_t, std::int64_t>> moves{};
    /// The names after which all that fsync(2) or fdatasync(2) would promise now holds;
    /// indices of @ref names.
    std::size_t changed = 0, data_changed = 0;
  };
  using Names = std::map<std::string, Id>;

  File &file(const std::string &name) { return files[names.back().at(name)]; }
  void add_file(Names &next, const std::string &name, bool directory);
  void change_names(const Step &step, Names &next);
  void change_content(const Step &step, File &changed);
  void set_size(File &changed, std::uint64_t size);
  void write(const Step &step, File &written);
  static void put(File &changed, std::uint64_t begin, std::uint64_t end,
                  Candidate candidate);
  void promise(std::size_t which) { promised = std::max(promised, which); }
  void settle(File &settled);
  void settle_range(const Step &step);
  std::optional<std::string> check_names(const Names &expected,
                                         const Tree &tree) const;
  std::optional<std::string> check_files(const Names &expected,
                                         const Tree &tree,
                                         const Reader &read) const;

  std::vector<File> files; ///< by Id
  /// The names before the first step, and after each that has begun.
  std::vector<Names> names;
  std::size_t promised = 0; ///< index of the names that are there at least
};

} // namespace crash

#endif
