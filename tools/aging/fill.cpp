// SPDX-License-Identifier: GPL-2.0
/// @file
/// fill: fills a filesystem with files of random sizes, and prints how much space
/// they use.
#include "command.hpp"
#include "filesystem.hpp"
#include "random.hpp"
#include "sizes.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace {

using aging::Allocation;
using aging::KiB;

constexpr unsigned FilesPerDirectory = 1000;

struct Options {
  std::string directory;
  unsigned files = 1000;
  bool until_full = false;
  std::uint64_t smallest = 1;   ///< in KiB
  std::uint64_t largest = 3072; ///< in KiB
  bool by_fallocate = false;
  std::uint64_t write_size = 64; ///< in KiB
  std::uint64_t seed = 1;
};

/// The files that were made.
struct Filled {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0; ///< the sum of their sizes
};

void add_options(CLI::App &app, Options &options) {
  using dax::whole_number;
  app.footer("Exit status: 0, 1 if something failed, 2 for a wrong option.");
  app.get_formatter()->column_width(22);
  app.set_help_flag("--help", "print this text");
  app.add_option("--dir", options.directory, "make DIR/fill")
      ->type_name("DIR")
      ->required();
  auto *const files =
      app.add_option("--files", options.files, "number of files; default 1000")
          ->type_name("N")
          ->transform(whole_number(1, 100'000'000));
  app.add_flag("--until-full", options.until_full,
               "make files until the filesystem is full")
      ->excludes(files);
  app.add_option("--smallest", options.smallest,
                 "smallest size of a file, in KiB; default 1")
      ->type_name("KIB")
      ->transform(whole_number(1, 1 << 30));
  app.add_option("--largest", options.largest,
                 "largest size of a file, in KiB; default 3072")
      ->type_name("KIB")
      ->transform(whole_number(1, 1 << 30));
  auto *const write =
      app.add_option("--write", options.write_size,
                     "fill files with writes of this size, in KiB; default 64")
          ->type_name("KIB")
          ->transform(whole_number(1, 1 << 20));
  app.add_flag("--fallocate", options.by_fallocate,
               "fill each file with one fallocate(2)")
      ->excludes(write);
  app.add_option("--seed", options.seed, "random seed of the sizes; default 1")
      ->type_name("N")
      ->transform(whole_number(0, UINT32_MAX));
  app.callback([&options] {
    if (options.smallest > options.largest)
      throw CLI::ValidationError("--smallest",
                                 std::to_string(options.smallest) +
                                     ": expected at most --largest, which is " +
                                     std::to_string(options.largest));
  });
}

/// Makes the files. With --until-full, ENOSPC ends this, and the file that caused
/// it does not count.
/// @throws std::system_error if a file cannot be made
Filled fill(aging::Filesystem &filesystem, const Options &options) {
  using aging::Operation;
  dax::Random random(options.seed);
  std::string directory;
  Filled filled;

  try {
    for (; options.until_full || filled.files < options.files; filled.files++) {
      if (filled.files % FilesPerDirectory == 0) {
        directory = std::to_string(filled.files / FilesPerDirectory);
        filesystem.apply({Operation::Kind::make_directory, directory});
      }
      const auto size = static_cast<std::uint64_t>(
          random.log_uniform(static_cast<double>(options.smallest * KiB),
                             static_cast<double>(options.largest * KiB) + 1));
      filesystem.apply({Operation::Kind::create,
                        directory + '/' + std::to_string(filled.files), 0,
                        size});
      filled.bytes += size;
    }
  } catch (const std::system_error &problem) {
    if (!options.until_full || problem.code() != std::errc::no_space_on_device)
      throw;
  }
  filesystem.commit();
  return filled;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app(
      "Make files of log-uniform sizes in a new directory DIR/fill, close "
      "and commit them,\nand print the sum of their sizes and the bytes "
      "of the filesystem that they use.\nThe files are kept.",
      "fill");
  add_options(app, options);
  return dax::run_command(app, argc, argv, [&] {
    aging::Filesystem filesystem(options.directory + "/fill",
                                 options.by_fallocate ? Allocation::fallocate
                                                      : Allocation::write,
                                 options.write_size * KiB);
    filesystem.commit();
    const std::uint64_t before = filesystem.space().used;
    const Filled filled = fill(filesystem, options);
    std::printf(
        "files=%llu bytes=%llu used=%llu\n",
        static_cast<unsigned long long>(filled.files),
        static_cast<unsigned long long>(filled.bytes),
        static_cast<unsigned long long>(filesystem.space().used - before));
    return EXIT_SUCCESS;
  });
}
