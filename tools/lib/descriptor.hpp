// SPDX-License-Identifier: GPL-2.0
/// @file
/// A file descriptor that its owner closes.
#ifndef DAX_DESCRIPTOR_HPP
#define DAX_DESCRIPTOR_HPP

#include <string>

namespace dax {

/// An open file; can be moved, not copied.
class Descriptor {
public:
  /// Opens a file, with O_CLOEXEC.
  /// @param name  path of the file
  /// @param flags of open(2)
  /// @param mode  permissions of a file that O_CREAT makes
  /// @throws std::system_error with the name and the error of open(2)
  explicit Descriptor(const std::string &name, int flags, unsigned mode = 0);
  /// Takes ownership of an open file.
  /// @param number the result of a system call, not negative
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor();
  Descriptor(Descriptor &&other) noexcept;
  Descriptor &operator=(Descriptor &&other) noexcept;

  /// The number for system calls; this object still owns it.
  int get() const { return fd; }

private:
  int fd;
};

/// Reports a system call that failed.
/// @param what the file, or the action that failed
/// @throws std::system_error with @p what and the error in errno
[[noreturn]] void fail(const std::string &what);

} // namespace dax

#endif
