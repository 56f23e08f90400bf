// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl apply and pmemctl undo.
#include "apply.hpp"
#include "command.hpp"
#include "commands.hpp"
#include "setup.hpp"
#include "size.hpp"

#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

struct Options {
  std::string range;
  std::string mount;
  std::string filesystem = "ext4";
  bool dry_run = false;
  bool update = false;
};

const char *verb_of(const Replacement &replacement) {
  if (!replacement.then)
    return "removed";
  return replacement.now ? "changed" : "made";
}

void write_text(const Work &work, const Options &options) {
  for (const Replacement &replacement : work.replacements) {
    if (options.dry_run)
      std::cout << unified_diff(replacement.path, replacement.now,
                                replacement.then);
    else
      std::cout << verb_of(replacement) << " /" << replacement.path << '\n';
  }
  for (const std::string &note : work.notes)
    std::cout << "note: " << note << '\n';
  if (work.replacements.empty())
    std::cout << "nothing to do\n";
  if (options.update || work.replacements.empty())
    return;
  // where a diff ends, a patch(1) would take more lines for a part of it
  std::string next;
  for (const std::string &command : work.commands)
    next += command + " && ";
  if (!options.dry_run)
    std::cout << "next: " << next << "reboot\n";
}

void write_json(const Work &work, const Options &options) {
  Json files = Json::array();
  for (const Replacement &replacement : work.replacements)
    files.push_back({{"path", "/" + replacement.path},
                     {"action", verb_of(replacement)},
                     {"diff", unified_diff(replacement.path, replacement.now,
                                           replacement.then)}});
  const Json object{{"dry_run", options.dry_run},
                    {"files", std::move(files)},
                    {"commands", work.commands},
                    {"notes", work.notes}};
  std::cout << object.dump(2, ' ', false, Json::error_handler_t::replace)
            << '\n';
}

void check_update(const Root &root, const Options &options) {
  if (options.update && !root.is_running())
    throw std::invalid_argument(
        "--update: runs commands on the running system; leave out --root");
}

/// Whether GRUB will give the kernel the parameter.
/// @throws std::runtime_error if its menu has been made without it
void check_menu(const Root &root, const Work &work, const std::string &memmap) {
  for (const std::string &command : work.commands) {
    if (command.find("grub") == command.npos)
      continue;
    const std::string menu = menu_without(Files(root), memmap);
    if (!menu.empty())
      throw std::runtime_error(
          "/" + menu + ": has no " + memmap + " after " + command +
          "; find the file in /etc/default/grub.d that sets "
          "GRUB_CMDLINE_LINUX without its earlier value");
  }
}

int finish(const Context &context, const Work &work, const Options &options) {
  if (context.json)
    write_json(work, options);
  else
    write_text(work, options);
  // also if the files are as they should be: the boot loader may not have read them
  if (options.update && !options.dry_run)
    run_commands(work);
  return Done;
}

int apply(const Context &context, const Options &options) {
  const Root root = context.root();
  check_update(root, options);
  Setup setup{parse_range(options.range), options.mount, options.filesystem};
  std::optional<dax::Descriptor> locked;
  if (!options.dry_run)
    locked.emplace(lock(root));
  const Machine machine = read_machine(root);
  check_range(machine, setup.range.range);
  const Ranges given_up = reserved_by(read_record(root));
  check_rest(machine, setup.range.range, given_up);

  Work work = work_to_apply(root, setup);
  for (std::string &note : notes_on(machine, setup.range.range, given_up))
    work.notes.push_back(std::move(note));
  if (machine.initrd && machine.initrd->overlaps(setup.range.range))
    work.notes.push_back(
        "the boot loader put the initial RAM disk into this range, and will "
        "again; choose another range with pmemctl plan");
  if (!options.dry_run && !work.replacements.empty()) {
    // an interrupted change is then that of one setup
    if (!read_record(root).edits.empty())
      do_work(root, work_to_undo(root));
    do_work(root, work_to_apply(root, setup));
  }
  const int status = finish(context, work, options);
  if (options.update && !options.dry_run)
    check_menu(root, work, setup.range.memmap());
  return status;
}

int undo(const Context &context, const Options &options) {
  const Root root = context.root();
  check_update(root, options);
  std::optional<dax::Descriptor> locked;
  if (!options.dry_run)
    locked.emplace(lock(root));
  const Work work = work_to_undo(root);
  if (!options.dry_run && !read_record(root).edits.empty())
    do_work(root, work);
  return finish(context, work, options);
}

void add_common(CLI::App &command, Options &options) {
  command.add_flag("--dry-run", options.dry_run,
                   "print the changes as a diff, and make none");
  command.add_flag("--update", options.update,
                   "then run update-grub or the like");
}

} // namespace

void add_apply(CLI::App &app, Context &context) {
  CLI::App *command = app.add_subcommand(
      "apply", "write the configuration that reserves memory at each boot");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("RANGE", options->range,
                   "SIZE@START[/COUNT], as pmemctl plan proposes it")
      ->option_text(" ")
      ->required();
  command
      ->add_option("-m,--mount", options->mount,
                   "also mount the first device at DIR at each boot")
      ->type_name("DIR")
      ->transform(dax::file_name());
  command
      ->add_option("-t,--type", options->filesystem,
                   "its filesystem: ext4 (default) or xfs")
      ->type_name("TYPE")
      ->check(dax::condition(
          [](const std::string &text) {
            return text == "ext4" || text == "xfs";
          },
          "expected ext4 or xfs, which have DAX"));
  add_common(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return apply(context, *options); };
  });
}

void add_undo(CLI::App &app, Context &context) {
  CLI::App *command = app.add_subcommand(
      "undo", "take back what apply has written, byte for byte");
  const auto options = std::make_shared<Options>();
  add_common(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return undo(context, *options); };
  });
}

} // namespace pmemctl
