// SPDX-License-Identifier: GPL-2.0
/// @file
/// A model of a file and its mappings, in memory.
#ifndef DAX_STRESS_MODEL_HPP
#define DAX_STRESS_MODEL_HPP

#include "operation.hpp"
#include "pmd_range.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace stress {

constexpr std::uint64_t PageSize = dax::BasePage;
using dax::HugePage;

/// Rounds an offset up to a page, in bytes.
constexpr std::uint64_t page_up(std::uint64_t offset) {
  return (offset + PageSize - 1) & ~(PageSize - 1);
}

/// Bytes of a file: begin to end - 1.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A shared mapping of whole pages of a file.
struct Mapping {
  std::uint64_t offset = 0;       ///< in the file, in bytes
  std::uint64_t length = 0;       ///< in bytes; 0 if there is no mapping
  std::uint64_t misalignment = 0; ///< address minus offset, modulo 2 MiB

  std::uint64_t end() const { return offset + length; }
};

/// The contents of a file, and its mappings.
class Model {
public:
  /// An empty file.
  /// @param limit      maximum size, in bytes: a multiple of the page size
  /// @param block_size unit of collapse and insert, in bytes
  Model(std::uint64_t limit, std::uint64_t block_size);

  std::span<const unsigned char> bytes() const { return contents; }
  std::uint64_t size() const { return contents.size(); }
  std::uint64_t limit() const { return max_size; }
  std::uint64_t block_size() const { return block; }
  /// The maximum end of a mapping, which can be beyond the end of the file.
  std::uint64_t map_limit() const { return max_size + HugePage; }
  const Mapping &mapping(unsigned slot) const { return mappings[slot]; }

  /// Whether the file allows an operation now. Other operations would fail, or
  /// do the same as another kind.
  bool allows(const Operation &operation) const;

  /// Applies an operation.
  /// @param operation that the file allows, see @ref allows
  /// @return the range that has changed
  Range apply(const Operation &operation);

  /// Changes the byte in the middle, so that a comparison fails.
  /// @return false if the file is empty
  bool damage();

private:
  Range put(const Operation &operation, std::uint64_t offset);
  Range copy(std::uint64_t from, std::uint64_t to, std::uint64_t length);
  Range resize(std::uint64_t size);
  Range grow(std::uint64_t end, std::uint64_t begin);
  void zero(std::uint64_t begin, std::uint64_t end);
  bool in_mapping(const Operation &operation) const;

  std::vector<unsigned char> contents;
  std::uint64_t max_size;
  std::uint64_t block;
  std::array<Mapping, Slots> mappings;
};

} // namespace stress

#endif
