// SPDX-License-Identifier: GPL-2.0
/// @file
/// daxmap: which parts of files can be mapped and are mapped with huge pages,
/// and why the others cannot. The manual is daxmap.1.
#include "block_device.hpp"
#include "command.hpp"
#include "descriptor.hpp"
#include "file.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace {

/// Exit statuses, on which scripts rely. If several apply, the largest is used.
enum Status { AllMappable = 0, NotAllMappable = 1, Trouble = 2 };

/// The command line.
struct Options {
  bool json = false;
  dax::Style style{};
  std::vector<std::string> files;
};

/// An error that ends the program.
struct Fatal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void add_options(CLI::App &app, Options &options) {
  app.footer(
      R"(Exit status:
  0  all PMD ranges (2 MiB, aligned) of the files can be mapped with 2 MiB pages
  1  at least one cannot
  2  at least one is unknown because the memory address of its blocks could not
     be found, or a file could not be read, or an option is wrong; a line on
     standard error names the device, file or option, the reason and the remedy)");
  app.set_help_flag("-h,--help", "print this text");
  app.add_flag("-j,--json", options.json,
               "print JSON, with each range that cannot be mapped");
  app.add_option("-p,--pid", options.style.pid,
                 "also count the bytes that process PID has mapped now")
      ->type_name("PID")
      ->transform(dax::whole_number(1, std::numeric_limits<pid_t>::max()));
  app.add_flag("-v,--verbose", options.style.verbose,
               "list each range that cannot be mapped, with its reason");
  app.add_option("FILE", options.files, "regular files")
      ->option_text(" ")
      ->required()
      ->transform(dax::file_name());
}

/// Prints the line of an error.
void print_error(const std::string &message) {
  std::cerr << "daxmap: " << message << '\n';
}

/// Counts the bytes of a file that a process has mapped.
/// @throws Fatal if there is no such process, or if it must not be inspected
dax::Mapped mapped_of(pid_t pid, const struct stat &status) try {
  return dax::mapped_of(pid, status.st_dev, status.st_ino);
} catch (const std::system_error &error) {
  const std::string process = "process " + std::to_string(pid) + ": ";
  switch (error.code().value()) {
  case ENOENT:
  case ESRCH:
    throw Fatal(process + "no such process");
  case EACCES:
  case EPERM:
    throw Fatal(process + "no permission to inspect it; run as root");
  case ENOTTY:
    throw Fatal(process + "this kernel has no PAGEMAP_SCAN; --pid needs Linux "
                          "6.7 or later");
  default:
    throw Fatal(process + error.what());
  }
}

/// The exit status for one file.
Status status_of(const dax::FileReport &file) {
  if (dax::bytes_of(file.huge, dax::Verdict::unknown))
    return Trouble;
  return file.sums.huge < file.sums.in_pmd_ranges ? NotAllMappable
                                                  : AllMappable;
}

/// Inspects files, and reads the data of each device once.
class Inspector {
public:
  explicit Inspector(pid_t pid) : pid(pid) {}

  /// @throws std::runtime_error if the file cannot be inspected
  /// @throws Fatal if the process cannot be inspected
  dax::FileReport operator()(const std::string &name) {
    struct stat status;
    if (stat(name.c_str(), &status))
      dax::fail(name);
    if (S_ISDIR(status.st_mode))
      throw std::runtime_error(name + ": is a directory; name the files in it");
    if (!S_ISREG(status.st_mode))
      throw std::runtime_error(name + ": is not a regular file");

    const dax::Descriptor file(name, O_RDONLY);
    return dax::report_on(name, dax::layout_of(file.get(), name), status.st_dev,
                          memory, pid ? mapped_of(pid, status) : dax::Mapped());
  }

private:
  pid_t pid;
  dax::MemoryMap memory{dax::block_devices()};
};

Status run(const Options &options) {
  Inspector inspect(options.style.pid);
  std::vector<dax::FileReport> files;
  std::set<std::string> printed; // each line about a device once
  Status status = AllMappable;

  for (const std::string &name : options.files) {
    try {
      files.push_back(inspect(name));
      status = std::max(status, status_of(files.back()));
      for (const std::string &reason : files.back().unknown)
        if (printed.insert(reason).second)
          print_error(reason);
    } catch (const Fatal &) {
      throw;
    } catch (const std::runtime_error &error) {
      print_error(error.what());
      status = Trouble;
    }
  }

  if (options.json)
    dax::write_json(std::cout, files, options.style.pid);
  else
    dax::write_table(std::cout, files, options.style);
  return status;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments = dax::escape_names(argc, argv);
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());

  CLI::App app(
      "Print how many bytes of files the kernel can map with 2 MiB and "
      "with 1 GiB\npages, given where their blocks are, and the "
      "reasons why it cannot map the others.",
      "daxmap");
  Options options;
  add_options(app, options);
  return dax::run_command(
      app, argc, pointers.data(), [&] { return run(options); }, Trouble);
}
