// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmem_bench: what I/O on several disks, or on files of several filesystems, costs.
#include "command.hpp"
#include "disk.hpp"
#include "files.hpp"
#include "meter.hpp"
#include "processes.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::Case;
using bench::Disk;
using bench::Files;
using bench::Meter;

struct Options {
  std::string counts, functions, cases = ".*";
  unsigned rounds = 5;
  unsigned processes = 1000;
  std::uint64_t mib = 1024;
  std::vector<std::string> peers; ///< NAME=PATH
};

/// What is measured for one peer. The first one has all cases.
struct Peer {
  std::string name;
  std::vector<Case> cases;

  /// The case with that name, or null.
  const Case *find(const std::string &wanted) const {
    const auto found =
        std::find_if(cases.begin(), cases.end(),
                     [&](const Case &each) { return each.name == wanted; });
    return found == cases.end() ? nullptr : &*found;
  }
};

void add_options(CLI::App &app, Options &options) {
  using dax::whole_number;
  app.footer("A row has, per operation: instructions of the kernel without "
             "those that copy, of\nthese, of both, and of user space; without "
             "--counts, nanoseconds.");
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
  app.require_subcommand(1);
}

CLI::App *add_command(CLI::App &app, Options &options, const char *name,
                      const char *what, const char *help) {
  CLI::App *const command = app.add_subcommand(name, help);
  command
      ->add_option(what, options.peers,
                   std::string("NAME=") + what + ", NAME for the table")
      ->option_text(" ")
      ->required()
      ->check(dax::condition(
          [](const std::string &text) {
            return text.find('=') != std::string::npos;
          },
          std::string("give NAME=") + what));
  return command;
}

/// NAME and PATH of NAME=PATH.
std::pair<std::string, std::string> name_and_path(const std::string &text) {
  const std::size_t equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// @param opened outlives the result
template <typename Target, typename Cases>
std::vector<Peer> open_all(const Options &options, std::deque<Target> &opened,
                           Cases cases) {
  std::vector<Peer> peers;
  for (const std::string &text : options.peers) {
    const auto [name, path] = name_and_path(text);
    opened.emplace_back(path);
    peers.push_back({name, cases(opened.back())});
  }
  return peers;
}

int measure(const Options &options, const std::vector<Peer> &peers) {
  Meter meter(options.counts, options.functions);
  const std::regex wanted(options.cases);
  const auto &all = peers[0].cases;
  if (std::none_of(all.begin(), all.end(), [&](const Case &each) {
        return std::regex_match(each.name, wanted);
      }))
    throw std::runtime_error("--cases " + options.cases +
                             ": matches no case; see the first column");
  for (unsigned round = 0; round <= options.rounds; round++) {
    for (const Case &of_first : all) {
      if (!std::regex_match(of_first.name, wanted))
        continue;
      for (const Peer &peer : peers) {
        const Case *const each = peer.find(of_first.name);
        if (!each)
          continue;
        if (round > 0) {
          meter.measure(*each, peer.name, round);
          continue;
        }
        // the first round only fills caches
        if (each->prepare)
          each->prepare();
        each->run(0, each->batch);
      }
    }
  }
  return EXIT_SUCCESS;
}

int measure_page_tables(const Options &options) {
  std::puts("case,peer,round,kib");
  for (unsigned round = 1; round <= options.rounds; round++) {
    for (const std::string &text : options.peers) {
      const auto [name, directory] = name_and_path(text);
      std::printf("%u-processes-map-%lum,%s,%u,%lu\n", options.processes,
                  options.mib, name.c_str(), round,
                  bench::page_tables_kib(directory, options.processes,
                                         options.mib << 20));
      std::fflush(stdout);
    }
  }
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Measure I/O on several disks, or on files of several "
               "filesystems, by turns.",
               "pmem_bench");
  Options options;
  add_options(app, options);
  const CLI::App *const block =
      add_command(app, options, "block", "DEVICE",
                  "I/O on disks; overwrites the first 256 MiB of each");
  add_command(app, options, "files", "DIRECTORY",
              "operations on files in directories");
  CLI::App *const processes = add_command(
      app, options, "processes", "DIRECTORY",
      "page tables, in KiB, of processes that map all of the same file; --counts "
      "and\n--cases do not apply");
  processes->add_option("--processes", options.processes, "default 1000")
      ->type_name("N")
      ->transform(dax::whole_number(1, 100000));
  processes->add_option("--mib", options.mib, "size of the file; default 1024")
      ->type_name("N")
      ->transform(dax::whole_number(2, 1 << 20));
  return dax::run_command(app, argc, argv, [&] {
    std::deque<Disk> disks;
    std::deque<Files> files;
    if (*processes)
      return measure_page_tables(options);
    return measure(options, *block ? open_all(options, disks, bench::disk_cases)
                                   : open_all(options, files, [](Files &each) {
                                       return each.cases();
                                     }));
  });
}
