// SPDX-License-Identifier: GPL-2.0
/// @file
/// aging: ages a filesystem, and measures how much of it huge pages can map then.
#include "block_device.hpp"
#include "command.hpp"
#include "filesystem.hpp"
#include "measure.hpp"
#include "plan.hpp"
#include "sizes.hpp"
#include "turns.hpp"
#include "ways.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using aging::Allocation;
using aging::MiB;

/// Sizes of the new files to measure, in MiB.
constexpr unsigned NewSizes[] = {2, 8, 64, 256};
/// The sum of the new files of one size, in MiB; at most half of the free space.
constexpr unsigned NewBytes = 256;

struct Options {
  std::string directory;
  std::uint64_t seed = 1;
  unsigned utilisation = 75;
  double churn = 10;
  const aging::Distribution *sizes = &aging::distributions()[0];
  Allocation by = Allocation::fallocate;
  std::uint64_t write_size = 1024; ///< in KiB
  unsigned cpus = 1;
  std::uint64_t largest_share = aging::Plan::LargestShare;
  std::string csv;
  std::string label = "aged";
  bool age_only = false;
  bool measure_only = false;
};

/// The result for new files of one size; nothing without enough free space.
struct Cell {
  unsigned size; ///< in MiB
  Allocation by;
  std::optional<aging::Share> mapped;
};

struct Result {
  double used; ///< percent of the filesystem
  aging::Share free;
  std::vector<Cell> cells;
};

const char *name_of(Allocation by) {
  return by == Allocation::fallocate ? "fallocate" : "write";
}

/// How the new files to measure are filled.
const aging::Way &way_of(Allocation by) {
  return *aging::find_way(by == Allocation::fallocate ? "fallocate"
                                                      : "write-1m");
}

/// The distributions, for --help.
std::string footer() {
  std::string text = "Distributions of file sizes:\n";
  for (const aging::Distribution &one : aging::distributions())
    text +=
        "  " + std::string(one.name) + ": " + std::string(one.source) + "\n";
  return text +
         "\nExit status: 0, 1 if something failed, 2 for a wrong option.";
}

void add_options(CLI::App &app, Options &options) {
  using dax::whole_number;
  const std::map<std::string, Allocation> allocations = {
      {name_of(Allocation::fallocate), Allocation::fallocate},
      {name_of(Allocation::write), Allocation::write}};

  app.footer(footer());
  app.get_formatter()->column_width(24);
  app.set_help_flag("--help", "print this text");
  app.add_option("--dir", options.directory, "age the filesystem of DIR")
      ->type_name("DIR")
      ->required();
  app.add_option("--seed", options.seed, "random seed; default 1")
      ->type_name("N")
      ->transform(whole_number(0, UINT32_MAX));
  app.add_option("--utilisation", options.utilisation,
                 "percent of the filesystem to use, 10 to 95; default 75")
      ->type_name("N")
      ->transform(whole_number(10, 95));
  app.add_option("--churn", options.churn,
                 "bytes to allocate, in sizes of the filesystem; default 10")
      ->type_name("TIMES")
      ->transform(dax::decimal_number(0, 1000));
  app.add_option_function<std::string>(
         "--distribution",
         [&](const std::string &name) {
           options.sizes = aging::find_distribution(name);
         },
         "of file sizes; default agrawal")
      ->type_name("NAME")
      ->check(dax::condition(
          [](const std::string &name) {
            return aging::find_distribution(name) != nullptr;
          },
          "no such distribution"));
  app.add_option_function<std::string>(
         "--by",
         [&options, allocations](const std::string &name) {
           options.by = allocations.at(name);
         },
         "fallocate or write: how new and growing files get blocks; "
         "default fallocate. Appends are always writes.")
      ->type_name("HOW")
      ->check(dax::condition(
          [allocations](const std::string &name) {
            return allocations.contains(name);
          },
          "expected fallocate or write"));
  app.add_option("--write-size", options.write_size,
                 "size of one write with --by write, in KiB; default 1024")
      ->type_name("KIB")
      ->transform(whole_number(1, 65536));
  app.add_option("--cpus", options.cpus,
                 "alternate operations between N CPUs; default 1")
      ->type_name("N")
      ->transform(whole_number(1, aging::usable_cpus()));
  app.add_option(
         "--largest-share", options.largest_share,
         "make files of at most 1/N of the filesystem, and of at most a "
         "quarter of the bytes to use; default 64")
      ->type_name("N")
      ->transform(whole_number(1, 1000000));
  app.add_option("--csv", options.csv, "append the results to FILE")
      ->type_name("FILE");
  app.add_option("--label", options.label,
                 "first field of each line of FILE; default aged")
      ->type_name("TEXT");
  CLI::Option *const age_only = app.add_flag(
      "--age-only", options.age_only, "do not measure; DAX is not needed");
  app.add_flag("--measure-only", options.measure_only,
               "do not age: measure the filesystem as it is. New files are in "
               "DIR/measured, which is removed.")
      ->excludes(age_only);
}

aging::Plan make_plan(const Options &options, const aging::Space &space) {
  return aging::Plan({.sizes = options.sizes,
                      .seed = options.seed,
                      .capacity = space.capacity,
                      .used = space.used,
                      .utilisation = options.utilisation,
                      .churn = static_cast<std::uint64_t>(
                          options.churn * static_cast<double>(space.capacity)),
                      .block = space.block,
                      .largest_share = options.largest_share});
}

