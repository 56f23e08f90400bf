// SPDX-License-Identifier: GPL-2.0
/// @file
/// dax_counts: counts the instructions and cache flushes of operations on DAX files,
/// in a guest whose emulator runs the plugin in this folder.
#include "command.hpp"
#include "counter.hpp"
#include "descriptor.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using counts::Counter;
using counts::Counts;
using dax::BasePage;
using dax::HugePage;

void check(bool done, const std::string &what) {
  if (!done)
    dax::fail(what);
}

dax::Descriptor new_file(const std::string &name) {
  return dax::Descriptor(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

void write_at(int fd, std::uint64_t offset, std::uint64_t length) {
  const std::vector<char> bytes(length, 'x');
  check(pwrite(fd, bytes.data(), length, static_cast<off_t>(offset)) ==
            static_cast<ssize_t>(length),
        "pwrite");
}

/// Makes a file, written and synced.
/// @param name   of the file
/// @param chunks its size, in 2 MiB
dax::Descriptor written_file(const std::string &name, unsigned chunks) {
  dax::Descriptor file = new_file(name);
  check(fallocate(file.get(), 0, 0, chunks * HugePage) == 0, "fallocate");
  for (unsigned i = 0; i < chunks; i++)
    write_at(file.get(), i * HugePage, HugePage);
  check(fsync(file.get()) == 0, "fsync");
  return file;
}

/// Shares a block with another file.
void share(int from, std::uint64_t offset, int to) {
  file_clone_range range{};
  range.src_fd = from;
  range.src_offset = offset;
  range.src_length = BasePage;
  range.dest_offset = offset;
  check(ioctl(to, FICLONERANGE, &range) == 0, "FICLONERANGE");
}

/// Prints the number of cache lines that are written back while a function runs.
void print_flushes(Counter &counter, const char *what,
                   const std::function<void()> &body) {
  std::printf("%lu %s\n", counter.count(body).written_back, what);
}

void require_huge(const dax::SharedMap &map, std::uint64_t length) {
  if (map.mapped().huge != length)
    throw std::runtime_error("the file is not mapped with 2 MiB pages");
}

/// Prints the number of cache lines that are written back by a change of the file and
/// fsync(2), after a store to a part of the file that remains.
/// @param page   size of the pages that map the file
/// @param change the operation, given the file
template <typename Change>
void print_flushes_after(Counter &counter, const std::string &directory,
                         std::uint64_t page, const char *what, Change change) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, 1);
  const dax::SharedMap map(file.get(), name, 0, HugePage);
  if (page == BasePage)
    check(madvise(const_cast<char *>(map.data()), HugePage, MADV_NOHUGEPAGE) ==
              0,
          "madvise");
  map.data()[0] = 'y';
  require_huge(map, page == HugePage ? HugePage : 0);
  print_flushes(counter, what, [&] {
    change(file.get());
    check(fsync(file.get()) == 0, "fsync");
  });
}

/// Prints the number of cache lines that are written back until a store is durable, for
/// each operation and size of pages.
void flushes(Counter &counter, const std::string &directory) {
  const auto truncate = [](int fd) {
    check(ftruncate(fd, HugePage / 2) == 0, "ftruncate");
  };
  const auto punch = [](int fd) {
    check(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    HugePage / 2, BasePage) == 0,
          "FALLOC_FL_PUNCH_HOLE");
  };
  print_flushes_after(counter, directory, HugePage, "truncate", truncate);
  print_flushes_after(counter, directory, BasePage, "truncate_4K", truncate);
  print_flushes_after(counter, directory, BasePage, "punch_4K", punch);
}

