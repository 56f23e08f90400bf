// SPDX-License-Identifier: GPL-2.0
/// @file
/// The files of the system: all below one directory, so that tests and users can give
/// a recorded /proc, /sys and /etc of another machine.
#ifndef PMEMCTL_ROOT_HPP
#define PMEMCTL_ROOT_HPP

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pmemctl {

/// The root directory.
class Root {
public:
  /// @param directory "/" for the running system
  explicit Root(std::filesystem::path directory = "/")
      : directory(std::move(directory)) {}

  /// Whether this is the running system.
  bool is_running() const { return directory == "/"; }

  /// The place of a file.
  /// @param name path without the first slash: "proc/iomem"
  std::filesystem::path path(const std::string &name) const {
    return directory / name;
  }

  /// Whether a file or directory is there.
  /// @param name path without the first slash
  bool has(const std::string &name) const;

  /// All of a file.
  /// @param name path without the first slash
  /// @return nothing if there is no such file
  /// @throws std::system_error if it is there and cannot be read
  std::optional<std::string> find(const std::string &name) const;

  /// All of a file that has to be there.
  /// @param name path without the first slash
  /// @throws std::system_error if it cannot be read
  std::string read(const std::string &name) const;

  /// A file's first line, without the newline.
  /// @param name path without the first slash
  /// @return an empty text if there is no such file
  /// @throws std::system_error if it is there and cannot be read
  std::string line(const std::string &name) const;

  /// The names in a directory, sorted as text.
  /// @param name path without the first slash
  /// @return nothing if there is no such directory
  std::vector<std::string> names_in(const std::string &name) const;

  /// The kernel log, from dev/kmsg: as much as the kernel still has. In a recorded
  /// system, that is a text file.
  /// @return an empty text if it cannot be read
  std::string kernel_log() const;

private:
  std::filesystem::path directory;
};

} // namespace pmemctl

#endif
