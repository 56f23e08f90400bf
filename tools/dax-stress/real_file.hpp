// SPDX-License-Identifier: GPL-2.0
/// @file
/// A real file, which is compared with a model after each operation.
#ifndef DAX_STRESS_REAL_FILE_HPP
#define DAX_STRESS_REAL_FILE_HPP

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

namespace stress {

/// The file and the model differ. The text says where.
struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file and its mappings.
class RealFile {
public:
  /// Makes an empty file, or truncates an existing one.
  /// @param name  path of the file
  /// @param model has the limits of the file
  /// @param hold  the maximum time of a pin
  /// @throws std::system_error if a system call fails
  RealFile(const std::string &name, const Model &model,
           std::chrono::milliseconds hold = std::chrono::milliseconds(200));

  /// Performs an operation, and compares the bytes that it reads.
  /// @param operation that the model allows
  /// @param model     of the file before the operation
  /// @throws Mismatch if the file and the model differ
  /// @throws std::system_error if a system call fails
  void perform(const Operation &operation, const Model &model);

  /// Compares the size, and both ends of the changed range, with pread(2) and with
  /// some of the mappings.
  /// @param operation that was performed
  /// @param changed   the range from Model::apply()
  /// @param model     of the file after the operation
  /// @throws Mismatch, std::system_error like perform()
  void verify(const Operation &operation, Range changed, const Model &model);

  /// Compares all of the file, with pread(2) and with all mappings.
  /// @param model of the file
  /// @throws Mismatch, std::system_error like perform()
  void compare(const Model &model);

private:
  void perform_mapped(const Operation &operation, const Model &model);
  void change_size(const Operation &operation);
  void write_vector(const Operation &operation);
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
  /// The arena of each slot that is in use; a mapping can move to the other.
  std::array<unsigned, Slots> turn{};
  std::vector<std::array<Arena, 2>> arenas;
  Arena scratch; ///< for mappings that last for one operation
  std::vector<unsigned char> buffer;
  bool uses_dax;
  std::array<std::optional<std::uint64_t>, Slots> stored_at; ///< file offsets
  Pins pins;
};

/// Returns the kinds that the kernel or the filesystem does not support.
/// @param directory for a temporary file
/// @return kinds that failed with EOPNOTSUPP or ENOSYS
/// @throws std::system_error if a call fails with another error
std::set<Kind> unsupported_in(const std::string &directory);

/// Loads and stores random bytes of a file forever, without changing it.
///
/// Runs in another process than the operations, so that page faults race with them.
/// @param name  path of the file
/// @param limit end of the range to access, in bytes
/// @param seed  of the offsets
/// @throws std::system_error if the file cannot be mapped
[[noreturn]] void touch_forever(const std::string &name, std::uint64_t limit,
                                std::uint64_t seed);

} // namespace stress

#endif
