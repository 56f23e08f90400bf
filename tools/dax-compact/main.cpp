// SPDX-License-Identifier: GPL-2.0
/// @file
/// dax-compact: gather the free space of an ext4 with DAX in whole chunks of 2 MiB, while
/// it is in use. The manual is dax-compact.1.
#include "command.hpp"
#include "compactor.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>

#include <unistd.h>

namespace {

/// Exit statuses, on which scripts rely.
enum Status { Reached = 0, NotReached = 1, Trouble = 2 };

volatile std::sig_atomic_t signalled = 0;

void on_signal(int) { signalled = 1; }

/// The command line.
struct Arguments {
  compact::Options options;
  bool json = false;
  bool no_repair = false;
  std::string path;
};

void add_options(CLI::App &app, Arguments &arguments) {
  app.footer(R"(Exit status:
  0  as much of the free space as wanted is in whole chunks
  1  less is, because of what could not be moved, or because of a signal
  2  it could not go on; a line on standard error gives the reason and the remedy)");
  app.set_help_flag("-h,--help", "print this text");
  app.add_flag("-n,--dry-run", arguments.options.dry_run,
               "change nothing; print what would be moved");
  app.add_flag("-j,--json", arguments.json, "print JSON");
  app.add_flag("--no-repair", arguments.no_repair,
               "do not give whole chunks to files that could use them");
  app.add_option(
         "--start", arguments.options.start,
         "do nothing if so many percent are in whole chunks already (100)")
      ->type_name("PERCENT")
      ->transform(dax::decimal_number(0, 100));
  app.add_option(
         "--stop", arguments.options.stop,
         "stop when so many percent of the free space are in whole chunks (95)")
      ->type_name("PERCENT")
      ->transform(dax::decimal_number(0, 100));
  app.add_option(
         "--rate", arguments.options.rate,
         "move so many bytes in a second at most; suffix K or M; at least 1M")
      ->type_name("BYTES")
      ->transform(dax::byte_count(1 << 20, std::uint64_t{1} << 40));
  app.add_option("DIRECTORY", arguments.path, "where the filesystem is mounted")
      ->option_text(" ")
      ->required()
      ->transform(dax::file_name());
}

nlohmann::json json_of(const compact::Free &free) {
  return {
      {"free", free.all}, {"whole", free.whole}, {"percent", free.percent()}};
}

void print_json(const Arguments &arguments, const compact::Result &result) {
  const nlohmann::json json = {{"filesystem", arguments.path},
                               {"dry_run", arguments.options.dry_run},
                               {"before", json_of(result.before)},
                               {"after", json_of(result.after)},
                               {"moved", result.moved},
                               {"chunks", result.emptied},
                               {"repaired", result.repaired},
                               {"unknown_chunks", result.unknown},
                               {"skipped", result.skipped},
                               {"in_the_way", result.in_the_way},
                               {"fixed_files", result.fixed},
                               {"unread", result.unread},
                               {"stopped", result.stopped}};
  std::cout << json.dump(2, ' ', false,
                         nlohmann::json::error_handler_t::replace)
            << '\n';
}

void print_text(const Arguments &arguments, const compact::Result &result) {
  const char *would = arguments.options.dry_run ? "would be " : "";
  std::cout << std::fixed << std::setprecision(1) << result.before.percent()
            << " % of " << (result.before.all >> 20)
            << " MiB free were in whole chunks, " << would
            << result.after.percent() << " % after that\n"
            << (result.moved >> 10) << " KiB " << would << "moved, "
            << result.emptied << " chunks " << would << "emptied\n";
  if (result.repaired)
    std::cout << (result.repaired >> 20)
              << " MiB of files have got whole chunks\n";
  if (result.unknown)
    std::cout
        << result.unknown
        << " chunks stayed: they have metadata, or files that do not move\n";
  if (result.fixed)
    std::cout
        << result.fixed
        << " files do not move: they are immutable, append-only or without "
           "extents\n";
  for (const auto &[reason, bytes] : result.skipped)
    std::cout << (bytes >> 10) << " KiB stayed: " << reason << '\n';
  for (const std::string &name : result.in_the_way)
    std::cout << "  in the way: " << name << '\n';
  if (result.unread)
    std::cout << result.unread << " directories or files could not be read\n";
  if (result.stopped)
    std::cout << "stopped by a signal; what was moved is complete\n";
}

int run(Arguments &arguments) {
  const bool talk = isatty(STDERR_FILENO) && !arguments.json;
  const auto tell = [talk](const std::string &text) {
    if (talk)
      std::cerr << '\r' << text << "\033[K" << std::flush;
  };
  struct sigaction action = {};

  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM})
    sigaction(number, &action, nullptr);
  arguments.options.repair = !arguments.no_repair;
  const compact::Result result = compact::Compactor(
                                     arguments.path, arguments.options,
                                     [] { return signalled != 0; }, tell)
                                     .run();
  if (talk)
    std::cerr << "\r\033[K";
  if (arguments.json)
    print_json(arguments, result);
  else
    print_text(arguments, result);
  return result.after.percent() >= std::min(arguments.options.start,
                                            arguments.options.stop) &&
                 !result.stopped
             ? Reached
             : NotReached;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Gather the free space of an ext4 with DAX in whole chunks of "
               "2 MiB, while it is in use.",
               "dax-compact");
  Arguments arguments;

  add_options(app, arguments);
  return dax::run_command(
      app, argc, argv, [&] { return run(arguments); }, Trouble);
}
