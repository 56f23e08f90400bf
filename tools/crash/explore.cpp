// SPDX-License-Identifier: GPL-2.0
/// @file
/// crash-explore: makes the states that a reset could have left while a trace was
/// recorded, and compares each with what was promised by then.
#include "command.hpp"
#include "lines.hpp"
#include "model.hpp"
#include "record.hpp"
#include "script.hpp"
#include "states.hpp"
#include "symbols.hpp"
#include "target.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include <sys/stat.h>

namespace {

using crash::Choice;
using crash::Kind;
using crash::Lines;
using crash::Model;
using crash::Record;

struct Options {
  std::string traced; ///< directory with the plugin's files
  std::string disk = "/dev/pmem0";
  std::uint64_t states = 100;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> point; ///< look at this one only
  std::optional<std::uint64_t> state; ///< of that point, try this one only
  bool trust_locked = false;
  bool repair = false;
  bool recover = false;
  std::uint64_t atomic = 4096; ///< in bytes
  unsigned violations = 5;     ///< stop after so many
};

template <typename Element>
std::vector<Element> read_all(const std::string &name) {
  std::ifstream file(name, std::ios::binary);
  std::vector<Element> elements;
  if (!file)
    throw std::runtime_error(name + ": cannot be read");
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::size_t>(file.tellg());
  if (size % sizeof(Element))
    throw std::runtime_error(name + ": is cut off");
  elements.resize(size / sizeof(Element));
  file.seekg(0);
  file.read(reinterpret_cast<char *>(elements.data()),
            static_cast<std::streamsize>(elements.size() * sizeof(Element)));
  if (!file)
    throw std::runtime_error(name + ": cannot be read");
  return elements;
}

/// The script of a trace; without steps if a program was traced.
crash::Script read_script(const std::string &directory) {
  std::ifstream file(directory + "/script");
  if (!file && !std::ifstream(directory + "/program"))
    throw std::runtime_error(directory + ": holds no script and no program");
  return crash::read_script(file);
}

/// The lines that recovery reads. Nothing if that was not recorded: of a script for the
/// disk, which is compared as a whole, or by an earlier version.
std::vector<std::uint64_t> read_reads(const std::string &directory) {
  const std::string name = directory + "/recovery-reads";
  return std::ifstream(name) ? read_all<std::uint64_t>(name)
                             : std::vector<std::uint64_t>();
}

counts::Symbols read_symbols(const std::string &name) {
  std::ifstream file(name);
  return counts::Symbols(file);
}

class Explorer {
public:
  explicit Explorer(const Options &options)
      : options(options), script(read_script(options.traced)),
        image(read_all<std::uint8_t>(options.traced + "/image")),
        trace(read_all<Record>(options.traced + "/trace")),
        reads(read_reads(options.traced)),
        symbols(read_symbols(options.traced + "/symbols")),
        disk(options.disk, image.size()) {}

  /// @return whether nothing is wrong
  /// @throws std::runtime_error if the trace is not whole
  bool run() {
    check_trace();
    const std::uint64_t points = count_points();
    if (options.point && *options.point >= points)
      throw std::runtime_error("--point " + std::to_string(*options.point) +
                               ": the trace has " + std::to_string(points));
    const auto start = std::chrono::steady_clock::now();
    if (mkdir(Directory, 0700) && errno != EEXIST)
      dax::fail(Directory);
    walk([&](std::uint64_t at, const Lines &lines, const Model &model) {
      if (!options.point || *options.point == at)
        explore(at, points, lines, model);
      return violations < options.violations;
    });
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    std::printf("%s: %llu states at %llu points of %zu records: %u violations; "
                "%.0f states per minute%s\n",
                options.traced.substr(options.traced.rfind('/') + 1).c_str(),
                static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(points), trace.size(),
                violations, static_cast<double>(tried) / took.count() * 60,
                reads_text().c_str());
    return violations == 0;
  }

  /// Shows the plugin what recovery reads, of the states that keep all stores: what is
  /// wrong with them, run() finds.
  void recover() {
    if (!script.device.empty())
      return;
    check_trace();
    const std::uint64_t points = count_points();
    if (mkdir(Directory, 0700) && errno != EEXIST)
      dax::fail(Directory);
    walk([&](std::uint64_t at, const Lines &lines, const Model &model) {
      // some points and the last: what a later step frees or overwrites is not read at
      // the end
      if ((points - 1 - at) % ((points - 1) / Recoveries + 1))
        return true;
      Choice all;
      for (const auto &[number, stores] : lines.pending())
        all[number] = stores.size();
      disk.write(state_of(lines, all));
      crash::mark(crash::MarkRecover);
      look(model);
      crash::mark(crash::MarkStop);
      return true;
    });
  }

private:
  static constexpr const char *Directory = "/run/crash";
  static constexpr std::uint64_t Recoveries = 4;

