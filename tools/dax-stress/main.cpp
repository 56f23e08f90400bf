// SPDX-License-Identifier: GPL-2.0
/// @file
/// dax-stress: random operations on files, compared with a model in memory.
#include "command.hpp"
#include "descriptor.hpp"
#include "generator.hpp"
#include "guard.hpp"
#include "model.hpp"
#include "real_file.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stress {

namespace {

struct Options {
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> ops;
  std::optional<std::uint64_t> seconds;
  std::uint64_t size = 24 << 20;
  std::uint64_t jobs = 1;
  std::uint64_t touchers = 0;
  std::uint64_t hold = 200;
  bool beside = false;
  std::uint64_t check = 1000;
  std::uint64_t tail = 20;
  std::set<Kind> without;
  std::optional<std::uint64_t> broken_after;
  std::optional<std::string> replay;
  bool print = false;
  std::string directory;
};

/// Reads the argument of --without.
/// @return an error message; empty if there is none
std::string parse_without(Options &options, const std::string &list) try {
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');)
    options.without.insert(kind_of(name));
  return options.without.contains(Kind::compare)
             ? "compare: cannot be excluded, it finds the errors"
             : "";
} catch (const std::invalid_argument &error) {
  return error.what();
}

void add_options(CLI::App &app, Options &options) {
  using dax::whole_number;
  constexpr std::uint64_t Most = 1'000'000'000'000'000;
  const auto number = [&app](const char *name, auto &value, const char *text,
                             std::uint64_t least, std::uint64_t most) {
    app.add_option(name, value, text)
        ->type_name("N")
        ->transform(whole_number(least, most));
  };

  app.footer("Exit status: 0, 1 if a file and the model differ, 2 if something "
             "else failed.");
  app.get_formatter()->column_width(22);
  app.set_help_flag("--help", "print this text");
  number("--seed", options.seed, "random seed; default 1", 0, Most);
  number("--ops", options.ops,
         "operations per file; default 10000 unless --seconds is given", 1,
         Most);
  number("--seconds", options.seconds, "stop after this time", 1, 1'000'000);
  app.add_option("--size", options.size,
                 "maximum size of a file, in bytes or with K or M; default 24M")
      ->type_name("BYTES")
      ->transform(dax::byte_count(2 * HugePage, 1 << 30));
  number("--jobs", options.jobs,
         "number of files; each has a process, with seed N, N + 1 and so on; "
         "default 1",
         1, 1000);
  number("--touchers", options.touchers,
         "processes per file that load and store at the same time, without "
         "changing the file; default 0",
         0, 100);
  number("--hold", options.hold,
         "maximum time of a pin, in milliseconds; default 200", 0, 100'000);
  app.add_flag("--beside", options.beside,
               "fill the filesystem with other files, whose data must not "
               "appear in pinned pages; use a small filesystem");
  number("--check", options.check,
         "compare all of a file after every N operations; default 1000", 1,
         Most);
  number("--tail", options.tail,
         "print the last N operations if a file differs; default 20", 1, Most);
  app.add_option("--without", "comma-separated list of operations to exclude")
      ->type_name("KINDS")
      ->check(CLI::Validator(
          [&options](std::string &list) {
            return parse_without(options, list);
          },
          ""));
  app.add_flag("--print", options.print,
               "print the operations, one per line, and do not perform them");
  app.add_option("--replay", options.replay,
                 "perform the operations in FILE, in the format of --print")
      ->type_name("FILE");
  number("--break", options.broken_after,
         "change a byte of the model after N operations, as a test of the "
         "comparison",
         1, Most);
  app.add_option("DIRECTORY", options.directory, "for the files")
      ->option_text(" ")
      ->required();
  app.callback([&options] {
    options.size &= ~(PageSize - 1);
    if (!options.ops && !options.seconds)
      options.ops = 10000;
  });
}

/// The source of operations: a generator or a log.
class Source {
public:
  explicit Source(const Options &options)
      : generator(options.seed, options.without) {
    if (!options.replay)
      return;
    log.emplace(*options.replay);
    if (!*log)
      throw std::runtime_error("--replay: " + *options.replay + ": " +
                               std::strerror(errno));
  }

  /// The next operation; nothing at the end of a log.
  std::optional<Operation> next(const Model &model) {
    if (!log)
      return generator.next(model);
    std::string line;
    while (std::getline(*log, line)) {
      const Operation operation = parse_operation(line);
      if (model.allows(operation))
        return operation;
      std::cerr << "skipped, the file does not allow it: " << line << '\n';
    }
    return {};
  }

private:
  Generator generator;
  std::optional<std::ifstream> log;
};

std::uint64_t block_size(const std::string &directory) {
  struct stat status;
  if (stat(directory.c_str(), &status))
    dax::fail(directory);
  return status.st_blksize;
}

void print_operations(const Options &options) {
  Model model(options.size, block_size(options.directory));
  Source source(options);
  for (std::uint64_t i = 0; !options.ops || i < *options.ops; i++) {
    const auto operation = source.next(model);
    if (!operation)
      return;
    std::cout << to_text(*operation) << '\n';
    model.apply(*operation);
  }
}

/// The command that repeats the operations.
std::string repeat_command(const Options &options, std::uint64_t ops) {
  std::ostringstream command;
  command << "dax-stress --size " << options.size << " --ops " << ops;
  if (options.replay)
    command << " --replay " << *options.replay;
  else
    command << " --seed " << options.seed;
  for (const char *separator = " --without ";
       const Kind kind : options.without) {
    command << separator << name_of(kind);
    separator = ",";
  }
  command << ' ' << options.directory;
  return command.str();
}

/// Operations on one file.
class Job {
public:
  Job(const Options &options, const std::string &name)
      : options(options), path(name),
        model(options.size, block_size(options.directory)),
        file(name, model, std::chrono::milliseconds(options.hold)),
        source(options) {}

  /// @return whether the file always matched the model
  bool run() {
    using Clock = std::chrono::steady_clock;
    const auto end =
        Clock::now() + std::chrono::seconds(options.seconds.value_or(0));
    try {
      while ((!options.ops || done < *options.ops) &&
             (!options.seconds || Clock::now() < end) && step())
        ;
      file.compare(model);
    } catch (const std::exception &error) {
      print_error(error.what());
      return false;
    }
    std::cout << path << ": " << done << " operations, seed " << options.seed
              << std::endl;
    return true;
  }

private:
  bool step() {
    const auto operation = source.next(model);
    if (!operation)
      return false;
    done++;
    last.push_back(*operation);
    if (last.size() > options.tail)
      last.pop_front();

    file.perform(*operation, model);
    const Range changed = model.apply(*operation);
    file.verify(*operation, changed, model);
    if (options.broken_after && done >= *options.broken_after && model.damage())
      file.compare(model);
    if (done % options.check == 0)
      file.compare(model);
    return true;
  }

  /// Prints all lines at once, so that those of other jobs are not in between.
  void print_error(const std::string &what) {
    std::ostringstream text;
    text << path << ": " << what << "\nseed " << options.seed << ", last "
         << last.size() << " of " << done << " operations:\n";
    for (const Operation &operation : last)
      text << "  " << to_text(operation) << '\n';
    text << "repeat with: " << repeat_command(options, done) << '\n';
    std::cerr << text.str() << std::flush;
  }

  Options options;
  std::string path;
  Model model;
  RealFile file;
  Source source;
  std::uint64_t done = 0;
  std::deque<Operation> last;
};

/// Starts a process that is killed if this one ends.
template <typename Body> pid_t start(Body body) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    dax::fail("fork");
  if (child > 0)
    return child;
  int status = 1;
  try {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL))
      dax::fail("prctl");
    if (getppid() == parent)
      status = body();
  } catch (const std::exception &error) {
    std::cerr << "dax-stress: " << error.what() << std::endl;
  }
  std::cout.flush();
  _exit(status);
}

