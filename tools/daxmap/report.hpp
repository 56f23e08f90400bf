// SPDX-License-Identifier: GPL-2.0
/// @file
/// The output of daxmap: a table or JSON.
#ifndef DAXMAP_REPORT_HPP
#define DAXMAP_REPORT_HPP

#include "mappings.hpp"
#include "memory.hpp"
#include "pmd_range.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dax {

/// The numbers for a file, or for all files, in bytes.
struct Sums {
  std::uint64_t size = 0;
  std::uint64_t in_pmd_ranges = 0; ///< in whole PMD ranges
  std::uint64_t in_pud_ranges = 0; ///< in whole PUD ranges
  std::uint64_t huge = 0;          ///< mappable with 2 MiB pages
  std::uint64_t giant = 0;         ///< mappable with 1 GiB pages
  Mapped mapped;                   ///< now; all 0 if no process was given

  Sums &operator+=(const Sums &other);
};

/// The facts about one file.
struct FileReport {
  std::string name;
  bool is_dax;
  /// Physical address of the filesystem's device, in bytes; nothing if it is
  /// unknown or the device is not contiguous in memory.
  std::optional<std::uint64_t> start;
  Sums sums;
  std::vector<Range> huge;  ///< verdicts for 2 MiB pages
  std::vector<Range> giant; ///< verdicts for 1 GiB pages
  /// Why ranges are @ref Verdict::unknown, one line for each device; empty if
  /// none is.
  std::vector<std::string> unknown;
};

/// Judges a file.
/// @param name   of the file
/// @param layout of the file, with extents on the device of its filesystem
/// @param device number of that device
/// @param memory to which the device is mapped
/// @param mapped of the file in a process; all 0 without a process
FileReport report_on(const std::string &name, Layout layout, dev_t device,
                     MemoryMap &memory, const Mapped &mapped);

/// What a table has in addition to the sums.
struct Style {
  bool verbose; ///< each range that is not mappable
  pid_t pid;    ///< the process whose mappings were counted; 0 for none
};

/// Writes a table: a heading, a line or more for each file, and the total.
/// @param out   where to write it
/// @param files in the order of the lines
/// @param style of the table
void write_table(std::ostream &out, const std::vector<FileReport> &files,
                 const Style &style);

/// Writes one JSON object (RFC 8259). Bytes of names that are not UTF-8 are
/// written as U+FFFD.
/// @param out   where to write it
/// @param files in the order of the array
/// @param pid   the process whose mappings were counted; 0 for none
void write_json(std::ostream &out, const std::vector<FileReport> &files,
                pid_t pid);

} // namespace dax

#endif
