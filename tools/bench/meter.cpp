// SPDX-License-Identifier: GPL-2.0
#include "meter.hpp"

#include "descriptor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

namespace {

/// Functions of the kernel that move or zero data in loops. Others use repeated string
/// instructions, which count once.
constexpr std::array<std::string_view, 6> Copies = {
    "__memcpy_flushcache", "copy_mc_fragile",     "memcpy_orig",
    "__copy_user_nocache", "copy_to_nontemporal", "pmem_zero"};

void take_time(const std::string &row, const Case &each) {
  using Clock = std::chrono::steady_clock;
  const std::uint32_t count = each.batch * each.timed;
  const Clock::time_point start = Clock::now();
  each.run(0, count);
  const std::chrono::duration<double, std::nano> taken = Clock::now() - start;
  std::printf("%s,%.1f\n", row.c_str(), taken.count() / count);
}

} // namespace

Cost cost_of(std::map<std::string, std::uint64_t> functions,
             std::uint32_t count) {
  Cost cost;
  for (const auto &[name, instructions] : functions) {
    const double each = static_cast<double>(instructions) / count;
    if (name == "user")
      cost.user += each;
    else if (std::find(Copies.begin(), Copies.end(), name) != Copies.end())
      cost.copy += each;
    else
      cost.kernel += each;
  }
  cost.functions = std::move(functions);
  return cost;
}

Meter::Meter(const std::string &counts, const std::string &functions) {
  if (!counts.empty())
    counter.emplace(counts);
  if (!functions.empty()) {
    functions_name = functions;
    this->functions.open(functions);
    if (!this->functions)
      dax::fail(functions);
  }
  std::puts(counter ? "case,peer,round,kernel,copy,total,user"
                    : "case,peer,round,nanoseconds");
}

void Meter::measure(const Case &each, const std::string &peer, unsigned round) {
  const std::string row = each.name + ',' + peer + ',' + std::to_string(round);
  if (each.prepare)
    each.prepare();
  if (counter)
    count_instructions(row, each);
  else
    take_time(row, each);
  std::fflush(stdout);
}

void Meter::count_instructions(const std::string &row, const Case &each) {
  std::vector<Cost> costs;
  for (std::uint32_t i = 0; i < Samples; i++) {
    const auto body = [&] { each.run(i * each.batch, each.batch); };
    costs.push_back(cost_of(counter->count_by_function(body), each.batch));
  }
  const auto middle = costs.begin() + Samples / 2;
  std::nth_element(costs.begin(), middle, costs.end(),
                   [](const Cost &one, const Cost &other) {
                     return one.kernel < other.kernel;
                   });
  std::printf("%s,%.1f,%.1f,%.1f,%.1f\n", row.c_str(), middle->kernel,
              middle->copy, middle->kernel + middle->copy, middle->user);
  for (const auto &[name, instructions] : middle->functions)
    functions << row << ',' << name << ','
              << static_cast<double>(instructions) / each.batch << '\n';
  if (functions.is_open() && !functions.flush())
    dax::fail(functions_name);
}

} // namespace bench