int run_job(Options options, std::uint64_t number) {
  options.seed += number;
  const std::string path =
      options.directory + "/stress." + std::to_string(number);
  Job job(options, path);
  for (std::uint64_t i = 0; i < options.touchers; i++)
    start([&]() -> int { touch_forever(path, options.size, i); });
  if (!job.run())
    return 1;
  unlink(path.c_str());
  return 0;
}

/// The process that writes other files, with --beside.
class Beside {
public:
  explicit Beside(const Options &options) : directory(options.directory) {
    if (!options.beside)
      return;
    // for the files, and for the pinned pages of the old and new files
    const std::uint64_t reserve = 4 * options.size * options.jobs;
    child = start([&]() -> int { write_beside_forever(directory, reserve); });
  }
  ~Beside() {
    if (!child)
      return;
    kill(*child, SIGKILL);
    waitpid(*child, nullptr, 0);
    remove_beside(directory);
  }
  Beside(const Beside &) = delete;
  Beside &operator=(const Beside &) = delete;

private:
  std::string directory;
  std::optional<pid_t> child;
};

int run_jobs(Options options) {
  for (const Kind kind : unsupported_in(options.directory))
    if (options.without.insert(kind).second)
      std::cout << name_of(kind) << ": not supported in " << options.directory
                << ", skipped" << std::endl;
  std::set<pid_t> jobs;
  for (std::uint64_t i = 0; i < options.jobs; i++)
    jobs.insert(start([&] { return run_job(options, i); }));
  const Beside beside(options);
  int failed = 0;
  while (!jobs.empty()) {
    int status = 0;
    const pid_t ended = wait(&status);
    jobs.erase(ended);
    if (status == 0 || failed)
      continue;
    failed = 1;
    if (WIFSIGNALED(status))
      std::cerr << "dax-stress: a job was killed by signal " << WTERMSIG(status)
                << '\n';
    // stop at the first failure
    for (const pid_t job : jobs)
      kill(job, SIGKILL);
  }
  return failed;
}

} // namespace

} // namespace stress

int main(int argc, char **argv) {
  CLI::App app(
      "Perform random operations on files in DIRECTORY, and compare their "
      "contents with a\nmodel in memory after each one. A file that "
      "differs is kept.",
      "dax-stress");
  stress::Options options;
  stress::add_options(app, options);
  return dax::run_command(
      app, argc, argv,
      [&] {
        if (options.print) {
          stress::print_operations(options);
          return 0;
        }
        stress::catch_bus_errors();
        return stress::run_jobs(options);
      },
      2);
}
