// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a process has mapped of a file at this moment, and in which pages.
#ifndef DAX_MAPPINGS_HPP
#define DAX_MAPPINGS_HPP

#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/types.h>

namespace dax {

/// Bytes that have a page table entry, by the size of the page.
///
/// The kernel does not tell 1 GiB pages: PAGEMAP_SCAN splits an entry for one
/// before it looks, so such bytes would count as not mapped.
struct Mapped {
  std::uint64_t huge = 0; ///< in bytes, in pages of 2 MiB
  std::uint64_t base = 0; ///< in bytes, in pages of 4 KiB

  Mapped &operator+=(const Mapped &other);
  bool operator==(const Mapped &) const = default;
};

/// A line of /proc/PID/maps (Documentation/filesystems/proc.rst of Linux).
struct Area {
  std::uint64_t start; ///< first address
  std::uint64_t end;   ///< first address behind it
  dev_t device;        ///< of the file that is mapped, 0 for none
  ino_t inode;         ///< of the file that is mapped, 0 for none

  bool operator==(const Area &) const = default;
};

/// Reads a line of /proc/PID/maps.
/// @param line without the newline
/// @return nothing when it is no such line
std::optional<Area> parse_area(std::string_view line);

/// Counts what is mapped of a range of addresses, by PAGEMAP_SCAN
/// (Documentation/admin-guide/mm/pagemap.rst of Linux). Nothing is faulted in.
/// @param pid process; needs the right to ptrace(2) it
/// @param start first address, a multiple of 4 KiB
/// @param end first address behind the range, a multiple of 4 KiB
/// @throws std::system_error ENOENT or ESRCH when there is no such process,
/// EACCES
///   when it may not be looked into, ENOTTY on Linux before 6.7
Mapped mapped_in(pid_t pid, std::uint64_t start, std::uint64_t end);

/// Counts what a process has mapped of a file; what it has mapped twice counts
/// twice.
/// @param pid process; needs the right to ptrace(2) it
/// @param device st_dev of the file
/// @param inode st_ino of the file
/// @throws std::system_error as @ref mapped_in
Mapped mapped_of(pid_t pid, dev_t device, ino_t inode);

} // namespace dax

#endif
