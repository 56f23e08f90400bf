// SPDX-License-Identifier: GPL-2.0
/// @file
/// A real file, to which operations are done and which is held against a model.
#ifndef FSX_REAL_FILE_HPP
#define FSX_REAL_FILE_HPP

#include "arena.hpp"
#include "descriptor.hpp"
#include "model.hpp"
#include "operation.hpp"
#include "pins.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace fsx {

/// The file is not what the model says. The text tells where.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file and its mappings.
class RealFile {
public:
  /// Makes an empty file; one of that name is gone.
  /// @param name path of the file
  /// @param model what will be done with it, for its limits
  /// @param hold how long pages are pinned at most
  /// @throws std::system_error when that fails
  RealFile(const std::string &name, const Model &model,
           std::chrono::milliseconds hold = std::chrono::milliseconds(200));

  /// Does an operation that the model allows, and compares what it reads.
  /// @param operation what to do
  /// @param model the file before
  /// @throws Mismatch as it says
  /// @throws std::system_error when a system call fails
  void perform(const Operation &operation, const Model &model);

  /// Compares the size, and both ends of what an operation changed, by pread(2)
  /// and by some of the mappings.
  /// @param operation what was done
  /// @param changed what apply() said
  /// @param model the file after
  /// @throws Mismatch, std::system_error as above
  void verify(const Operation &operation, Range changed, const Model &model);

  /// Compares all of the file, by pread(2) and by every mapping.
  /// @throws Mismatch, std::system_error as above
  void compare(const Model &model);

private:
  void perform_mapped(const Operation &operation, const Model &model);
  void change_size(const Operation &operation);
  void write_pieces(const Operation &operation);
  void write_at_end(const Operation &operation, const Model &model);
  void reopen();
  void recreate(const Model &model);
  void share(const Operation &operation);
  void read_by_process(const Operation &operation, const Model &model);
  void require_protected(const Model &model);
  void synchronize(const Operation &operation, const Model &model);
  void map(const Operation &operation);
  void remap(const Operation &operation, const Mapping &mapping);
  void unmap(const Operation &operation, const Mapping &mapping);
  void read_only(const Operation &operation, const Model &model);
  void store(unsigned char *to, std::uint64_t length, std::uint64_t value);
  void load(const unsigned char *from, Range range, const Model &model,
            const std::string &view);
  void beyond_end(const unsigned char *from, Range range, const Model &model,
                  const std::string &view);
  void load_mapped(unsigned slot, Range range, const Model &model);
  void read(Range range, const Model &model);
  template <typename Body>
  void with_buffer_that_faults(std::uint64_t length, Body body);
  void read_part(const Operation &operation, const Model &model);
  void write_part(const Operation &operation, const Model &model);
  void fork_and_touch(const Operation &operation, const Model &model);
  void use_privately(const Operation &operation, const Model &model);
  unsigned char *address(unsigned slot, const Mapping &mapping,
                         std::uint64_t offset) const;

  std::string path;
  dax::Descriptor file;
  std::array<unsigned, Slots> turn{}; ///< which arena of two, so that a mapping
                                      ///< can move from one to the other
  std::vector<std::array<Arena, 2>> arenas;
  Arena scratch; ///< for what is mapped during one operation
  std::vector<unsigned char> buffer;
  bool uses_dax;
  std::array<std::optional<std::uint64_t>, Slots> stored_at; ///< file offsets
  Pins pins;
};

/// Finds out which kinds the filesystem of a directory, or the kernel, does not
/// know.
/// @param directory where a file is made and removed
/// @return kinds that failed with EOPNOTSUPP or ENOSYS
/// @throws std::system_error when anything else fails
std::set<Kind> unsupported_in(const std::string &directory);

/// Reads and writes here and there in a file, without changing it, for ever.
///
/// For another process than the one that changes the file, so that page faults
/// come at all times.
/// @param name path of the file
/// @param limit how far to go, in bytes
/// @param seed of the places
/// @throws std::system_error when the file cannot be mapped
[[noreturn]] void touch_for_ever(const std::string &name, std::uint64_t limit,
                                 std::uint64_t seed);

} // namespace fsx

#endif
