// SPDX-License-Identifier: GPL-2.0
/// @file
/// dax_fsx: random operations on files, compared with a model in memory.
#include "generator.hpp"
#include "guard.hpp"
#include "model.hpp"
#include "real_file.hpp"

#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <getopt.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fsx {

namespace {

constexpr std::string_view Usage =
    R"(usage: dax_fsx [OPTION...] DIRECTORY
Do random operations on files in DIRECTORY, and compare their contents with a
model in memory after each one. Exit status 1 when they differ; the file stays.

  --seed N        another number, other operations (1)
  --ops N         stop after N operations per file (10000 unless --seconds)
  --seconds N     stop after N seconds
  --size BYTES    how large a file may get, in bytes or with K, M (24M)
  --jobs N        files, each with a process and with seed + 1, + 2 ... (1)
  --touchers N    processes per file that read and write, without changing
                  anything, while the operations go on (0)
  --hold MS       how long pages are pinned at most, in milliseconds (200)
  --beside        fill the filesystem with other files, of which a pinned page
                  must not show anything; give it one that is not large
  --check N       compare all of a file after every N operations (1000)
  --tail N        show the last N operations when files differ (20)
  --without KINDS leave out kinds of operations, by names with commas between
  --print         do nothing; print the operations, one a line
  --replay FILE   do the operations that are in FILE, as --print has them
  --break N       change a byte of the model after N operations, to see that it
                  is found
)";

/// An argument that is wrong; the text says which and what would be right.
struct BadUsage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t ops = std::numeric_limits<std::uint64_t>::max();
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

std::uint64_t number(const std::string &option, std::string text,
                     std::uint64_t least, std::uint64_t most) {
  const std::string given = text;
  std::uint64_t unit = 1;
  if (option == "size" && !text.empty() &&
      (text.back() == 'K' || text.back() == 'M')) {
    unit = text.back() == 'K' ? 1 << 10 : 1 << 20;
    text.pop_back();
  }
  const bool digits = !text.empty() && text.size() < 19 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  const std::uint64_t value = digits ? std::stoull(text) : 0;
  if (!digits || value > most / unit || value * unit < least)
    throw BadUsage("--" + option + " " + given + ": give a number from " +
                   std::to_string(least) + " to " + std::to_string(most));
  return value * unit;
}

std::set<Kind> kinds(const std::string &list) {
  std::set<Kind> kinds;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');)
    try {
      kinds.insert(kind_of(name));
    } catch (const std::invalid_argument &error) {
      throw BadUsage("--without " + list + ": " + error.what());
    }
  if (kinds.contains(Kind::compare))
    throw BadUsage("--without compare: nothing would be found; leave it in");
  return kinds;
}

