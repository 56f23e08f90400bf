// SPDX-License-Identifier: GPL-2.0
/// @file
/// A shared mapping of a file, aligned for 2 MiB pages.
#ifndef DAX_SHARED_MAP_HPP
#define DAX_SHARED_MAP_HPP

#include "mappings.hpp"

#include <cstdint>
#include <string>

#include <sys/mman.h>

namespace dax {

/// A shared mapping of a part of a file for reading and writing, at an address
/// that equals the file offset modulo 2 MiB. The destructor unmaps it.
class SharedMap {
public:
  /// @param fd     the file, open for reading and writing
  /// @param name   of the file, for error messages
  /// @param offset in the file, in bytes: a multiple of 4 KiB
  /// @param length in bytes, not 0
  /// @param how    flags of mmap(2): MAP_SHARED, or MAP_SHARED_VALIDATE with others
  /// @throws std::system_error with the name and the error of mmap(2)
  SharedMap(int fd, const std::string &name, std::uint64_t offset,
            std::uint64_t length, int how = MAP_SHARED);
  ~SharedMap();
  SharedMap(const SharedMap &) = delete;
  SharedMap &operator=(const SharedMap &) = delete;

  /// The address of the first byte.
  volatile char *data() const { return start; }

  /// Faults in a page like a store, without changing its contents
  /// (MADV_POPULATE_WRITE of madvise(2), Linux 5.14).
  /// @param at offset from the first byte, in bytes: a multiple of 4 KiB
  /// @throws std::system_error with the name and the error; ENOMEM or EFAULT
  ///         beyond the end of the file
  void fault_for_store(std::uint64_t at) const;

  /// Counts the bytes that are mapped now, with @ref mapped_in.
  /// @throws std::system_error like @ref mapped_in
  Mapped mapped() const;

private:
  std::string name;
  std::uint64_t length;
  char *reserved; ///< for munmap(2); has space for the alignment
  char *start;
};

} // namespace dax

#endif
