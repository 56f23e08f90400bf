// SPDX-License-Identifier: GPL-2.0
/// @file
/// daxmap: which parts of files can be and are mapped in huge pages, and what
/// stands in the way. daxmap.1 is its manual.
#include "block_device.hpp"
#include "descriptor.hpp"
#include "file.hpp"
#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>

namespace {

/// Exit statuses, which scripts rely on. Where several apply it is the largest.
enum Status { AllMappable = 0, NotAllMappable = 1, Trouble = 2 };

constexpr char Help[] =
    R"(usage: daxmap [--json | --verbose] [--pid PID] FILE...

Tells how many bytes of files the kernel can map in 2 MiB and in 1 GiB pages by
where their blocks are, and what stands in the way of the others.

  -j, --json      write JSON, with each range that cannot be mapped so
  -p, --pid PID   count also what process PID has mapped of them now
  -v, --verbose   list each range that cannot be mapped so
  -h, --help      this text

Exit status:
  0  all whole PMD ranges (2 MiB, aligned) of the files can be mapped in 2 MiB
     pages
  1  at least one cannot
  2  at least one is unknown, because the memory address of its blocks could not
     be found, or a file could not be read; a line on standard error names the
     device or the file, the reason and, where there is one, the remedy
)";

/// What the command line asks for.
struct Options {
  bool help = false;
  bool json = false;
  dax::Style style{};
  std::vector<std::string> files;
};

/// What ends the program, in words for who wrote the command line.
struct Fatal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

pid_t parse_pid(const char *text) {
  pid_t pid = 0;
  const char *end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, pid);
  if (error != std::errc() || rest != end || pid <= 0)
    throw Fatal(std::string("--pid ") + text +
                " is not the number of a process");
  return pid;
}

Options parse(int argc, char **argv) {
  static const option known[] = {{"help", no_argument, nullptr, 'h'},
                                 {"json", no_argument, nullptr, 'j'},
                                 {"pid", required_argument, nullptr, 'p'},
                                 {"verbose", no_argument, nullptr, 'v'},
                                 {}};
  Options options;
  int option;
  while ((option = getopt_long(argc, argv, "hjp:v", known, nullptr)) != -1) {
    switch (option) {
    case 'h':
      options.help = true;
      break;
    case 'j':
      options.json = true;
      break;
    case 'p':
      options.style.pid = parse_pid(optarg);
      break;
    case 'v':
      options.style.verbose = true;
      break;
    default: // getopt has said why
      throw Fatal("daxmap --help lists the options");
    }
  }
  options.files.assign(argv + optind, argv + argc);
  if (options.files.empty() && !options.help)
    throw Fatal("no file is named; daxmap --help tells how");
  return options;
}

/// Writes the line that tells a problem.
void complain(const std::string &problem) {
  std::cerr << "daxmap: " << problem << '\n';
}

/// What the process that was asked for has mapped of a file.
/// @throws Fatal when there is no such process, or it may not be looked into
dax::Mapped mapped_of(pid_t pid, const struct stat &status) try {
  return dax::mapped_of(pid, status.st_dev, status.st_ino);
} catch (const std::system_error &error) {
  const std::string process = "process " + std::to_string(pid);
  switch (error.code().value()) {
  case ENOENT:
  case ESRCH:
    throw Fatal("there is no " + process);
  case EACCES:
  case EPERM:
    throw Fatal(process + " may not be looked into; run as root");
  case ENOTTY:
    throw Fatal("this kernel does not tell what a process has mapped; --pid "
                "takes Linux 6.7 or later");
  default:
    throw Fatal(process + ": " + error.what());
  }
}

/// What a file's verdicts mean for the exit status.
Status status_of(const dax::FileReport &file) {
  if (dax::bytes_of(file.huge, dax::Verdict::unknown))
    return Trouble;
  return file.sums.huge < file.sums.whole_huge ? NotAllMappable : AllMappable;
}

/// The work, which asks once for each device.
class Inspector {
public:
  explicit Inspector(pid_t pid) : pid(pid) {}

  /// @throws std::system_error when the file cannot be inspected
  /// @throws Fatal when the process cannot
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
  std::set<std::string> told; // about devices, each once
  Status status = AllMappable;

  for (const std::string &name : options.files) {
    try {
      files.push_back(inspect(name));
      status = std::max(status, status_of(files.back()));
      for (const std::string &reason : files.back().unknown)
        if (told.insert(reason).second)
          complain(reason);
    } catch (const Fatal &) {
      throw;
    } catch (const std::runtime_error &error) {
      complain(error.what());
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

int main(int argc, char **argv) try {
  const Options options = parse(argc, argv);
  Status status = AllMappable;
  if (options.help)
    std::cout << Help;
  else
    status = run(options);
  if (!std::cout.flush())
    dax::fail("standard output");
  return status;
} catch (const std::exception &error) {
  complain(error.what());
  return Trouble;
}
