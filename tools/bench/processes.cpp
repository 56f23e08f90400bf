// SPDX-License-Identifier: GPL-2.0
#include "processes.hpp"

#include "descriptor.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

std::uint64_t page_table_pages() {
  // adds the counts that each CPU has not added yet
  if (!(std::ofstream("/proc/sys/vm/stat_refresh") << 1).flush())
    dax::fail("/proc/sys/vm/stat_refresh");
  std::ifstream statistics("/proc/vmstat");
  std::string name;
  for (std::uint64_t value; statistics >> name >> value;)
    if (name == "nr_page_table_pages")
      return value;
  throw std::runtime_error("/proc/vmstat has no nr_page_table_pages");
}

/// A file full of data, which the destructor removes.
class File {
public:
  File(const std::string &name, std::uint64_t length)
      : name(name), file(name, O_RDWR | O_CREAT | O_TRUNC, 0600) {
    const std::vector<char> data(dax::HugePage, 'x');
    for (std::uint64_t at = 0; at < length; at += data.size()) {
      const ssize_t done =
          pwrite(file.get(), data.data(), data.size(), static_cast<off_t>(at));
      if (done != static_cast<ssize_t>(data.size()))
        throw std::system_error(done < 0 ? errno : EIO, std::generic_category(),
                                name);
    }
    if (fsync(file.get()) != 0)
      dax::fail(name);
  }
  ~File() { unlink(name.c_str()); }
  File(const File &) = delete;
  File &operator=(const File &) = delete;

  /// Maps the file, loads from all of its pages, and leaves it mapped. Does not throw.
  /// @return whether it did
  bool map_all(std::uint64_t length) const {
    try {
      // lives until the process ends
      static const dax::SharedMap map(file.get(), name, 0, length);
      for (std::uint64_t at = 0; at < length; at += dax::BasePage)
        [[maybe_unused]] const char loaded = map.data()[at];
    } catch (const std::exception &) {
      return false;
    }
    return true;
  }

private:
  std::string name;
  dax::Descriptor file;
};

/// Processes that the destructor kills. Each stops itself twice: when it starts, and when
/// it has mapped the file.
class Children {
public:
  ~Children() {
    for (const pid_t child : pids)
      kill(child, SIGKILL);
    for (const pid_t child : pids)
      waitpid(child, nullptr, 0);
  }

  void start(const File &file, std::uint64_t length) {
    const pid_t child = fork();
    if (child < 0)
      dax::fail("fork");
    if (child == 0) {
      raise(SIGSTOP);
      if (file.map_all(length))
        raise(SIGSTOP);
      _exit(EXIT_FAILURE);
    }
    pids.push_back(child);
    wait_until_stopped(child);
  }

  /// Lets one process after the other map the file: they would only wait for each other.
  void map() const {
    for (const pid_t child : pids) {
      kill(child, SIGCONT);
      wait_until_stopped(child);
    }
  }

private:
  static void wait_until_stopped(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WUNTRACED) != child)
      dax::fail("waitpid");
    if (!WIFSTOPPED(status))
      throw std::runtime_error(
          "a process could not map the file, or was killed");
  }

  std::vector<pid_t> pids;
};

} // namespace

std::uint64_t page_tables_kib(const std::string &directory, unsigned processes,
                              std::uint64_t length) {
  const File file(directory + "/mapped", length);
  Children children;
  for (unsigned i = 0; i < processes; i++)
    children.start(file, length);
  const std::uint64_t before = page_table_pages();
  children.map();
  return (page_table_pages() - before) * (dax::BasePage / 1024);
}

} // namespace bench
