// SPDX-License-Identifier: GPL-2.0
/// @file
/// A file descriptor that is closed when its owner goes.
#ifndef DAX_DESCRIPTOR_HPP
#define DAX_DESCRIPTOR_HPP

#include <string>

namespace dax {

/// An open file; may be moved, not copied.
class Descriptor {
public:
  /// Opens a file, with O_CLOEXEC.
  /// @param name path of the file
  /// @param flags those of open(2)
  /// @param mode permissions of a file that O_CREAT makes
  /// @throws std::system_error with the name, and the reason that open(2) has
  explicit Descriptor(const std::string &name, int flags, unsigned mode = 0);
  /// Takes an open file over.
  /// @param number what a system call returned, not negative
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor();
  Descriptor(Descriptor &&other) noexcept;
  Descriptor &operator=(Descriptor &&other) noexcept;

  /// The number that system calls take; the owner keeps it.
  int get() const { return fd; }

private:
  int fd;
};

/// Ends a call that failed.
/// @param what the file, or what was done with it
/// @throws std::system_error with @p what and the reason that errno has
[[noreturn]] void fail(const std::string &what);

} // namespace dax

#endif
