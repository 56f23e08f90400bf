// SPDX-License-Identifier: GPL-2.0
/// @file
/// Random operations, reproducible with a seed.
#ifndef DAX_STRESS_GENERATOR_HPP
#define DAX_STRESS_GENERATOR_HPP

#include "model.hpp"
#include "operation.hpp"
#include "random.hpp"

#include <cstdint>
#include <set>

namespace stress {

/// Generates operations that the model allows.
///
/// Half of the offsets are near a multiple of 2 MiB, where huge pages begin and end.
/// Lengths are some bytes, some pages, or about a multiple of 2 MiB.
class Generator {
public:
  /// @param seed    any number; another one gives other operations
  /// @param without kinds to exclude
  Generator(std::uint64_t seed, std::set<Kind> without);

  /// The next operation.
  /// @param model of the file now; the operations depend on it too
  Operation next(const Model &model);

private:
  std::uint64_t below(std::uint64_t limit);
  bool chance(unsigned percent);
  std::uint64_t offset_below(std::uint64_t limit);
  std::uint64_t length_up_to(std::uint64_t limit);
  Kind kind();
  Range part_of(std::uint64_t limit);
  void in_file(Operation &operation, std::uint64_t limit);
  void round_out(Operation &operation, std::uint64_t unit);
  void in_mapping(Operation &operation, const Model &model, bool whole_pages);
  std::uint64_t misalignment();
  Operation candidate(const Model &model);
  void choose_mapping(Operation &operation, const Model &model);
  void choose_range(Operation &operation, const Model &model);

  dax::Random random;
  std::set<Kind> excluded;
};

} // namespace stress

#endif
