// SPDX-License-Identifier: GPL-2.0
#include "program.hpp"

#include "command.hpp"
#include "commands.hpp"
#include "text.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace pmemctl {

int run_program(int argc, char **argv) {
  std::vector<std::string> arguments = dax::escape_names(argc, argv);
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());

  CLI::App app("Set up block devices in reserved RAM, and check them.",
               "pmemctl");
  Context context;
  app.footer(R"(Exit status:
  0  done
  1  an error, or no memory fits a plan
  2  the command line is wrong, or names what must not be used; nothing has
     changed, and a line on standard error has the value and the remedy
  3  survival check: pages were lost; doctor: there are warnings
  4  doctor: there are errors)");
  app.set_help_flag("-h,--help", "print this text");
  // a word that is no command is then named by an error
  app.require_subcommand(0, 1);
  app.add_flag("-j,--json", context.json, "print JSON");
  app.add_option("--root", context.directory,
                 "read and write the files below DIR, a recorded system")
      ->type_name("DIR")
      ->transform(dax::file_name())
      ->check(dax::condition(
          [](const std::string &text) {
            return std::filesystem::is_directory(text);
          },
          "no such directory"));
  add_list(app, context);
  add_plan(app, context);
  add_apply(app, context);
  add_undo(app, context);
  add_doctor(app, context);
  add_survival(app, context);
  for (CLI::App *command : app.get_subcommands([](CLI::App *) { return true; }))
    command->fallthrough();

  return dax::run_command(app, argc, pointers.data(), [&] {
    if (!context.run)
      throw CLI::RequiredError("A command");
    try {
      return context.run();
    } catch (const std::invalid_argument &error) {
      // what a user named, but the machine refuses
      throw CLI::Error("BadInput", printable(error.what()), BadInput);
    }
  });
}

} // namespace pmemctl
