// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which pages of a device have survived a reboot: counts, runs of lost pages, a map.
#ifndef PMEMCTL_SURVIVAL_HPP
#define PMEMCTL_SURVIVAL_HPP

#include "pattern.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pmemctl {

/// Neighbouring pages with the same fate.
struct LostRun {
  std::uint64_t address; ///< physical address of the first page
  std::uint64_t pages;
  Fate fate;

  bool operator==(const LostRun &) const = default;
};

/// The result of a check, which takes pages in the order of addresses.
class Survival {
public:
  /// @param start physical address of the device
  /// @param pages of the device
  Survival(std::uint64_t start, std::uint64_t pages)
      : start(start), pages(pages), at(start) {}

  /// Adds the next page.
  /// @param fate of the page
  void add(Fate fate);

  /// The number of pages with a fate.
  std::uint64_t count(Fate fate) const;
  /// Whether all pages have survived.
  bool is_whole() const { return lost_runs.empty(); }
  /// The runs of pages that have not survived.
  const std::vector<LostRun> &lost() const { return lost_runs; }
  /// One character for each of 64 equal parts: "." if all of the part has survived,
  /// else the letter of what most of its lost pages are, see @ref letter_of.
  std::string map() const;

  const std::uint64_t start; ///< physical address of the device
  const std::uint64_t pages; ///< of the device

private:
  std::uint64_t at;
  std::map<Fate, std::uint64_t> counts;
  std::vector<LostRun> lost_runs;
};

/// The letter of a fate in a map: "." survived, "0" zeroes, "p" partial, "s" stale,
/// "x" other, "!" unreadable.
char letter_of(Fate fate);

/// Finds the seed of the run that wrote a device, from a sample of its pages.
class SeedPoll {
public:
  /// Takes a page of the sample.
  /// @param page    contents
  /// @param address physical address of the page
  void add(Page page, std::uint64_t address);
  /// The seed that most pages with their own address have; nothing if none has one.
  std::optional<std::uint64_t> winner() const;

private:
  std::map<std::uint64_t, std::uint64_t> votes;
};

} // namespace pmemctl

#endif
