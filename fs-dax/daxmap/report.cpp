// SPDX-License-Identifier: GPL-2.0
#include "report.hpp"

#include <array>
#include <iomanip>
#include <set>

#include <nlohmann/json.hpp>

namespace dax {

namespace {

/// Keeps the order in which members are written down here.
using Json = nlohmann::ordered_json;

constexpr std::array Obstacles = {Verdict::not_dax, Verdict::too_short,
                                  Verdict::hole, Verdict::boundary,
                                  Verdict::phase};

Sums total_of(const std::vector<FileReport> &files) {
  Sums total;
  for (const FileReport &file : files)
    total += file.sums;
  return total;
}

/// Wide enough for any file that fits into memory today.
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

/// How much each obstacle to 2 MiB pages keeps, in parentheses.
void write_obstacles(std::ostream &out, const std::vector<Range> &ranges) {
  const char *before = " (";
  for (const Verdict verdict : Obstacles)
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

/// The members that a file and the total both have.
Json sums_of(const Sums &sums, pid_t pid) {
  Json object{{"size", sums.size},
              {"pages",
               {{{"page_size", HugePage},
                 {"whole", sums.whole_huge},
                 {"mappable", sums.huge}},
                {{"page_size", GiantPage},
                 {"whole", sums.whole_giant},
                 {"mappable", sums.giant}}}}};
  if (pid)
    object["mapped"] = {{{"page_size", BasePage}, {"bytes", sums.mapped.base}},
                        {{"page_size", HugePage}, {"bytes", sums.mapped.huge}}};
  return object;
}

Json file_of(const FileReport &file, pid_t pid) {
  Json object{{"name", file.name}, {"dax", file.is_dax}};
  object["start"] = file.start.address;
  if (!file.start.unknown.empty())
    object["start_unknown"] = file.start.unknown;
  object.update(sums_of(file.sums, pid));
  object["pages"][0]["not_mappable"] = ranges_of(file.huge);
  object["pages"][1]["not_mappable"] = ranges_of(file.giant);
  return object;
}

} // namespace

Sums &Sums::operator+=(const Sums &other) {
  size += other.size;
  whole_huge += other.whole_huge;
  whole_giant += other.whole_giant;
  huge += other.huge;
  giant += other.giant;
  mapped += other.mapped;
  return *this;
}

FileReport report_on(const std::string &name, const Layout &layout,
                     const MemoryStart &start, const Mapped &mapped) {
  FileReport file{name, layout.is_dax,           start,
                  {},   judge(layout, HugePage), judge(layout, GiantPage)};
  file.sums = {layout.size,
               whole_windows(layout.size, HugePage),
               whole_windows(layout.size, GiantPage),
               bytes_of(file.huge, Verdict::mappable),
               bytes_of(file.giant, Verdict::mappable),
               mapped};
  return file;
}

void write_table(std::ostream &out, const std::vector<FileReport> &files,
                 const Style &style) {
  std::set<std::string> unknown;

  write_heading(out, style);
  for (const FileReport &file : files) {
    write_sums(out, file.sums, style);
    out << file.name;
    write_obstacles(out, file.huge);
    out << '\n';
    if (style.verbose) {
      write_ranges(out, "2 MiB", file.huge);
      write_ranges(out, "1 GiB", file.giant);
    }
    if (file.is_dax && !file.start.unknown.empty())
      unknown.insert(file.start.unknown);
  }
  write_sums(out, total_of(files), style);
  out << "total\n";
  for (const std::string &reason : unknown)
    out << "taking a disk to begin at a multiple of 1 GiB in memory: " << reason
        << '\n';
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
