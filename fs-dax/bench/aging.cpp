// SPDX-License-Identifier: GPL-2.0
/// @file
/// Ages a filesystem, and measures what that leaves for huge pages.
#include "block_device.hpp"
#include "filesystem.hpp"
#include "measure.hpp"
#include "plan.hpp"
#include "sizes.hpp"
#include "turns.hpp"
#include "ways.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <getopt.h>
#include <sys/stat.h>

namespace {

using aging::Allocation;
using aging::MiB;

constexpr int ExitUsage = 2;

/// Sizes of new files that are looked at, in MiB.
constexpr unsigned NewSizes[] = {2, 8, 64, 256};
/// As many of them as make this together, as long as that is not more than a
/// half of what is free, in MiB.
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
  bool measure = true;
};

/// What was measured of one size of new files; nothing where there was no room.
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

/// How new files that are looked at are filled.
const aging::Way &way_of(Allocation by) {
  return *aging::find_way(by == Allocation::fallocate ? "fallocate"
                                                      : "write-1m");
}

void help() {
  std::puts(
      "usage: aging --dir DIR [OPTION...]\n"
      "Age the filesystem that DIR is on, in a new directory DIR/aged, and\n"
      "measure which part of the free space and of new files is in whole 2 "
      "MiB\n"
      "windows of memory, aligned to 2 MiB. What is done depends on the "
      "options\n"
      "and the size of the filesystem alone.\n"
      "\n"
      "  --seed N            of the random numbers; 1 if not given\n"
      "  --utilisation N     percent of the filesystem that is used in the "
      "end,\n"
      "                      10 to 95; 75 if not given\n"
      "  --churn TIMES       how much is allocated, in sizes of the "
      "filesystem;\n"
      "                      10 if not given\n"
      "  --distribution NAME of the sizes of files:");
  for (const aging::Distribution &one : aging::distributions())
    std::printf("                        %.*s: %.*s\n",
                static_cast<int>(one.name.size()), one.name.data(),
                static_cast<int>(one.source.size()), one.source.data());
  std::puts(
      "                      the first if not given\n"
      "  --by HOW            fallocate, or write: how files that are created "
      "or\n"
      "                      get a larger size come to their blocks; "
      "fallocate\n"
      "                      if not given. Appends are always writes.\n"
      "  --write-size KIB    of one write with --by write; 1024 if not given\n"
      "  --cpus N            do the operations by turns on so many CPUs; 1 if "
      "not\n"
      "                      given\n"
      "  --largest-share N   a file is at most 1/N of the filesystem, and a "
      "quarter\n"
      "                      of what is used in the end; 64 if not given\n"
      "  --csv FILE          add the results to FILE, a line for each number\n"
      "  --label TEXT        the first field of these lines; aged if not "
      "given\n"
      "  --age-only          do not measure, and take a filesystem without "
      "DAX\n"
      "  --help              this text\n"
      "\n"
      "Exit status: 0, 1 when something failed, 2 for a wrong option.");
}

/// @throws std::invalid_argument when the text is no number in [low, high]
template <class T>
T number(const char *option, const char *text, T low, T high) {
  const std::string_view view(text);
  T value{};
  const auto [end, error] =
      std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size() ||
      !(value >= low && value <= high)) {
    char range[80];
    std::snprintf(range, sizeof(range), "from %.15g to %.15g",
                  static_cast<double>(low), static_cast<double>(high));
    throw std::invalid_argument("--" + std::string(option) + " " + text +
                                ": give a number " + range);
  }
  return value;
}

const aging::Distribution *distribution(const char *text) {
  if (const aging::Distribution *found = aging::find_distribution(text))
    return found;
  throw std::invalid_argument("--distribution " + std::string(text) +
                              ": there is none of that name; see --help");
}

Allocation allocation(std::string_view text) {
  for (Allocation by : {Allocation::fallocate, Allocation::write})
    if (text == name_of(by))
      return by;
  throw std::invalid_argument("--by " + std::string(text) +
                              ": give fallocate or write");
}

