// SPDX-License-Identifier: GPL-2.0
/// @file
/// Random operations, the same ones for the same seed.
#ifndef FSX_GENERATOR_HPP
#define FSX_GENERATOR_HPP

#include "model.hpp"
#include "operation.hpp"

#include <cstdint>
#include <set>

namespace fsx {

/// Makes up operations that a file allows.
///
/// Half of the offsets are next to a border of 2 MiB, which is where huge pages
/// begin and end. Lengths are some bytes, some pages, or about whole windows.
class Generator {
public:
  /// @param seed any number; another one gives other operations
  /// @param without kinds that are left out
  Generator(std::uint64_t seed, std::set<Kind> without);

  /// The next operation.
  /// @param model the file as it is now; its answers decide too, so that only
  ///   the same file gives the same operations
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
  std::uint64_t phase();
  Operation candidate(const Model &model);
  void choose_mapping(Operation &operation, const Model &model);
  void choose_place(Operation &operation, const Model &model);

  std::uint64_t state;
  std::set<Kind> left_out;
};

} // namespace fsx

#endif
