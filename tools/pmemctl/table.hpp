// SPDX-License-Identifier: GPL-2.0
/// @file
/// A table in the manner of lsblk: columns as wide as their contents.
#ifndef PMEMCTL_TABLE_HPP
#define PMEMCTL_TABLE_HPP

#include <ostream>
#include <string>
#include <vector>

namespace pmemctl {

/// A column; numbers are at its right side.
struct Column {
  std::string heading;
  bool is_number = false;
};

/// Writes a table.
/// @param out     where to write it
/// @param columns headings; the last column is not padded
/// @param rows    of as many cells as there are columns
void write_columns(std::ostream &out, const std::vector<Column> &columns,
                   const std::vector<std::vector<std::string>> &rows);

} // namespace pmemctl

#endif