/// Prints the number of cache lines that are written back until operations on
/// shared blocks are durable, for each operation.
void shared_flushes(Counter &counter, const std::string &directory) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, 2);
  const dax::Descriptor other = new_file(name + ".shared");
  const int fd = file.get();
  for (std::uint64_t block = 0; block < 4; block++)
    share(fd, 8 * block * BasePage, other.get());
  const dax::SharedMap map(fd, name, 0, 2 * HugePage);
  map.data()[HugePage] = 'y';
  require_huge(map, HugePage);
  check(fsync(fd) == 0, "fsync");
  share(fd, HugePage + 8 * BasePage, other.get());
  check(syncfs(fd) == 0, "syncfs");

  print_flushes(counter, "write", [&] {
    write_at(fd, 1000, 100);
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "unshare", [&] {
    check(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 8 * BasePage, BasePage) == 0,
          "FALLOC_FL_UNSHARE_RANGE");
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "zero", [&] {
    check(fallocate(fd, FALLOC_FL_ZERO_RANGE, 16 * BasePage + 100, 200) == 0,
          "FALLOC_FL_ZERO_RANGE");
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "sync_fault", [&] {
    void *const sync = mmap(nullptr, BasePage, PROT_READ | PROT_WRITE,
                            MAP_SHARED_VALIDATE | MAP_SYNC, fd, 24 * BasePage);
    check(sync != MAP_FAILED, "mmap with MAP_SYNC");
    *static_cast<volatile char *>(sync) = 'z';
  });
  // clean the page that the fault has dirtied
  check(fsync(fd) == 0, "fsync");
  print_flushes(counter, "neighbour", [&] {
    map.data()[HugePage + 64 * BasePage] = 'z';
    write_at(fd, HugePage + 8 * BasePage, BasePage);
    check(fsync(fd) == 0, "fsync");
  });
}

/// Prints the instructions per fault, for each kind of fault.
/// @param chunks size of the file, in 2 MiB
void faults(Counter &counter, const std::string &directory, unsigned chunks) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, chunks);
  for (const bool write : {false, true}) {
    for (const std::uint64_t size : {HugePage, BasePage}) {
      const dax::SharedMap map(file.get(), name, 0, chunks * HugePage);
      if (size == BasePage)
        check(madvise(const_cast<char *>(map.data()), chunks * HugePage,
                      MADV_NOHUGEPAGE) == 0,
              "madvise");
      const Counts counts = counter.count([&] {
        for (std::uint64_t at = 0; at < chunks * HugePage; at += size) {
          if (write)
            map.data()[at] = 'y';
          else
            static_cast<void>(map.data()[at]);
        }
      });
      const dax::Mapped mapped = map.mapped();
      std::printf("%lu %s_%s %lu %lu\n",
                  counts.instructions / (chunks * HugePage / size),
                  write ? "write" : "read", size == BasePage ? "4K" : "2M",
                  mapped.huge, mapped.base);
      check(fsync(file.get()) == 0, "fsync");
    }
  }
}

/// Runs a command on all CPUs and waits for its end.
/// @throws std::system_error if it cannot be started
/// @throws std::runtime_error if it fails
void run(const std::vector<std::string> &arguments) {
  std::vector<char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child;
  if (const int error =
          posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ))
    throw std::system_error(error, std::generic_category(), arguments[0]);
  int status = 0;
  check(waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0)
    throw std::runtime_error(arguments[0] + ": failed with status " +
                             std::to_string(status));
}

/// Prints the number of instructions on all CPUs while a command runs, including
/// other tasks and kernel threads.
/// @param functions the file for the instructions of each kernel function, or empty
/// @throws std::system_error if the command cannot be started
/// @throws std::runtime_error if it fails
void command(Counter &counter, const std::vector<std::string> &arguments,
             const std::string &functions) {
  // the command inherits them
  counter.use_all_cpus();
  if (functions.empty()) {
    std::printf("%lu\n", counter.count([&] { run(arguments); }).by_all);
    return;
  }
  std::ofstream file(functions);
  if (!file)
    dax::fail(functions);
  for (const auto &[name, instructions] :
       counter.count_by_function([&] { run(arguments); }))
    file << instructions << ' ' << name << '\n';
  if (!file.flush())
    dax::fail(functions);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Count the instructions and cache flushes of operations on DAX "
               "files, in a guest\nwhose emulator runs the plugin counts.",
               "dax_counts");
  std::string counts, directory, functions;
  std::vector<std::string> arguments;
  unsigned chunks = 512;
  app.require_subcommand(1);
  app.add_option("--counts", counts, "file that the plugin writes")
      ->type_name("FILE")
      ->required();
  CLI::App *const flush = app.add_subcommand(
      "flushes", "cache lines written back until a store is durable");
  CLI::App *const shared = app.add_subcommand(
      "shared", "the same for operations on blocks that two files share");
  CLI::App *const fault =
      app.add_subcommand("faults", "instructions per page fault");
  for (CLI::App *const on_files : {flush, shared, fault})
    on_files->add_option("DIRECTORY", directory, "for the files")
        ->option_text(" ")
        ->required();
  fault
      ->add_option("--chunks", chunks,
                   "size of the file, in 2 MiB; default 512")
      ->type_name("N")
      ->transform(dax::whole_number(1, 1 << 15));
  CLI::App *const any = app.add_subcommand(
      "command", "instructions on all CPUs while a command runs");
  any->add_option("COMMAND", arguments, "with its arguments")
      ->option_text(" ")
      ->required();
  any->add_option("--functions", functions,
                  "write the instructions of each kernel function there")
      ->type_name("FILE");
  any->positionals_at_end();
  return dax::run_command(app, argc, argv, [&] {
    Counter counter(counts);
    if (*flush)
      flushes(counter, directory);
    else if (*shared)
      shared_flushes(counter, directory);
    else if (*any)
      command(counter, arguments, functions);
    else
      faults(counter, directory, chunks);
    return EXIT_SUCCESS;
  });
}
