// SPDX-License-Identifier: GPL-2.0
/// @file
/// dax_counts: what operations on DAX files cost, in a guest whose emulator has
/// the plugin of this folder.
#include "descriptor.hpp"
#include "instruction.hpp"
#include "shared_map.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t Page = 4 << 10;
constexpr std::uint64_t Window = 2 << 20;

/// What the plugin counted, see plugin.cpp.
struct Counts {
  std::uint64_t instructions = 0;
  std::uint64_t written_back = 0;
};

void check(bool done, const std::string &what) {
  if (!done)
    dax::fail(what);
}

/// Reads the lines of the plugin, one for each mark.
class Counter {
public:
  /// @param name the file that the plugin writes to
  /// @throws std::runtime_error when there is none
  explicit Counter(const std::string &name) : lines(name) {
    if (!lines)
      throw std::runtime_error(name +
                               " cannot be read; the emulator needs "
                               "the plugin counts, with out=" +
                               name);
    lines.seekg(0, std::ios::end);
    // the plugin keeps a count for each CPU
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    check(sched_setaffinity(0, sizeof(cpus), &cpus) == 0, "sched_setaffinity");
  }

  /// Counts what a function executes.
  /// @throws std::runtime_error when the plugin did not write
  template <typename Body> Counts count(Body body) {
    counts::mark();
    body();
    counts::mark();
    next();
    return next();
  }

private:
  Counts next() {
    Counts counts;
    if (!(lines >> counts.instructions >> counts.written_back))
      throw std::runtime_error("the plugin counts nothing");
    return counts;
  }

  std::ifstream lines;
};

dax::Descriptor new_file(const std::string &name) {
  return dax::Descriptor(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

void write_at(int fd, std::uint64_t offset, std::uint64_t length) {
  const std::vector<char> bytes(length, 'x');
  check(pwrite(fd, bytes.data(), length, static_cast<off_t>(offset)) ==
            static_cast<ssize_t>(length),
        "pwrite");
}

/// A file of some windows, written and synced.
dax::Descriptor written_file(const std::string &name, unsigned windows) {
  dax::Descriptor file = new_file(name);
  check(fallocate(file.get(), 0, 0, windows * Window) == 0, "fallocate");
  for (unsigned i = 0; i < windows; i++)
    write_at(file.get(), i * Window, Window);
  check(fsync(file.get()) == 0, "fsync");
  return file;
}

/// Has another file use a block too.
void share(int from, std::uint64_t offset, int to) {
  file_clone_range range{};
  range.src_fd = from;
  range.src_offset = offset;
  range.src_length = Page;
  range.dest_offset = offset;
  check(ioctl(to, FICLONERANGE, &range) == 0, "FICLONERANGE");
}

/// Prints how many cache lines a function has written back.
template <typename Body>
void print_flushes(Counter &counter, const char *what, Body body) {
  std::printf("%lu %s\n", counter.count(body).written_back, what);
}

void require_huge(const dax::SharedMap &map, std::uint64_t length) {
  if (map.mapped().huge != length)
    throw std::runtime_error("the file is not mapped in pages of 2 MiB");
}

/// Prints how many lines are written back until the store to a page that stays
/// in the file is durable, where the rest of its 2 MiB page goes.
void flushes(Counter &counter, const std::string &directory) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, 1);
  const dax::SharedMap map(file.get(), name, 0, Window);
  map.data()[0] = 'y';
  require_huge(map, Window);
  print_flushes(counter, "truncate", [&] {
    check(ftruncate(file.get(), Window / 2) == 0, "ftruncate");
    check(fsync(file.get()) == 0, "fsync");
  });
}

/// Prints how many lines are written back by each of some operations on a block
/// that two files share, until what they did is durable.
void shared_flushes(Counter &counter, const std::string &directory) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, 2);
  const dax::Descriptor other = new_file(name + ".shared");
  const int fd = file.get();
  for (std::uint64_t block = 0; block < 4; block++)
    share(fd, 8 * block * Page, other.get());
  const dax::SharedMap map(fd, name, 0, 2 * Window);
  map.data()[Window] = 'y';
  require_huge(map, Window);
  check(fsync(fd) == 0, "fsync");
  share(fd, Window + 8 * Page, other.get());
  check(syncfs(fd) == 0, "syncfs");

  print_flushes(counter, "write", [&] {
    write_at(fd, 1000, 100);
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "unshare", [&] {
    check(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 8 * Page, Page) == 0,
          "FALLOC_FL_UNSHARE_RANGE");
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "zero", [&] {
    check(fallocate(fd, FALLOC_FL_ZERO_RANGE, 16 * Page + 100, 200) == 0,
          "FALLOC_FL_ZERO_RANGE");
    check(fsync(fd) == 0, "fsync");
  });
  print_flushes(counter, "sync_fault", [&] {
    void *const sync = mmap(nullptr, Page, PROT_READ | PROT_WRITE,
                            MAP_SHARED_VALIDATE | MAP_SYNC, fd, 24 * Page);
    check(sync != MAP_FAILED, "mmap with MAP_SYNC");
    *static_cast<volatile char *>(sync) = 'z';
  });
  // the fault has left a dirty page
  check(fsync(fd) == 0, "fsync");
  print_flushes(counter, "neighbour", [&] {
    map.data()[Window + 64 * Page] = 'z';
    write_at(fd, Window + 8 * Page, Page);
    check(fsync(fd) == 0, "fsync");
  });
}

/// Prints instructions per fault, of each kind of fault on a file of some
/// windows.
void faults(Counter &counter, const std::string &directory, unsigned windows) {
  const std::string name = directory + "/counts";
  const dax::Descriptor file = written_file(name, windows);
  for (const bool write : {false, true}) {
    for (const std::uint64_t size : {Window, Page}) {
      const dax::SharedMap map(file.get(), name, 0, windows * Window);
      if (size == Page)
        check(madvise(const_cast<char *>(map.data()), windows * Window,
                      MADV_NOHUGEPAGE) == 0,
              "madvise");
      const Counts counts = counter.count([&] {
        for (std::uint64_t at = 0; at < windows * Window; at += size) {
          if (write)
            map.data()[at] = 'y';
          else
            static_cast<void>(map.data()[at]);
        }
      });
      const dax::Mapped mapped = map.mapped();
      std::printf("%lu %s_%s %lu %lu\n",
                  counts.instructions / (windows * Window / size),
                  write ? "write" : "read", size == Page ? "4K" : "2M",
                  mapped.huge, mapped.base);
      check(fsync(file.get()) == 0, "fsync");
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Count what operations on DAX files cost, in a guest whose "
               "emulator has the plugin counts");
  std::string counts, directory;
  unsigned windows = 512;
  app.require_subcommand(1);
  app.add_option("--counts", counts, "the file that the plugin writes to")
      ->required();
  CLI::App *const flush = app.add_subcommand(
      "flushes", "cache lines that are written back until a store is durable");
  CLI::App *const shared = app.add_subcommand(
      "shared", "the same for operations on blocks that two files share");
  CLI::App *const fault =
      app.add_subcommand("faults", "instructions per page fault");
  for (CLI::App *const command : {flush, shared, fault})
    command->add_option("directory", directory, "where files are made")
        ->required();
  fault->add_option("--windows", windows, "size of the file, in 2 MiB")
      ->check(CLI::Range(1, 1 << 15))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  try {
    Counter counter(counts);
    if (*flush)
      flushes(counter, directory);
    else if (*shared)
      shared_flushes(counter, directory);
    else
      faults(counter, directory, windows);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "dax_counts: %s\n", error.what());
    return 1;
  }
  return 0;
}
