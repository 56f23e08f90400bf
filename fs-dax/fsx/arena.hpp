// SPDX-License-Identifier: GPL-2.0
/// @file
/// Addresses for mappings of a file, as near to and as far from what huge pages
/// need as one asks for.
#ifndef FSX_ARENA_HPP
#define FSX_ARENA_HPP

#include <cstdint>

namespace fsx {

/// A range of addresses that is kept for one mapping at a time.
class Arena {
public:
  /// Keeps addresses.
  /// @param length of the longest mapping, in bytes
  /// @throws std::system_error when mmap(2) fails
  explicit Arena(std::uint64_t length);
  ~Arena();
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&) = delete;

  /// Where a mapping goes.
  /// @param offset where it begins in the file, in bytes
  /// @param phase what the address is to have more than the offset, modulo
  ///   2 MiB, in bytes
  unsigned char *place(std::uint64_t offset, std::uint64_t phase) const;

  /// Takes addresses back from a mapping. What was mapped there no longer is.
  /// @throws std::system_error when mmap(2) fails
  void clear(unsigned char *from, std::uint64_t length) const;

private:
  std::uint64_t room;
  unsigned char *area;
};

} // namespace fsx

#endif