void age(const Options &options, aging::Filesystem &filesystem,
         aging::Turns &turns) {
  const aging::Space space = filesystem.space();
  if (space.used > space.capacity / 100 * options.utilisation / 2)
    throw std::runtime_error(options.directory + ": " +
                             std::to_string(space.used / MiB) +
                             " MiB of the filesystem are used already; make a "
                             "new filesystem");
  aging::Plan plan = make_plan(options, space);
  const std::uint64_t goal =
      std::max<std::uint64_t>(1, options.churn * space.capacity);
  std::uint64_t operations = 0, tenths = 0;

  while (const auto operation = plan.next()) {
    turns.run([&] { filesystem.apply(*operation); });
    operations++;
    const std::uint64_t reached =
        std::min<std::uint64_t>(10, plan.allocated_bytes() * 10.0 / goal);
    if (reached > tenths) {
      tenths = reached;
      std::fprintf(stderr, "aging: %2d0 %% of the churn done\n",
                   static_cast<int>(tenths));
    }
  }
  filesystem.commit();
  std::printf("%zu files in %zu directories after %llu operations that "
              "allocated %.1f GiB\n",
              plan.file_count(), plan.directory_count(),
              static_cast<unsigned long long>(operations),
              static_cast<double>(plan.allocated_bytes()) / (1024 * MiB));
}

/// The physical address of the filesystem's device.
std::uint64_t start_of(int fd) {
  struct stat status;
  if (fstat(fd, &status))
    dax::fail("cannot get the device");
  const auto start = dax::MemoryMap(dax::block_devices()).start(status.st_dev);
  if (!start)
    std::fprintf(stderr, "aging: the device has no known address, or is not "
                         "contiguous in memory; assuming an address that is "
                         "a multiple of 2 MiB\n");
  return start.value_or(0);
}

/// Fails early, before hours of aging, if nothing can be measured.
void try_to_measure(aging::Filesystem &filesystem) {
  dax::free_space(filesystem.get());
  aging::new_files(filesystem, way_of(Allocation::fallocate), 2 * MiB, 1, 0);
}

Result measure(aging::Filesystem &filesystem, std::uint64_t start) {
  const aging::Space space = filesystem.space();
  const std::uint64_t room =
      std::min(NewBytes * MiB, (space.capacity - space.used) / 2);
  Result result{.used = aging::Share{space.used, space.capacity}.percent(),
                .free =
                    aging::in_chunks(dax::free_space(filesystem.get()), start),
                .cells = {}};

  for (Allocation by : {Allocation::fallocate, Allocation::write}) {
    for (unsigned size : NewSizes) {
      Cell cell{size, by, std::nullopt};
      if (const unsigned count = room / (size * MiB))
        cell.mapped =
            aging::new_files(filesystem, way_of(by), size * MiB, count, 0);
      result.cells.push_back(cell);
    }
  }
  return result;
}

void print(const Result &result) {
  std::printf("used                                %5.1f %%\n"
              "of the free space in whole chunks   %5.1f %%\n",
              result.used, result.free.percent());
  for (Allocation by : {Allocation::fallocate, Allocation::write}) {
    std::printf("of new files by %-9s", name_of(by));
    for (const Cell &cell : result.cells) {
      if (cell.by != by)
        continue;
      if (cell.mapped)
        std::printf("  %u MiB: %5.1f %%", cell.size, cell.mapped->percent());
      else
        std::printf("  %u MiB: no space", cell.size);
    }
    std::puts("");
  }
}

void write_csv(const Options &options, const Result &result) {
  std::ofstream file(options.csv, std::ios::app);
  const auto row = [&](const char *measure, unsigned size, double percent) {
    char numbers[64];
    std::snprintf(numbers, sizeof(numbers), "%u,%.2f", size, percent);
    file << options.label << ',' << options.sizes->name << ','
         << name_of(options.by) << ',' << options.utilisation << ','
         << options.churn << ',' << options.seed << ',' << measure << ','
         << numbers << '\n';
  };

  if (file.tellp() == 0)
    file
        << "label,distribution,by,utilisation,churn,seed,measure,mib,percent\n";
  row("used", 0, result.used);
  row("free", 0, result.free.percent());
  for (const Cell &cell : result.cells)
    if (cell.mapped)
      row(name_of(cell.by), cell.size, cell.mapped->percent());
  if (!file.flush())
    throw std::runtime_error(options.csv + ": cannot write the results");
}

/// What the options ask for, with new files in a directory.
/// @param name of the directory, which must not exist
void run(const Options &options, const std::string &name) {
  aging::Turns turns(options.cpus);
  aging::Filesystem filesystem(name, options.by,
                               options.write_size * aging::KiB);
  if (options.age_only) {
    age(options, filesystem, turns);
    return;
  }
  const std::uint64_t start = start_of(filesystem.get());
  if (!options.measure_only) {
    try_to_measure(filesystem);
    age(options, filesystem, turns);
  }
  const Result result = measure(filesystem, start);
  print(result);
  if (!options.csv.empty())
    write_csv(options, result);
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app(
      "Age the filesystem of DIR, in a new directory DIR/aged, and print "
      "the share of the\nfree space and of new files that is in whole "
      "PMD-aligned chunks (2 MiB) of memory.\nThe operations depend on "
      "the options and on the size of the filesystem only.",
      "aging");
  add_options(app, options);
  return dax::run_command(app, argc, argv, [&] {
    const std::string name =
        options.directory + (options.measure_only ? "/measured" : "/aged");
    run(options, name);
    if (options.measure_only && rmdir(name.c_str()))
      dax::fail("cannot remove " + name);
    return EXIT_SUCCESS;
  });
}
