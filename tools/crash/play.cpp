// SPDX-License-Identifier: GPL-2.0
/// @file
/// crash-play: plays a script in a guest whose emulator runs the plugin in this folder,
/// and tells it where each step begins and ends.
#include "command.hpp"
#include "player.hpp"
#include "record.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

crash::Script load(const std::string &name) {
  std::ifstream file(name);
  if (!file)
    throw std::runtime_error(name + ": cannot be read");
  try {
    return crash::read_script(file);
  } catch (const std::runtime_error &error) {
    throw std::runtime_error(name + ": " + error.what());
  }
}

void play(const crash::Script &script, const std::string &directory) {
  crash::Player player(directory);
  for (std::size_t i = 0; i < script.steps.size(); i++) {
    crash::mark(crash::mark_begin(i));
    player.play(script.steps[i], i);
    crash::mark(crash::mark_end(i));
  }
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app(
      "Play a script below DIRECTORY, and tell the plugin crash of the "
      "emulator\nwhere each step begins and ends. With an option, only "
      "tell it that.",
      "crash-play");
  std::string name, directory;
  std::optional<std::uint64_t> ended;
  bool start = false, stop = false;
  app.add_option("SCRIPT", name, "the steps")->option_text(" ");
  app.add_option("DIRECTORY", directory, "for the files")->option_text(" ");
  app.add_flag("--start", start, "the plugin begins to record");
  app.add_option("--ended", ended, "step N of a program has ended")
      ->type_name("N");
  app.add_flag("--stop", stop, "the plugin ends to record");
  return dax::run_command(app, argc, argv, [&] {
    if (start)
      crash::mark(crash::MarkStart);
    else if (ended)
      crash::mark(crash::mark_end(*ended));
    else if (stop)
      crash::mark(crash::MarkStop);
    else if (directory.empty())
      throw std::runtime_error("give SCRIPT and DIRECTORY, or an option");
    else
      play(load(name), directory);
    return EXIT_SUCCESS;
  });
}
