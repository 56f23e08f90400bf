// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a file must hold, and what is mapped of it, kept in memory.
#ifndef FSX_MODEL_HPP
#define FSX_MODEL_HPP

#include "operation.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace fsx {

constexpr std::uint64_t PageSize = 4096;
constexpr std::uint64_t WindowSize = 2 << 20; ///< what a huge page maps

/// The first page that begins at or behind an offset, in bytes.
constexpr std::uint64_t page_up(std::uint64_t offset) {
  return (offset + PageSize - 1) & ~(PageSize - 1);
}

/// Bytes begin to end - 1 of a file.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A shared mapping of a file, in whole pages.
struct Mapping {
  std::uint64_t offset = 0; ///< where it begins in the file, in bytes
  std::uint64_t length = 0; ///< in bytes; 0 when there is none
  std::uint64_t phase = 0;  ///< address less offset, modulo 2 MiB, in bytes

  std::uint64_t end() const { return offset + length; }
};

/// A file of its own kind: a row of bytes and some mappings.
class Model {
public:
  /// An empty file.
  /// @param limit what its size may not exceed, in bytes, whole pages
  /// @param block_size unit of collapse and insert, in bytes
  Model(std::uint64_t limit, std::uint64_t block_size);

  std::span<const unsigned char> bytes() const { return contents; }
  std::uint64_t size() const { return contents.size(); }
  std::uint64_t limit() const { return max_size; }
  std::uint64_t block_size() const { return block; }
  /// How far mappings may reach: some windows behind what the file may have.
  std::uint64_t map_limit() const { return max_size + WindowSize; }
  const Mapping &mapping(unsigned slot) const { return mappings[slot]; }

  /// Whether an operation has its place in the file as it is now. Those that
  /// have not would be refused, or do what other kinds are for.
  bool allows(const Operation &operation) const;

  /// Does it.
  /// @param operation one that @ref allows lets through
  /// @return where the file is not what it was
  Range apply(const Operation &operation);

  /// Makes a mistake: the byte changes that is in the middle.
  /// @return whether there is one
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

} // namespace fsx

#endif
