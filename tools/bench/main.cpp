// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmem_bench: what I/O on several disks, or on files of several filesystems, costs.
#include "command.hpp"
#include "dax_files.hpp"
#include "disk.hpp"
#include "meter.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using bench::Case;
using bench::DaxFiles;
using bench::Disk;
using bench::Meter;

struct Options {
  std::string counts, functions, cases = ".*";
  unsigned rounds = 5;
  std::vector<std::string> peers; ///< NAME=PATH
};

/// What is measured for one peer. All have the same cases in the same order.
struct Peer {
  std::string name;
  std::vector<Case> cases;
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

/// @param opened outlives the result
template <typename Target, typename Cases>
std::vector<Peer> open_all(const Options &options, std::deque<Target> &opened,
                           Cases cases) {
  std::vector<Peer> peers;
  for (const std::string &text : options.peers) {
    const std::size_t equals = text.find('=');
    opened.emplace_back(text.substr(equals + 1));
    peers.push_back({text.substr(0, equals), cases(opened.back())});
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
    for (std::size_t i = 0; i < peers[0].cases.size(); i++) {
      if (!std::regex_match(peers[0].cases[i].name, wanted))
        continue;
      for (const Peer &peer : peers) {
        const Case &each = peer.cases[i];
        if (round > 0) {
          meter.measure(each, peer.name, round);
          continue;
        }
        // the first round only fills caches
        if (each.prepare)
          each.prepare();
        each.run(0, each.batch);
      }
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
  add_command(app, options, "dax", "DIRECTORY",
              "operations on files in directories");
  return dax::run_command(app, argc, argv, [&] {
    std::deque<Disk> disks;
    std::deque<DaxFiles> files;
    return measure(options, *block
                                ? open_all(options, disks, bench::disk_cases)
                                : open_all(options, files, [](DaxFiles &each) {
                                    return each.cases();
                                  }));
  });
}