  void check_trace() const {
    if (image.empty() || image.size() % (1 << 20))
      throw std::runtime_error(options.traced +
                               "/image: is not of a whole number of MiB");
    const auto last =
        std::find_if(trace.rbegin(), trace.rend(),
                     [](const Record &one) { return one.kind == Kind::mark; });
    if (last == trace.rend() ||
        (has_steps() &&
         last->address != crash::mark_end(script.steps.size() - 1)))
      throw std::runtime_error(options.traced +
                               "/trace: ends before the last step");
  }

  /// Reads the trace, and stops where a reset is worth a look: before each record that
  /// makes stores durable, after each step that has promised something, and at the end. What
  /// memory could be in between, it could be at the next of them too.
  /// @param visit gets the number of the point; returns whether to go on
  template <typename Visit> void walk(Visit visit) {
    Lines lines(image, options.trust_locked);
    Model model(script);
    std::uint64_t point = 0;
    step = -1;
    ended = false;
    for (record = 0; record < trace.size(); record++) {
      const Record &now = trace[record];
      if (lines.completes(now) && !visit(point++, lines, model))
        return;
      lines.apply(now);
      if (now.kind == Kind::mark && mark(now.address, model) &&
          !visit(point++, lines, model))
        return;
    }
    visit(point, lines, model);
  }

  /// A step has begun or ended.
  /// @return whether it has promised something
  bool mark(std::uint64_t number, Model &model) {
    step = static_cast<std::int64_t>(number / 2);
    ended = number % 2;
    if (!has_steps())
      return ended;
    const crash::Step &which = script.steps.at(number / 2);
    if (!ended) {
      model.begin(which);
      return false;
    }
    model.end(which);
    return crash::promises(which.action);
  }

  std::uint64_t count_points() {
    std::uint64_t points = 0;
    walk([&](std::uint64_t, const Lines &lines, const Model &) {
      for (const auto &line : lines.pending())
        in_doubt.insert(line.first);
      return ++points;
    });
    return points;
  }

  /// How many of the lines that are in doubt at some point recovery reads.
  std::string reads_text() const {
    if (reads.empty())
      return "";
    const auto read = std::ranges::count_if(in_doubt, [&](std::uint64_t line) {
      return std::ranges::binary_search(reads, line);
    });
    return "; recovery reads " + std::to_string(read) + " of " +
           std::to_string(in_doubt.size()) + " lines in doubt";
  }

  /// Number of states to try at a point: those that are left share the states that are
  /// left.
  std::uint64_t share(std::uint64_t point, std::uint64_t points,
                      std::uint64_t seed) const {
    const std::uint64_t left = options.states - std::min(tried, options.states);
    const std::uint64_t rest = left % (points - point);
    return left / (points - point) +
           (dax::Random(seed).below(points - point) < rest);
  }

  void explore(std::uint64_t point, std::uint64_t points, const Lines &lines,
               const Model &model) {
    using Verdict = crash::States::Verdict;
    // each point has its own sequence, so that --point and --state choose the same
    const std::uint64_t seed = options.seed * 1000003 + point;
    const std::uint64_t most = options.state   ? *options.state + 1
                               : options.point ? options.states
                                               : share(point, points, seed);
    if (most == 0)
      return;
    crash::States states(seed, options.atomic, reads);
    states.choose(
        lines, most,
        [&](const Choice &choice, const char *rule, std::uint64_t number) {
          if (violations >= options.violations)
            return Verdict::stop;
          if (options.state ? number != *options.state
                            : !is_new(lines.hash(choice)))
            return Verdict::known;
          tried++;
          if (const auto wrong = check(lines, model, choice))
            report({point, number, rule}, states, lines, model, choice, *wrong);
          return Verdict::fresh;
        });
  }

  /// Whether memory was not looked at yet; what it has to hold differs from step to step.
  bool is_new(std::uint64_t hash) {
    return known
        .insert(hash * 31 + static_cast<std::uint64_t>(step) * 2 + ended)
        .second;
  }

  static std::vector<std::uint8_t> state_of(const Lines &lines,
                                            const Choice &choice) {
    std::vector<std::uint8_t> state = lines.image();
    for (const auto &[number, count] : choice) {
      const crash::LineBytes bytes = lines.line(number, count);
      std::ranges::copy(bytes, state.begin() + static_cast<std::ptrdiff_t>(
                                                   number * crash::Line));
    }
    return state;
  }

  std::optional<std::string> check(const Lines &lines, const Model &model,
                                   const Choice &choice) {
    disk.set(state_of(lines, choice));
    return look(model);
  }

  /// Mounts the disk and compares it.
  std::optional<std::string> look(const Model &model) {
    if (!script.device.empty())
      return crash::check_disk(model, script, disk);
    return crash::check_filesystem(
        has_steps()
            ? crash::look_at_files(model)
            : crash::look_by_program(
                  options.traced + "/program",
                  step < 0 ? 0 : static_cast<std::uint64_t>(step + ended)),
        options.disk, Directory, options.repair);
  }

  /// Whether a script was traced, and not a program.
  bool has_steps() const { return !script.steps.empty(); }

