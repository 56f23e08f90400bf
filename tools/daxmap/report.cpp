// SPDX-License-Identifier: GPL-2.0
#include "report.hpp"

#include <array>
#include <iomanip>
#include <utility>

#include <nlohmann/json.hpp>

namespace dax {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

constexpr std::array Reasons = {Verdict::not_dax,  Verdict::eof,
                                Verdict::hole,     Verdict::extent,
                                Verdict::physical, Verdict::unknown};

Sums total_of(const std::vector<FileReport> &files) {
  Sums total;
  for (const FileReport &file : files)
    total += file.sums;
  return total;
}

/// Wide enough for any file that fits in memory.
std::ostream &column(std::ostream &out) { return out << std::setw(16); }

void write_heading(std::ostream &out, const Style &style) {
  for (const char *heading : {"bytes", "2 MiB", "1 GiB"})
    out << column << heading;
  if (style.pid)
    out << column << "2 MiB now" << column << "4 KiB now";
  out << "  file\n";
}

void write_sums(std::ostream &out, const Sums &sums, const Style &style) {
  out << column << sums.size << column << sums.huge << column << sums.giant;
  if (style.pid)
    out << column << sums.mapped.huge << column << sums.mapped.base;
  out << "  ";
}

/// Writes the number of bytes for each reason against 2 MiB pages, in parentheses.
void write_reasons(std::ostream &out, const std::vector<Range> &ranges) {
  const char *before = " (";
  for (const Verdict verdict : Reasons)
    if (const std::uint64_t bytes = bytes_of(ranges, verdict)) {
      out << before << name_of(verdict) << ' ' << bytes;
      before = ", ";
    }
  if (*before == ',')
    out << ')';
}

void write_ranges(std::ostream &out, const char *page,
                  const std::vector<Range> &ranges) {
  for (const Range &range : ranges)
    if (range.verdict != Verdict::mappable)
      out << "    not in " << page << ": " << range.length << " bytes at "
          << range.offset << ", " << name_of(range.verdict) << '\n';
}

Json ranges_of(const std::vector<Range> &ranges) {
  Json list = Json::array();
  for (const Range &range : ranges)
    if (range.verdict != Verdict::mappable)
      list.push_back({{"offset", range.offset},
                      {"length", range.length},
                      {"reason", name_of(range.verdict)}});
  return list;
}

/// The members that a file and the total have in common.
Json sums_of(const Sums &sums, pid_t pid) {
  Json object{{"size", sums.size},
              {"pages",
               {{{"page_size", HugePage},
                 {"whole", sums.in_pmd_ranges},
                 {"mappable", sums.huge}},
                {{"page_size", GiantPage},
                 {"whole", sums.in_pud_ranges},
                 {"mappable", sums.giant}}}}};
  if (pid)
    object["mapped"] = {{{"page_size", BasePage}, {"bytes", sums.mapped.base}},
                        {{"page_size", HugePage}, {"bytes", sums.mapped.huge}}};
  return object;
}

Json file_of(const FileReport &file, pid_t pid) {
  Json object{{"name", file.name}, {"dax", file.is_dax}};
  if (file.start)
    object["start"] = *file.start;
  if (!file.unknown.empty())
    object["unknown"] = file.unknown;
  object.update(sums_of(file.sums, pid));
  object["pages"][0]["not_mappable"] = ranges_of(file.huge);
  object["pages"][1]["not_mappable"] = ranges_of(file.giant);
  return object;
}

} // namespace

Sums &Sums::operator+=(const Sums &other) {
  size += other.size;
  in_pmd_ranges += other.in_pmd_ranges;
  in_pud_ranges += other.in_pud_ranges;
  huge += other.huge;
  giant += other.giant;
  mapped += other.mapped;
  return *this;
}

FileReport report_on(const std::string &name, Layout layout, dev_t device,
                     MemoryMap &memory, const Mapped &mapped) {
  MemoryMap::Placement placement = memory.place(device, layout.extents);
  layout.extents = std::move(placement.extents);

  FileReport file{.name = name,
                  .is_dax = layout.is_dax,
                  .start = memory.start(device),
                  .sums = {},
                  .huge = judge(layout, HugePage),
                  .giant = judge(layout, GiantPage),
                  .unknown = {}};
  if (bytes_of(file.huge, Verdict::unknown) ||
      bytes_of(file.giant, Verdict::unknown))
    file.unknown = std::move(placement.unknown);
  file.sums = {layout.size,
               bytes_in_ranges(layout.size, HugePage),
               bytes_in_ranges(layout.size, GiantPage),
               bytes_of(file.huge, Verdict::mappable),
               bytes_of(file.giant, Verdict::mappable),
               mapped};
  return file;
}

void write_table(std::ostream &out, const std::vector<FileReport> &files,
                 const Style &style) {
  write_heading(out, style);
  for (const FileReport &file : files) {
    write_sums(out, file.sums, style);
    out << file.name;
    write_reasons(out, file.huge);
    out << '\n';
    if (style.verbose) {
      write_ranges(out, "2 MiB", file.huge);
      write_ranges(out, "1 GiB", file.giant);
    }
  }
  write_sums(out, total_of(files), style);
  out << "total\n";
}

void write_json(std::ostream &out, const std::vector<FileReport> &files,
                pid_t pid) {
  Json list = Json::array();
  for (const FileReport &file : files)
    list.push_back(file_of(file, pid));

  Json object{{"files", std::move(list)},
              {"total", sums_of(total_of(files), pid)}};
  if (pid)
    object["pid"] = pid;
  out << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace dax
