// SPDX-License-Identifier: GPL-2.0
/// @file
/// Fills new files in the ways that programs do, and counts how much of them a
/// program gets in 2 MiB pages.
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
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>

namespace {

using aging::MiB;

constexpr int ExitUsage = 2;

/// Unless told otherwise, so many files are made that they are this together,
/// in MiB, or one.
constexpr unsigned TogetherMib = 64;

/// The largest file, in MiB.
constexpr unsigned LargestMib = 1 << 20;

struct Options {
  std::string directory;
  std::vector<std::string> measured; ///< files that are there already
  std::vector<std::string> ways;
  std::vector<unsigned> sizes = {2, 8, 64}; ///< in MiB
  unsigned files = 0; ///< of one way and size; 0 for TogetherMib
  std::uint64_t seed = 1;
  std::string csv;
  std::string label = "new";
  std::string name = "files"; ///< the way of the files that are measured
};

/// A check that --help does not show.
/// @param valid  whether the text may stay
/// @param remedy what the error message has after the text
CLI::Validator check(bool (*valid)(const std::string &),
                     const std::string &remedy) {
  return CLI::Validator(
      [=](std::string &text) {
        return valid(text) ? std::string() : text + ": " + remedy;
      },
      "");
}

bool is_size(const std::string &text) {
  unsigned size;
  const char *const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, size);
  return error == std::errc() && end == last && size >= 2 &&
         size <= LargestMib && size % 2 == 0;
}

/// A check for a number in a range of int.
CLI::Validator in_range(unsigned low, unsigned high) {
  return CLI::Range(low, high).description("");
}

/// What --help ends with.
std::string footer() {
  std::string text = "Ways to fill a file:\n";
  char line[120];
  for (const aging::Way &way : aging::ways()) {
    std::snprintf(line, sizeof(line), "  %-14s %s\n", way.name.data(),
                  way.what.data());
    text += line;
  }
  return text + "\nExit status: 0, 1 when something failed, 2 for a wrong "
                "option.";
}

/// @throws CLI::Error when there is nothing to do but to exit: for --help, and
///         for what it does not allow
void parse(CLI::App &app, Options &options, int argc, char **argv) {
  app.description(
      "Fill new files below DIR in the ways that programs do, or take files "
      "that\nare there; map each, store to each PMD range of 2 MiB, and print "
      "which part\nis in 2 MiB pages. The files must be on a filesystem that "
      "is mounted with\n-o dax.");
  app.footer(footer());
  app.get_formatter()->column_width(22);
  app.set_help_flag("--help", "this text");

  app.add_option("--dir", options.directory,
                 "fill files in a new directory DIR/placement, and remove them")
      ->type_name("DIR");
  app.add_option("--measure", options.measured,
                 "take these files, with their contents left as they are")
      ->type_name("FILE");
  app.add_option("--way", options.ways,
                 "only in these ways, with commas between; all by default")
      ->type_name("NAME")
      ->delimiter(',')
      ->check(
          check([](const std::string &text) { return !!aging::find_way(text); },
                "there is no way of that name"));
  app.add_option("--mib", options.sizes,
                 "sizes of files, with commas between; 2,8,64 by default")
      ->type_name("N")
      ->delimiter(',')
      ->check(check(is_size, "give even numbers from 2 to " +
                                 std::to_string(LargestMib)));
  app.add_option("--files", options.files,
                 "how many files of each size; by default as many as make 64 "
                 "MiB, or one")
      ->type_name("N")
      ->check(in_range(1, 100000));
  app.add_option("--seed", options.seed, "of the random numbers; 1 by default")
      ->type_name("N")
      ->check(in_range(0, UINT32_MAX));
  app.add_option("--csv", options.csv,
                 "add the results to FILE, as lines of "
                 "label,seed,way,mib,percent")
      ->type_name("FILE");
  app.add_option("--label", options.label,
                 "the first field of these lines; new by default")
      ->type_name("TEXT");
  app.add_option("--name", options.name,
                 "the way that lines of --measure have, with 0 MiB; files by "
                 "default")
      ->type_name("TEXT");
  app.parse(argc, argv);
  if (options.directory.empty() == options.measured.empty())
    throw CLI::ValidationError("give either --dir or --measure");
}

/// Adds results to a file, a line for each.
class Csv {
public:
  /// @param name of the file; empty for none
  Csv(const std::string &name, const Options &options)
      : name(name), prefix(options.label + ',' + std::to_string(options.seed)) {
    if (name.empty())
      return;
    file.open(name, std::ios::app);
    if (file.tellp() == 0)
      file << "label,seed,way,mib,percent\n";
    check();
  }

  /// @throws std::runtime_error when it cannot be written
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
      throw std::runtime_error("cannot write to " + name);
  }

  std::string name;
  std::string prefix;
  std::ofstream file;
};

/// @param what how the files were filled, and their size
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
    // what is given here of appends is not used
    aging::Filesystem filesystem(directory, aging::Allocation::write, MiB);
    for (const aging::Way &way : aging::ways()) {
      if (!options.ways.empty() &&
          std::ranges::find(options.ways, way.name) == options.ways.end())
        continue;
      for (unsigned size : options.sizes) {
        const unsigned files =
            options.files ? options.files : std::max(1u, TogetherMib / size);
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
                             ": no PMD range without a hole to measure");
  print(options.name, share);
  csv.add(options.name, 0, share);
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app;
  try {
    parse(app, options, argc, argv);
  } catch (const CLI::CallForHelp &wish) {
    return app.exit(wish);
  } catch (const CLI::Error &problem) {
    std::fprintf(stderr, "placement: error: %s; see --help\n", problem.what());
    return ExitUsage;
  }
  try {
    // ext4 reserves blocks for each CPU
    const aging::Turns turns(1);
    Csv csv(options.csv, options);
    if (options.measured.empty())
      fill_and_measure(options, csv);
    else
      measure(options, csv);
    return EXIT_SUCCESS;
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "placement: error: %s\n", problem.what());
    return EXIT_FAILURE;
  }
}