/// @throws std::invalid_argument for what --help does not allow
Options parse(int argc, char **argv) {
  enum {
    Dir = 1,
    Seed,
    Utilisation,
    Churn,
    Sizes,
    By,
    WriteSize,
    Cpus,
    LargestShare,
    Csv,
    Label,
    AgeOnly,
    Help
  };
  static const option known[] = {
      {"dir", required_argument, nullptr, Dir},
      {"seed", required_argument, nullptr, Seed},
      {"utilisation", required_argument, nullptr, Utilisation},
      {"churn", required_argument, nullptr, Churn},
      {"distribution", required_argument, nullptr, Sizes},
      {"by", required_argument, nullptr, By},
      {"write-size", required_argument, nullptr, WriteSize},
      {"cpus", required_argument, nullptr, Cpus},
      {"largest-share", required_argument, nullptr, LargestShare},
      {"csv", required_argument, nullptr, Csv},
      {"label", required_argument, nullptr, Label},
      {"age-only", no_argument, nullptr, AgeOnly},
      {"help", no_argument, nullptr, Help},
      {},
  };
  Options options;
  int which, index = 0;

  while ((which = getopt_long(argc, argv, "", known, &index)) != -1) {
    switch (which) {
    case Dir:
      options.directory = optarg;
      break;
    case Seed:
      options.seed = number<std::uint64_t>("seed", optarg, 0, UINT32_MAX);
      break;
    case Utilisation:
      options.utilisation = number<unsigned>("utilisation", optarg, 10, 95);
      break;
    case Churn:
      options.churn = number<double>("churn", optarg, 0, 1000);
      break;
    case Sizes:
      options.sizes = distribution(optarg);
      break;
    case By:
      options.by = allocation(optarg);
      break;
    case WriteSize:
      options.write_size =
          number<std::uint64_t>("write-size", optarg, 1, 65536);
      break;
    case Cpus:
      options.cpus = number<unsigned>("cpus", optarg, 1, 1024);
      break;
    case LargestShare:
      options.largest_share =
          number<std::uint64_t>("largest-share", optarg, 1, 1000000);
      break;
    case Csv:
      options.csv = optarg;
      break;
    case Label:
      options.label = optarg;
      break;
    case AgeOnly:
      options.measure = false;
      break;
    case Help:
      help();
      std::exit(EXIT_SUCCESS);
    default:
      throw std::invalid_argument("");
    }
  }
  if (optind < argc)
    throw std::invalid_argument(std::string(argv[optind]) +
                                " is no option; see --help");
  if (options.directory.empty())
    throw std::invalid_argument("--dir is missing; see --help");
  return options;
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
    throw std::runtime_error(std::to_string(space.used / MiB) +
                             " MiB of the filesystem at " + options.directory +
                             " are used already; make it anew");
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
      std::fprintf(stderr, "aging: %2d0 %% of the churn\n",
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

/// Where the filesystem begins in memory, in bytes.
std::uint64_t start_of(int fd) {
  struct stat status;
  if (fstat(fd, &status))
    dax::fail("asking for the device");
  const auto start = dax::MemoryMap(dax::block_devices()).start(status.st_dev);
  if (!start)
    std::fprintf(stderr, "aging: where the device is in memory is unknown, or "
                         "it is in several pieces; it is taken to begin at a "
                         "multiple of 2 MiB\n");
  return start.value_or(0);
}

/// Finds out before hours are spent whether there is something to measure.
void try_to_measure(aging::Filesystem &filesystem) {
  aging::free_space(filesystem.get());
  aging::new_files(filesystem, way_of(Allocation::fallocate), 2 * MiB, 1, 0);
}

Result measure(aging::Filesystem &filesystem, std::uint64_t start) {
  const aging::Space space = filesystem.space();
  const std::uint64_t room =
      std::min(NewBytes * MiB, (space.capacity - space.used) / 2);
  Result result{
      .used = aging::Share{space.used, space.capacity}.percent(),
      .free = aging::in_windows(aging::free_space(filesystem.get()), start),
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
              "of the free space in whole windows  %5.1f %%\n",
              result.used, result.free.percent());
  for (Allocation by : {Allocation::fallocate, Allocation::write}) {
    std::printf("of new files by %-9s", name_of(by));
    for (const Cell &cell : result.cells) {
      if (cell.by != by)
        continue;
      if (cell.mapped)
        std::printf("  %u MiB: %5.1f %%", cell.size, cell.mapped->percent());
      else
        std::printf("  %u MiB: no room", cell.size);
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
    throw std::runtime_error("cannot write to " + options.csv);
}

} // namespace

int main(int argc, char **argv) {
  try {
    const Options options = parse(argc, argv);
    aging::Turns turns(options.cpus);
    aging::Filesystem filesystem(options.directory + "/aged", options.by,
                                 options.write_size * aging::KiB);
    if (!options.measure) {
      age(options, filesystem, turns);
      return EXIT_SUCCESS;
    }
    const std::uint64_t start = start_of(filesystem.get());
    try_to_measure(filesystem);
    age(options, filesystem, turns);
    const Result result = measure(filesystem, start);
    print(result);
    if (!options.csv.empty())
      write_csv(options, result);
    return EXIT_SUCCESS;
  } catch (const std::invalid_argument &problem) {
    // getopt has said it already where there is no text
    if (*problem.what())
      std::fprintf(stderr, "aging: error: %s\n", problem.what());
    return ExitUsage;
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "aging: error: %s\n", problem.what());
    return EXIT_FAILURE;
  }
}
