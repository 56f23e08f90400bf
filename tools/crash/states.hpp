// SPDX-License-Identifier: GPL-2.0
/// @file
/// Chooses among the states that a reset can leave: there are far too many for all.
#ifndef CRASH_STATES_HPP
#define CRASH_STATES_HPP

#include "lines.hpp"
#include "random.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace crash {

/// Chooses states.
class States {
public:
  /// @param seed   of the random choices
  /// @param atomic size in bytes, a power of two of at least 64: an aligned block of that size which
  ///               was written whole, around the caches, is kept whole or not at all
  /// @param reads  the sorted numbers of the lines that recovery reads; the caller keeps
  ///               them. Without any, all lines are alike.
  States(std::uint64_t seed, std::uint64_t atomic,
         std::span<const std::uint64_t> reads)
      : random(seed), atomic(atomic / Line), reads(reads) {}

  /// What became of a state that was offered.
  enum class Verdict {
    fresh, ///< it was tried
    known, ///< it was tried before
    stop,  ///< no more states are wanted
  };
  /// Gets a state, the name of its rule, and its number among those that are offered. The
  /// numbers depend only on the memory, the seed and the lines that recovery reads.
  using Visit = std::function<Verdict(const Choice &choice, const char *rule,
                                      std::uint64_t number)>;

  /// Chooses among the states of memory, by these rules in turn: no store, all stores, all
  /// up to one in the order of the trace, one part alone, all parts but one, parts at random. A
  /// part is a line or an atomic block. Each has its turn, alone and as the one that is
  /// left out, before one has another: first those that recovery reads, in random order.
  /// Until they all had theirs, "up to" ends at a store to one of them, and a random
  /// choice keeps no others.
  /// @param lines the memory
  /// @param most  number of fresh states; twice as many and some are offered
  /// @param visit is called with each state
  void choose(const Lines &lines, std::uint64_t most, const Visit &visit);

  /// The parts of a choice, which are kept or lost for themselves.
  std::vector<Choice> split(const Lines &lines, const Choice &choice) const;

private:
  /// Lines that are kept or lost together.
  struct Part {
    std::vector<std::uint64_t> numbers; ///< of the lines
    /// How many stores each line keeps, for each state of the part but the one that
    /// keeps none; and the order of the last store that is kept.
    struct Version {
      std::vector<std::size_t> counts;
      std::uint64_t order;
    };
    std::vector<Version> versions; ///< oldest first
    bool read = true;              ///< by recovery
  };

  std::vector<Part> parts_of(const Lines &lines) const;
  static void keep(Choice &choice, const Part &part, std::size_t versions);

  dax::Random random;
  std::uint64_t atomic; ///< in lines
  std::span<const std::uint64_t> reads;
};

/// Puts parts together.
Choice join(const std::vector<Choice> &parts);

/// Removes parts as long as the rest still fails.
/// @param parts of a choice that fails
/// @param fails tries a choice
/// @param tries limit of the calls of @p fails
/// @return the parts of a choice that fails, as few as were found
std::vector<Choice> minimal(std::vector<Choice> parts,
                            const std::function<bool(const Choice &)> &fails,
                            unsigned tries);

} // namespace crash

#endif
