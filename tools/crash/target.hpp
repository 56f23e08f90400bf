// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a reset has left: mounts it and looks.
#ifndef CRASH_TARGET_HPP
#define CRASH_TARGET_HPP

#include "descriptor.hpp"
#include "model.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace crash {

/// A disk that is overwritten with one image after the other.
class Disk {
public:
  /// @param name of the disk, e.g. /dev/pmem0
  /// @param size of the images, in bytes: a multiple of 1 MiB, at most the disk's
  /// @throws std::system_error if it cannot be opened
  Disk(const std::string &name, std::uint64_t size);

  /// Makes the disk equal to an image; writes only what differs.
  /// @throws std::system_error if it cannot be read or written
  void set(std::span<const std::uint8_t> image);

  /// Makes the disk equal to an image, without a look at what it has.
  /// @throws std::system_error if it cannot be written
  void write(std::span<const std::uint8_t> image);

  /// Reads the disk from its start.
  /// @param length in bytes, at most the size of the images
  std::vector<std::uint8_t> read(std::uint64_t length);

private:
  void read_part(std::uint64_t offset);

  std::string name;
  std::uint64_t size;
  dax::Descriptor file;
  std::unique_ptr<std::uint8_t, decltype(&std::free)>
      part; ///< aligned for O_DIRECT
};

/// Looks at the files below a directory.
/// @return what is wrong, or nothing
using Look =
    std::function<std::optional<std::string>(const std::string &directory)>;

/// Compares files with a model.
Look look_at_files(const Model &model);

/// Lets a program look: "bash PROGRAM check DIRECTORY DONE".
/// @param program its path
/// @param done    number of its transactions that have ended
Look look_by_program(const std::string &program, std::uint64_t done);

/// Mounts an ext4, looks at it, and lets e2fsck look for errors.
/// @param look      what to look for
/// @param disk      path of the disk
/// @param directory to mount it on
/// @param repair    whether e2fsck may repair what cannot be mounted
/// @return what is wrong, or nothing
std::optional<std::string> check_filesystem(const Look &look,
                                            const std::string &disk,
                                            const std::string &directory,
                                            bool repair);

/// Compares a disk with a model.
std::optional<std::string> check_disk(const Model &model, const Script &script,
                                      Disk &disk);

} // namespace crash

#endif