void take_option(Options &options, const std::string &name,
                 const std::string &value) {
  constexpr std::uint64_t Most = 1'000'000'000'000'000;
  if (name == "seed")
    options.seed = number(name, value, 0, Most);
  else if (name == "ops")
    options.ops = number(name, value, 1, Most);
  else if (name == "seconds")
    options.seconds = number(name, value, 1, 1'000'000);
  else if (name == "size")
    options.size = number(name, value, 2 * WindowSize, 1 << 30);
  else if (name == "jobs")
    options.jobs = number(name, value, 1, 1000);
  else if (name == "touchers")
    options.touchers = number(name, value, 0, 100);
  else if (name == "hold")
    options.hold = number(name, value, 0, 100'000);
  else if (name == "beside")
    options.beside = true;
  else if (name == "check")
    options.check = number(name, value, 1, Most);
  else if (name == "tail")
    options.tail = number(name, value, 1, Most);
  else if (name == "without")
    options.without = kinds(value);
  else if (name == "break")
    options.broken_after = number(name, value, 1, Most);
  else if (name == "replay")
    options.replay = value;
  else
    options.print = true;
}

Options parse(int argc, char **argv) {
  constexpr auto Needs = required_argument;
  static const option known[] = {
      {"seed", Needs, nullptr, 0},         {"ops", Needs, nullptr, 0},
      {"seconds", Needs, nullptr, 0},      {"size", Needs, nullptr, 0},
      {"jobs", Needs, nullptr, 0},         {"touchers", Needs, nullptr, 0},
      {"check", Needs, nullptr, 0},        {"tail", Needs, nullptr, 0},
      {"without", Needs, nullptr, 0},      {"break", Needs, nullptr, 0},
      {"replay", Needs, nullptr, 0},       {"print", no_argument, nullptr, 0},
      {"hold", Needs, nullptr, 0},         {"beside", no_argument, nullptr, 0},
      {"help", no_argument, nullptr, 'h'}, {nullptr, 0, nullptr, 0}};
  Options options;
  int index = 0;
  for (int got; (got = getopt_long(argc, argv, "", known, &index)) != -1;) {
    if (got == 'h') {
      std::cout << Usage;
      std::exit(0);
    }
    if (got != 0)
      throw BadUsage("see dax_fsx --help");
    take_option(options, known[index].name, optarg ? optarg : "");
  }
  if (optind != argc - 1)
    throw BadUsage("name one directory; see dax_fsx --help");
  options.directory = argv[optind];
  options.size &= ~(PageSize - 1);
  if (!options.seconds && options.ops == Options().ops)
    options.ops = 10000;
  return options;
}

/// Where operations come from: a seed or a log.
class Source {
public:
  explicit Source(const Options &options)
      : generator(options.seed, options.without) {
    if (!options.replay)
      return;
    log.emplace(*options.replay);
    if (!*log)
      throw BadUsage("--replay " + *options.replay + ": " +
                     std::strerror(errno));
  }

  /// The next one, or nothing at the end of a log.
  std::optional<Operation> next(const Model &model) {
    if (!log)
      return generator.next(model);
    std::string line;
    while (std::getline(*log, line)) {
      const Operation operation = parse_operation(line);
      if (model.allows(operation))
        return operation;
      std::cerr << "left out, there is no place for it: " << line << '\n';
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
  for (std::uint64_t i = 0; i < options.ops; i++) {
    const auto operation = source.next(model);
    if (!operation)
      return;
    std::cout << to_text(*operation) << '\n';
    model.apply(*operation);
  }
}

/// The command that does the same once more.
std::string again(const Options &options, std::uint64_t ops) {
  std::ostringstream command;
  command << "dax_fsx --size " << options.size << " --ops " << ops;
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

  /// @return whether the file was what the model said to the end
  bool run() {
    using Clock = std::chrono::steady_clock;
    const auto end =
        Clock::now() + std::chrono::seconds(options.seconds.value_or(0));
    try {
      while (done < options.ops && (!options.seconds || Clock::now() < end) &&
             step())
        ;
      file.compare(model);
    } catch (const std::exception &error) {
      tell(error.what());
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

  /// In one piece, because other jobs may have something to say too.
  void tell(const std::string &what) {
    std::ostringstream text;
    text << path << ": " << what << "\nseed " << options.seed << ", the last "
         << last.size() << " of " << done << " operations:\n";
    for (const Operation &operation : last)
      text << "  " << to_text(operation) << '\n';
    text << "again: " << again(options, done) << '\n';
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

/// Starts a process that goes when this one does.
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
    std::cerr << "dax_fsx: " << error.what() << std::endl;
  }
  std::cout.flush();
  _exit(status);
}

int run_job(Options options, std::uint64_t number) {
  options.seed += number;
  const std::string path = options.directory + "/fsx." + std::to_string(number);
  Job job(options, path);
  for (std::uint64_t i = 0; i < options.touchers; i++)
    start([&]() -> int { touch_for_ever(path, options.size, i); });
  if (!job.run())
    return 1;
  unlink(path.c_str());
  return 0;
}

/// The process that writes other files, if there is to be one.
class Beside {
public:
  explicit Beside(const Options &options) : directory(options.directory) {
    if (!options.beside)
      return;
    // a file and what of it is pinned, as it is or was
    const std::uint64_t reserve = 4 * options.size * options.jobs;
    child = start([&]() -> int { write_beside_for_ever(directory, reserve); });
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
      std::cout << name_of(kind) << " is not supported in " << options.directory
                << ", and left out" << std::endl;
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
      std::cerr << "dax_fsx: a job was killed by signal " << WTERMSIG(status)
                << '\n';
    // one failure is enough to look at
    for (const pid_t job : jobs)
      kill(job, SIGKILL);
  }
  return failed;
}

} // namespace

} // namespace fsx

int main(int argc, char **argv) {
  try {
    const fsx::Options options = fsx::parse(argc, argv);
    if (options.print) {
      fsx::print_operations(options);
      return 0;
    }
    fsx::catch_bus_errors();
    return fsx::run_jobs(options);
  } catch (const std::exception &error) {
    std::cerr << "dax_fsx: error: " << error.what() << '\n';
    return 2;
  }
}