  std::string place() const {
    if (step < 0)
      return "before the first step";
    const auto which = static_cast<std::size_t>(step);
    return (ended ? "after step " : "in step ") + std::to_string(which) +
           (has_steps() ? ", " + crash::text_of(script.steps[which]) : "");
  }

  /// Identifies a state.
  struct Number {
    std::uint64_t point, state;
    const char *rule;
  };

  /// Prints a violation: where, which stores a reset has kept and lost, and the command.
  void report(const Number &which, const crash::States &states,
              const Lines &lines, const Model &model, const Choice &choice,
              const std::string &wrong) {
    violations++;
    const Choice least = crash::join(crash::minimal(
        states.split(lines, choice),
        [&](const Choice &one) { return check(lines, model, one).has_value(); },
        64));
    const std::string least_wrong = check(lines, model, least).value_or(wrong);
    std::map<std::string, std::size_t> kept, lost;
    for (const auto &[number, stores] : lines.pending()) {
      const auto found = least.find(number);
      const std::size_t count = found == least.end() ? 0 : found->second;
      for (std::size_t i = 0; i < stores.size(); i++)
        (i < count ? kept : lost)[symbols.place(stores[i].code)]++;
    }
    std::printf("violation %u: %s\n", violations, wrong.c_str());
    if (least_wrong != wrong)
      std::printf("  with fewer stores: %s\n", least_wrong.c_str());
    std::printf("  a reset %s, before record %zu (%s); stores: %s\n",
                place().c_str(), record,
                record < trace.size()
                    ? symbols.place(trace[record].code).c_str()
                    : "the end",
                which.rule);
    for (const auto &[what, names] :
         {std::pair{"kept", &kept}, {"lost", &lost}})
      for (const auto &[name, count] : *names)
        std::printf("  %s: %zu stores of %s\n", what, count, name.c_str());
    std::printf("  again: ci/crash --again %s --seed %llu --explore "
                "'--atomic %llu%s%s --point %llu --state %llu'\n",
                options.traced.c_str(),
                static_cast<unsigned long long>(options.seed),
                static_cast<unsigned long long>(options.atomic),
                options.trust_locked ? " --trust-locked" : "",
                options.repair ? " --repair" : "",
                static_cast<unsigned long long>(which.point),
                static_cast<unsigned long long>(which.state));
    std::fflush(stdout);
  }

  const Options &options;
  crash::Script script;
  std::vector<std::uint8_t> image;
  std::vector<Record> trace;
  std::vector<std::uint64_t> reads; ///< numbers of lines, sorted
  counts::Symbols symbols;
  crash::Disk disk;
  std::unordered_set<std::uint64_t> known, in_doubt;
  std::size_t record = 0; ///< that walk() is at
  std::int64_t step = -1; ///< that has begun last
  bool ended = false;
  std::uint64_t tried = 0;
  unsigned violations = 0;
};

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Make the states that a reset could have left of the steps that "
               "DIRECTORY has\nthe trace of, and compare each with what was "
               "promised by then. Overwrites the disk.",
               "crash-explore");
  Options options;
  app.add_option("DIRECTORY", options.traced,
                 "with trace, image, script, symbols")
      ->option_text(" ")
      ->required();
  app.add_option("--disk", options.disk,
                 "that is overwritten; default /dev/pmem0")
      ->type_name("DISK");
  app.add_option("--states", options.states, "to try; default 100")
      ->type_name("N")
      ->transform(dax::whole_number(1, 1000000000));
  app.add_option("--seed", options.seed, "of the choice of states; default 1")
      ->type_name("N")
      ->transform(dax::whole_number(0, UINT32_MAX));
  app.add_option("--point", options.point, "try states of this point only")
      ->type_name("N");
  app.add_option("--state", options.state, "of that point, try this one only")
      ->type_name("N");
  app.add_option("--violations", options.violations, "stop after N; default 5")
      ->type_name("N")
      ->transform(dax::whole_number(1, 1000000));
  app.add_option(
         "--atomic", options.atomic,
         "a block of this size, written whole around the caches, is kept "
         "whole or\nnot at all; 64 to 4K; default 4K, which ext4 relies on")
      ->type_name("BYTES")
      ->transform(dax::byte_count(64, 4096))
      ->check(dax::condition(
          [](const std::string &bytes) {
            return std::has_single_bit(std::stoull(bytes));
          },
          "expected a power of two"));
  app.add_flag("--trust-locked", options.trust_locked,
               "take locked operations for fences");
  app.add_flag("--repair", options.repair,
               "let e2fsck repair what cannot be mounted, and look at it then");
  app.add_flag(
      "--recover", options.recover,
      "in the guest that has recorded: mount the states that keep all, "
      "for the\nplugin to note what is read, and look for nothing wrong");
  return dax::run_command(app, argc, argv, [&] {
    if (options.recover) {
      Explorer(options).recover();
      return EXIT_SUCCESS;
    }
    return Explorer(options).run() ? EXIT_SUCCESS : EXIT_FAILURE;
  });
}
