// SPDX-License-Identifier: GPL-2.0
/// @file
/// What daxmap says of files, in the two forms that it has.
#ifndef DAXMAP_REPORT_HPP
#define DAXMAP_REPORT_HPP

#include "mappings.hpp"
#include "memory.hpp"
#include "windows.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dax {

/// What is said of one file as of all together. All members are in bytes.
struct Sums {
  std::uint64_t size = 0;
  std::uint64_t whole_huge = 0;  ///< in whole windows of 2 MiB
  std::uint64_t whole_giant = 0; ///< in whole windows of 1 GiB
  std::uint64_t huge = 0;        ///< mappable in 2 MiB pages
  std::uint64_t giant = 0;       ///< mappable in 1 GiB pages
  Mapped mapped;                 ///< now; all 0 when no process was named

  Sums &operator+=(const Sums &other);
};

/// What is known of one file.
struct FileReport {
  std::string name;
  bool is_dax;
  /// Physical address of its filesystem, in bytes, where that is in one piece
  /// and known.
  std::optional<std::uint64_t> start;
  Sums sums;
  std::vector<Range> huge;  ///< verdicts for 2 MiB pages
  std::vector<Range> giant; ///< verdicts for 1 GiB pages
  /// Why some are @ref Verdict::unknown, a line for each device; empty where
  /// none is.
  std::vector<std::string> unknown;
};

/// Judges a file.
/// @param name of the file
/// @param layout of it, with its extents on the device of its filesystem
/// @param device number of that device
/// @param memory that the device is in
/// @param mapped of it in the process that was asked for
FileReport report_on(const std::string &name, Layout layout, dev_t device,
                     MemoryMap &memory, const Mapped &mapped);

/// What is said beyond the sums.
struct Style {
  bool verbose; ///< each range that is not mappable
  pid_t pid;    ///< the process whose mappings were counted; 0 for none
};

/// Writes a table: a heading, lines for each file, and the total.
/// @param out where to
/// @param files in the order of the lines
/// @param style of the table
void write_table(std::ostream &out, const std::vector<FileReport> &files,
                 const Style &style);

/// Writes all of it as one JSON object (RFC 8259). Bytes of names that are not
/// UTF-8 come out as U+FFFD.
/// @param out where to
/// @param files in the order of the array
/// @param pid the process whose mappings were counted; 0 for none
void write_json(std::ostream &out, const std::vector<FileReport> &files,
                pid_t pid);

} // namespace dax

#endif
