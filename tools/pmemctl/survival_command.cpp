// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl survival.
#include "command.hpp"
#include "commands.hpp"
#include "descriptor.hpp"
#include "size.hpp"
#include "survival_io.hpp"
#include "survival_report.hpp"
#include "target.hpp"

#include <cerrno>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace pmemctl {

namespace {

struct Options {
  std::string device;
  std::optional<std::uint64_t> seed;
  bool yes = false;
  bool force = false;
};

/// Opens a disk so that nobody mounts it meanwhile, and past the page cache.
/// @throws std::invalid_argument if it is in use, or its node is something else
dax::Descriptor open_device(const Root &root, const Target &target,
                            int access) try {
  const std::string path = root.path("dev/" + target.name);
  check_node(path, target);
  return dax::Descriptor(path, access | O_EXCL | O_DIRECT);
} catch (const std::system_error &error) {
  if (error.code().value() == EBUSY)
    throw std::invalid_argument(target.name +
                                ": is in use; see lsblk and fuser -v");
  throw;
}

/// A line on a terminal that shows how far the work is, at most once per percent.
Progress progress_of(const std::string &action, std::uint64_t size) {
  if (!isatty(STDERR_FILENO))
    return [](std::uint64_t) {};
  return [=, shown = ~0ULL](std::uint64_t done) mutable {
    const std::uint64_t now = done * 100 / size;
    if (now == shown)
      return;
    shown = now;
    std::cerr << '\r' << action << ": " << now << " %"
              << (done == size ? "\n" : "") << std::flush;
  };
}

/// Asks before a disk is overwritten.
/// @return false if the answer is no
/// @throws std::invalid_argument if nobody can be asked
bool confirm(const Target &target) {
  if (!isatty(STDIN_FILENO))
    throw std::invalid_argument("--yes: is needed to overwrite " + target.name +
                                " when standard input is not a terminal");
  std::cerr << "This overwrites all " << rounded(target.memory.size())
            << " of /dev/" << target.name << " at " << hex(target.memory.start)
            << ". Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::uint64_t new_seed() {
  std::random_device device;
  return std::uint64_t(device()) << 21 ^ device();
}

int write(const Context &context, const Options &options) {
  const Root root = context.root();
  const Target target = find_target(root, options.device);
  check_unused(root, target);
  check_overwrite(target, "", options.force);
  check_processes(root, target);
  const dax::Descriptor file = open_device(root, target, O_RDWR);
  const OpenDevice device{file.get(), "/dev/" + target.name};
  std::string signature = signature_on(device, target.memory.size());
  if (signature.empty())
    signature = contents_in_udev(root, target);
  check_overwrite(target, signature, options.force);
  if (!is_confirmed(root, options.device,
                    [&] { return options.yes || confirm(target); })) {
    std::cerr << "pmemctl: nothing was written\n";
    return Failed;
  }

  const std::uint64_t seed = options.seed ? *options.seed : new_seed();
  write_pattern(device, target.memory, seed,
                progress_of("writing", target.memory.size()));
  if (target.is_ramdisk)
    std::cerr << "pmemctl: " << target.name
              << ": the driver has ramdisk=1, so that a reset may lose what is "
                 "in CPU caches; load it with ramdisk=0\n";
  if (context.json) {
    std::cout << "{\"name\": \"" << target.name
              << "\", \"start\": " << target.memory.start
              << ", \"size\": " << target.memory.size()
              << ", \"seed\": " << seed << "}\n";
    return Done;
  }
  std::cout << device.name << ": " << rounded(target.memory.size()) << " at "
            << hex(target.memory.start) << " filled, seed " << seed << '\n'
            << "Now reboot, press reset, or kexec a kernel with the same "
               "memmap=. Then load the driver\nwith the same parameters, and "
               "before anything else uses the disk:\n"
            << "  pmemctl survival check --seed " << seed << ' ' << device.name
            << '\n';
  return Done;
}

int check(const Context &context, const Options &options) {
  const Root root = context.root();
  const Target target = find_target(root, options.device);
  check_unused(root, target);
  const dax::Descriptor file = open_device(root, target, O_RDONLY);
  const OpenDevice device{file.get(), "/dev/" + target.name};

  std::optional<std::uint64_t> seed = options.seed;
  if (!seed)
    seed = find_seed(device, target.memory);
  const Survival survival =
      check_pattern(device, target.memory, seed.value_or(0),
                    progress_of("reading", target.memory.size()));
  if (context.json)
    write_survival_json(std::cout, target.name, seed, survival);
  else
    write_survival(std::cout, device.name, seed, survival);
  return survival.is_whole() ? Done : Found;
}

void add_common(CLI::App &command, Options &options) {
  command
      .add_option("DEVICE", options.device,
                  "a whole disk in memory: pmem0 or /dev/pmem0")
      ->option_text(" ")
      ->required()
      ->transform(dax::file_name());
  command
      .add_option("-s,--seed", options.seed,
                  "seed of the pattern (default: random, or found on the disk)")
      ->type_name("N")
      ->transform(
          dax::whole_number(0, std::numeric_limits<std::uint64_t>::max()));
}

} // namespace

void add_survival(CLI::App &app, Context &context) {
  CLI::App *survival = app.add_subcommand(
      "survival", "find out which pages of a disk a reboot keeps");
  survival->require_subcommand(0, 1);
  survival->fallthrough();
  const auto options = std::make_shared<Options>();

  CLI::App *writing = survival->add_subcommand(
      "write", "overwrite an unused disk with a pattern");
  add_common(*writing, *options);
  writing->add_flag("-y,--yes", options->yes, "do not ask");
  writing->add_flag("-f,--force", options->force,
                    "overwrite a filesystem or a partition table");
  CLI::App *checking = survival->add_subcommand(
      "check", "after the reboot: report which pages are as written");
  add_common(*checking, *options);
  for (CLI::App *command : {writing, checking})
    command->fallthrough();

  writing->callback([&context, options] {
    context.run = [&context, options] { return write(context, *options); };
  });
  checking->callback([&context, options] {
    context.run = [&context, options] { return check(context, *options); };
  });
}

} // namespace pmemctl
