// SPDX-License-Identifier: GPL-2.0
/// @file
/// The bytes of a file that a process has mapped now, by page size.
#ifndef DAX_MAPPINGS_HPP
#define DAX_MAPPINGS_HPP

#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/types.h>

namespace dax {

/// Bytes with a page table entry, by the size of the page.
///
/// There is no count for 1 GiB pages: PAGEMAP_SCAN splits their entries before it
/// reads them, so it would report these bytes as not mapped.
struct Mapped {
  std::uint64_t huge = 0; ///< bytes in PMD entries, 2 MiB each
  std::uint64_t base = 0; ///< bytes in PTE entries, 4 KiB each

  Mapped &operator+=(const Mapped &other);
  bool operator==(const Mapped &) const = default;
};

/// A line of /proc/PID/maps (Documentation/filesystems/proc.rst of Linux).
struct Area {
  std::uint64_t start; ///< first address
  std::uint64_t end;   ///< first address after it
  dev_t device;        ///< of the mapped file, 0 for none
  ino_t inode;         ///< of the mapped file, 0 for none

  bool operator==(const Area &) const = default;
};

/// Parses a line of /proc/PID/maps.
/// @param line without the newline
/// @return nothing if the line has another format
std::optional<Area> parse_area(std::string_view line);

/// Counts the mapped bytes in a range of addresses, with PAGEMAP_SCAN
/// (Documentation/admin-guide/mm/pagemap.rst of Linux). Causes no page faults.
/// @param pid   a process; needs permission to ptrace(2) it
/// @param start first address, a multiple of 4 KiB
/// @param end   first address after the range, a multiple of 4 KiB
/// @throws std::system_error ENOENT or ESRCH if there is no such process, EACCES
///         without permission to ptrace(2) it, ENOTTY on Linux before 6.7
Mapped mapped_in(pid_t pid, std::uint64_t start, std::uint64_t end);

/// Counts the bytes of a file that a process has mapped; bytes that are mapped
/// twice count twice.
/// @param pid    a process; needs permission to ptrace(2) it
/// @param device st_dev of the file
/// @param inode  st_ino of the file
/// @throws std::system_error like @ref mapped_in
Mapped mapped_of(pid_t pid, dev_t device, ino_t inode);

} // namespace dax

#endif
