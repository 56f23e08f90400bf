// SPDX-License-Identifier: GPL-2.0
/// @file
/// A shared mapping of a file that can use 2 MiB pages.
#ifndef DAX_SHARED_MAP_HPP
#define DAX_SHARED_MAP_HPP

#include "mappings.hpp"

#include <cstdint>
#include <string>

namespace dax {

/// Maps a range of a file, shared, for reading and writing, at an address that
/// equals the file offset modulo 2 MiB. Unmaps it in the end.
class SharedMap {
public:
  /// @param fd     the file, open for reading and writing
  /// @param name   of the file, for the message of an error
  /// @param offset of the range in the file, in bytes: a multiple of 4 KiB
  /// @param length of the range, in bytes, not 0
  /// @throws std::system_error with the name and what mmap(2) failed with
  SharedMap(int fd, const std::string &name, std::uint64_t offset,
            std::uint64_t length);
  ~SharedMap();
  SharedMap(const SharedMap &) = delete;
  SharedMap &operator=(const SharedMap &) = delete;

  /// Where the range begins in memory.
  volatile char *data() const { return start; }

  /// Has the page at a place faulted in as by a store, with its contents left
  /// as they are (MADV_POPULATE_WRITE of madvise(2), Linux 5.14).
  /// @param at distance from the beginning of the range, in bytes: a multiple
  ///           of 4 KiB
  /// @throws std::system_error with the name and the reason, as ENOMEM and
  ///         EFAULT past the end of the file
  void fault_for_store(std::uint64_t at) const;

  /// Counts what is mapped now, by @ref mapped_in.
  /// @throws std::system_error as @ref mapped_in
  Mapped mapped() const;

private:
  std::string name;
  std::uint64_t length;
  char *reserved; ///< what munmap(2) takes, with room for the alignment
  char *start;
};

} // namespace dax

#endif
