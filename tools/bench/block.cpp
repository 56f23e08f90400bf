// SPDX-License-Identifier: GPL-2.0
/// @file
/// block_bench: the cost of I/O on several disks, by turns.
#include "command.hpp"
#include "counter.hpp"
#include "disk.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

using bench::Direction;
using bench::Disk;
using bench::Io;

constexpr std::uint32_t KiB = 1024, MiB = 1024 * KiB;

/// Functions of the kernel that move or zero data in loops. Others use repeated string
/// instructions, which count once.
constexpr std::array<std::string_view, 5> Copies = {
    "__memcpy_flushcache", "copy_mc_fragile", "memcpy_orig",
    "__copy_user_nocache", "pmem_zero"};

/// Measurements of which the median counts, so that one with an interrupt does not.
constexpr unsigned Samples = 21;

/// What is measured on each disk.
struct Case {
  std::string name;
  std::uint32_t batch; ///< operations that are measured together
  std::uint32_t timed; ///< batches that take long enough to be timed
  /// starts with operation number @a first
  std::function<void(Disk &, std::uint32_t first, std::uint32_t count)> run;
};

/// A disk and the name of its driver.
struct Peer {
  std::string name;
  Disk disk;
};

struct Options {
  std::string counts, functions, cases = ".*";
  unsigned rounds = 5;
  std::vector<std::string> disks;
};

Case io_case(const std::string &name, const Io &io, std::uint32_t timed) {
  const std::uint32_t batch = std::max(io.depth, 1U);
  return {name, batch, std::max(timed / batch, 1U),
          [io](Disk &disk, std::uint32_t first, std::uint32_t count) {
            disk.run(io, first, count);
          }};
}

std::vector<Case> all_cases() {
  struct Size {
    const char *name;
    std::uint32_t length, timed;
    bool random;
  };
  struct Way {
    const char *name;
    std::uint32_t depth;
  };
  std::vector<Case> cases;
  for (const Size &size :
       {Size{"4k", 4 * KiB, 20000, true}, Size{"64k", 64 * KiB, 4000, true},
        Size{"1m", MiB, 400, false}})
    for (const Direction direction : {Direction::Read, Direction::Write})
      for (const Way &way :
           {Way{"psync", 0}, Way{"uring", 1}, Way{"uring32", 32}})
        cases.push_back(io_case(
            std::string(direction == Direction::Read ? "read-" : "write-") +
                size.name + '-' + way.name,
            {direction, size.length, way.depth, size.random, false},
            size.timed));
  cases.push_back(io_case("write-4k-fsync",
                          {Direction::Write, 4 * KiB, 0, true, true}, 10000));
  cases.push_back(
      {"zero-64m", 1, 4, [](Disk &disk, std::uint32_t, std::uint32_t count) {
         for (std::uint32_t i = 0; i < count; i++)
           disk.zero(64 * MiB);
       }});
  return cases;
}

/// Instructions per operation.
struct Cost {
  double kernel = 0; ///< without copy
  double copy = 0;
  double user = 0;
  std::map<std::string, std::uint64_t> functions; ///< for all operations
};

Cost cost(std::map<std::string, std::uint64_t> functions, std::uint32_t count) {
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

/// Prints measurements: instructions, or nanoseconds.
class Meter {
public:
  explicit Meter(const Options &options) {
    if (!options.counts.empty())
      counter.emplace(options.counts);
    if (!options.functions.empty())
      functions.open(options.functions);
    std::puts(counter ? "case,peer,round,kernel,copy,user"
                      : "case,peer,round,nanoseconds");
  }

  void measure(const Case &each, Peer &peer, unsigned round) {
    const std::string row =
        each.name + ',' + peer.name + ',' + std::to_string(round);
    if (counter)
      count_instructions(row, each, peer.disk);
    else
      time(row, each, peer.disk);
    std::fflush(stdout);
  }

private:
  void count_instructions(const std::string &row, const Case &each,
                          Disk &disk) {
    std::vector<Cost> costs;
    for (std::uint32_t i = 0; i < Samples; i++)
      costs.push_back(cost(counter->count_by_function([&] {
        each.run(disk, i * each.batch, each.batch);
      }),
                           each.batch));
    const auto middle = costs.begin() + Samples / 2;
    std::nth_element(costs.begin(), middle, costs.end(),
                     [](const Cost &one, const Cost &other) {
                       return one.kernel < other.kernel;
                     });
    std::printf("%s,%.1f,%.1f,%.1f\n", row.c_str(), middle->kernel,
                middle->copy, middle->user);
    if (!functions.is_open())
      return;
    for (const auto &[name, instructions] : middle->functions)
      functions << row << ',' << name << ','
                << static_cast<double>(instructions) / each.batch << '\n';
  }

  static void time(const std::string &row, const Case &each, Disk &disk) {
    using Clock = std::chrono::steady_clock;
    const std::uint32_t count = each.batch * each.timed;
    const Clock::time_point start = Clock::now();
    each.run(disk, 0, count);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - start;
    std::printf("%s,%.1f\n", row.c_str(), taken.count() / count);
  }

  std::optional<counts::Counter> counter;
  std::ofstream functions;
};

void add_options(CLI::App &app, Options &options) {
  using dax::whole_number;
  app.footer(
      "A row is one measurement, per I/O: instructions of the kernel "
      "without those that\ncopy, of these, and of user space; without "
      "--counts, nanoseconds. Overwrites the\nfirst 256 MiB of each disk.");
  app.add_option("--counts", options.counts,
                 "count instructions; the file that the plugin writes")
      ->type_name("FILE");
  app.add_option("--functions", options.functions,
                 "write the instructions of each kernel function there")
      ->type_name("FILE")
      ->needs("--counts");
  app.add_option("--rounds", options.rounds, "default 5")
      ->type_name("N")
      ->transform(whole_number(1, 1000));
  app.add_option("--cases", options.cases,
                 "only those whose name matches; see the first column")
      ->type_name("REGEX");
  app.add_option("DISK", options.disks, "NAME=DEVICE, NAME for the table")
      ->option_text(" ")
      ->required()
      ->check(dax::condition(
          [](const std::string &text) {
            return text.find('=') != std::string::npos;
          },
          "give NAME=DEVICE"));
}

int run(const Options &options) {
  std::vector<Peer> peers;
  for (const std::string &text : options.disks) {
    const std::size_t equals = text.find('=');
    peers.push_back({text.substr(0, equals), Disk(text.substr(equals + 1))});
  }
  Meter meter(options);
  const std::regex wanted(options.cases);
  for (unsigned round = 0; round <= options.rounds; round++) {
    for (const Case &each : all_cases()) {
      if (!std::regex_match(each.name, wanted))
        continue;
      for (Peer &peer : peers) {
        // the first round only fills caches
        if (round == 0)
          each.run(peer.disk, 0, each.batch);
        else
          meter.measure(each, peer, round);
      }
    }
  }
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Measure I/O on several disks, by turns.", "block_bench");
  Options options;
  add_options(app, options);
  return dax::run_command(app, argc, argv, [&] { return run(options); });
}
