// SPDX-License-Identifier: GPL-2.0
#include "survival_report.hpp"

#include "size.hpp"
#include "table.hpp"

#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

/// The most runs in a text; JSON has all.
constexpr std::size_t MostRuns = 64;

/// A share in percent: 100 only if it is the whole, and never 0 if it is not.
std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (part == whole)
    return "100 %";
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3f %%",
                static_cast<double>(part) * 100 / static_cast<double>(whole));
  if (part && std::string(text.data()) == "0.000 %")
    return "< 0.001 %";
  if (std::string(text.data()) == "100.000 %")
    return "> 99.999 %";
  return text.data();
}

} // namespace

void write_survival(std::ostream &out, const std::string &name,
                    std::optional<std::uint64_t> seed,
                    const Survival &survival) {
  out << name << ": " << survival.pages << " pages of 4 KiB at "
      << hex(survival.start);
  if (seed)
    out << ", seed " << *seed;
  else
    out << ", no page has the pattern of its own address";
  out << '\n';

  std::vector<std::vector<std::string>> rows;
  for (const Fate fate : Fates)
    if (fate == Fate::survived || survival.count(fate))
      rows.push_back({name_of(fate), std::to_string(survival.count(fate)),
                      percent(survival.count(fate), survival.pages)});
  write_columns(out, {{"FATE"}, {"PAGES", true}, {"SHARE", true}}, rows);

  if (!survival.is_whole()) {
    out << '\n';
    rows.clear();
    for (const LostRun &run : survival.lost()) {
      if (rows.size() == MostRuns)
        break;
      rows.push_back({hex(run.address),
                      hex(run.address + run.pages * PageSize - 1),
                      std::to_string(run.pages), name_of(run.fate)});
    }
    write_columns(out, {{"LOST"}, {"LAST"}, {"PAGES", true}, {"NOW"}}, rows);
    if (survival.lost().size() > MostRuns)
      out << "and " << survival.lost().size() - MostRuns
          << " more; --json lists all\n";
  }
  out << "\nmap: [" << survival.map() << "]\n";
}

void write_survival_json(std::ostream &out, const std::string &name,
                         std::optional<std::uint64_t> seed,
                         const Survival &survival) {
  Json counts = Json::object();
  for (const Fate fate : Fates)
    counts[name_of(fate)] = survival.count(fate);
  Json lost = Json::array();
  for (const LostRun &run : survival.lost())
    lost.push_back({{"address", run.address},
                    {"pages", run.pages},
                    {"now", name_of(run.fate)}});
  Json object{{"name", name},
              {"start", survival.start},
              {"page_size", PageSize},
              {"pages", survival.pages},
              {"seed", seed ? Json(*seed) : Json()},
              {"counts", std::move(counts)},
              {"lost", std::move(lost)},
              {"map", survival.map()}};
  out << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace pmemctl
