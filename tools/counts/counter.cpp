// SPDX-License-Identifier: GPL-2.0
#include "counter.hpp"

#include "descriptor.hpp"
#include "instruction.hpp"

#include <cstring>
#include <stdexcept>

#include <sched.h>

namespace counts {

namespace {

void run_on(const cpu_set_t &cpus) {
  if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
    dax::fail("sched_setaffinity");
}

} // namespace

Counter::Counter(const std::string &name)
    : lines(name), places_name(name + ".places") {
  if (!lines)
    throw std::runtime_error(name +
                             ": cannot read it; run the emulator with "
                             "the plugin counts and out=" +
                             name);
  lines.seekg(0, std::ios::end);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  run_on(cpus);
}

Counts Counter::count(const std::function<void()> &body) {
  mark();
  body();
  mark();
  next();
  return next();
}

std::map<std::string, std::uint64_t>
Counter::count_by_function(const std::function<void()> &body) {
  if (!symbols) {
    std::ifstream kallsyms("/proc/kallsyms");
    symbols.emplace(kallsyms);
  }
  mark_places();
  body();
  mark_places();
  next();
  next();
  std::ifstream places(places_name);
  if (!places)
    throw std::runtime_error(places_name +
                             ": cannot read what the plugin writes");
  return by_function(places, *symbols);
}

void Counter::use_all_cpus() {
  cpu_set_t cpus;
  std::memset(&cpus, 0xff, sizeof(cpus));
  run_on(cpus);
}

Counts Counter::next() {
  Counts counts;
  if (!(lines >> counts.instructions >> counts.written_back >> counts.by_all))
    throw std::runtime_error(
        "the plugin wrote no counts; load it into the emulator");
  return counts;
}

} // namespace counts
