// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include <algorithm>

namespace pmemctl {

namespace {

/// The columns that a text takes: bytes of UTF-8 without those that continue one.
std::size_t width_of(const std::string &text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
}

} // namespace

void write_columns(std::ostream &out, const std::vector<Column> &columns,
                   const std::vector<std::vector<std::string>> &rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); i++) {
    widths.push_back(width_of(columns[i].heading));
    for (const auto &row : rows)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const auto write = [&](const std::vector<std::string> &cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); i++) {
      const std::string pad(widths[i] - width_of(cells[i]), ' ');
      line += i ? " " : "";
      line += columns[i].is_number ? pad + cells[i] : cells[i] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  std::vector<std::string> headings;
  for (const Column &column : columns)
    headings.push_back(column.heading);
  write(headings);
  for (const auto &row : rows)
    write(row);
}

} // namespace pmemctl
