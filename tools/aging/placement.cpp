// SPDX-License-Identifier: GPL-2.0
/// @file
/// placement: fills files in the ways that programs do, and measures how much of
/// them a program gets with 2 MiB pages.
#include "command.hpp"
#include "filesystem.hpp"
#include "measure.hpp"
#include "sizes.hpp"
#include "turns.hpp"
#include "ways.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>

namespace {

using aging::MiB;

/// The default sum of the files of one size, in MiB; at least one file.
constexpr unsigned TotalMib = 64;

/// The largest file, in MiB.
constexpr unsigned LargestMib = 1 << 20;

struct Options {
  std::string directory;
  std::vector<std::string> measured; ///< existing files
  std::vector<std::string> ways;
  std::vector<unsigned> sizes = {2, 8, 64}; ///< in MiB
  unsigned files = 0; ///< of one way and size; 0 for TotalMib
  std::uint64_t seed = 1;
  std::string csv;
  std::string label = "new";
  std::string name = "files"; ///< printed as the way of existing files
};

bool is_size(const std::string &text) {
  unsigned size;
  const char *const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, size);
  return error == std::errc() && end == last && size >= 2 &&
         size <= LargestMib && size % 2 == 0;
}

/// The ways, for --help.
std::string footer() {
  std::string text = "Ways to fill a file:\n";
  char line[120];
  for (const aging::Way &way : aging::ways()) {
    std::snprintf(line, sizeof(line), "  %-14s %s\n", way.name.data(),
                  way.description.data());
    text += line;
  }
  return text +
         "\nExit status: 0, 1 if something failed, 2 for a wrong option.";
}

void add_options(CLI::App &app, Options &options) {
  using dax::condition;
  using dax::whole_number;
  app.footer(footer());
  app.get_formatter()->column_width(22);
  app.set_help_flag("--help", "print this text");

  app.add_option("--dir", options.directory,
                 "fill files in a new directory DIR/placement, and remove them")
      ->type_name("DIR");
  app.add_option("--measure", options.measured,
                 "measure existing files, without changing their contents")
      ->type_name("FILE");
  app.add_option("--way", options.ways,
                 "comma-separated list of ways; default all")
      ->type_name("NAME")
      ->delimiter(',')
      ->check(condition(
          [](const std::string &text) { return !!aging::find_way(text); },
          "no such way"));
  app.add_option("--mib", options.sizes,
                 "comma-separated list of file sizes; default 2,8,64")
      ->type_name("N")
      ->delimiter(',')
      ->check(condition(is_size, "expected an even number from 2 to " +
                                     std::to_string(LargestMib)));
  app.add_option(
         "--files", options.files,
         "number of files of each size; default 64 MiB of files, or one")
      ->type_name("N")
      ->transform(whole_number(1, 100000));
  app.add_option("--seed", options.seed, "random seed; default 1")
      ->type_name("N")
      ->transform(whole_number(0, UINT32_MAX));
  app.add_option("--csv", options.csv,
                 "append the results to FILE, as lines of "
                 "label,seed,way,mib,percent")
      ->type_name("FILE");
  app.add_option("--label", options.label,
                 "first field of each line of FILE; default new")
      ->type_name("TEXT");
  app.add_option("--name", options.name,
                 "the way in lines of --measure, with 0 MiB; default files")
      ->type_name("TEXT");
  app.callback([&options] {
    if (options.directory.empty() == options.measured.empty())
      throw CLI::ValidationError("expected either --dir or --measure");
  });
}

/// Appends results to a file, one line each.
class Csv {
public:
  /// @param name    of the file; empty for none
  /// @param options for the first fields of each line
  Csv(const std::string &name, const Options &options)
      : name(name), prefix(options.label + ',' + std::to_string(options.seed)) {
    if (name.empty())
      return;
    file.open(name, std::ios::app);
    if (file.tellp() == 0)
      file << "label,seed,way,mib,percent\n";
    check();
  }

  /// @throws std::runtime_error if the file cannot be written
  void add(std::string_view way, unsigned mib, const aging::Share &share) {
    if (name.empty())
      return;
    char numbers[64];
    std::snprintf(numbers, sizeof(numbers), "%u,%.2f", mib, share.percent());
    file << prefix << ',' << way << ',' << numbers << '\n';
    check();
  }

private:
  void check() {
    if (!file.flush())
      throw std::runtime_error(name + ": cannot write the results");
  }

  std::string name;
  std::string prefix;
  std::ofstream file;
};

/// @param what  way and size of the files
/// @param share in 2 MiB pages
void print(const std::string &what, const aging::Share &share) {
  std::printf("%-22s %5.1f %%  %llu of %llu MiB\n", what.c_str(),
              share.percent(),
              static_cast<unsigned long long>(share.good / MiB),
              static_cast<unsigned long long>(share.all / MiB));
  std::fflush(stdout);
}

void fill_and_measure(const Options &options, Csv &csv) {
  const std::string directory = options.directory + "/placement";
  {
    // the allocation and write size do not matter here
    aging::Filesystem filesystem(directory, aging::Allocation::write, MiB);
    for (const aging::Way &way : aging::ways()) {
      if (!options.ways.empty() &&
          std::ranges::find(options.ways, way.name) == options.ways.end())
        continue;
      for (unsigned size : options.sizes) {
        const unsigned files =
            options.files ? options.files : std::max(1u, TotalMib / size);
        const aging::Share share =
            aging::new_files(filesystem, way, size * MiB, files, options.seed);
        print(std::string(way.name) + ", " + std::to_string(size) + " MiB",
              share);
        csv.add(way.name, size, share);
      }
    }
  }
  std::filesystem::remove(directory);
}

void measure(const Options &options, Csv &csv) {
  aging::Share share{0, 0};
  for (const std::string &name : options.measured)
    share += aging::mapped_share(dax::Descriptor(name, O_RDWR).get(), name);
  if (share.all == 0)
    throw std::runtime_error(options.measured.front() +
                             ": no PMD range without a hole");
  print(options.name, share);
  csv.add(options.name, 0, share);
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app(
      "Fill new files in the ways that programs do, or take existing files; "
      "map each file,\nstore to each PMD range (2 MiB), and print the "
      "share that is mapped with 2 MiB pages.\nThe filesystem must be "
      "mounted with -o dax.",
      "placement");
  add_options(app, options);
  return dax::run_command(app, argc, argv, [&] {
    // ext4 preallocates blocks per CPU
    const aging::Turns turns(1);
    Csv csv(options.csv, options);
    if (options.measured.empty())
      fill_and_measure(options, csv);
    else
      measure(options, csv);
    return EXIT_SUCCESS;
  });
}
