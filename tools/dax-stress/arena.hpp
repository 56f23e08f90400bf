// SPDX-License-Identifier: GPL-2.0
/// @file
/// Addresses for mappings of a file, aligned for huge pages or misaligned.
#ifndef DAX_STRESS_ARENA_HPP
#define DAX_STRESS_ARENA_HPP

#include <cstdint>

namespace stress {

/// A range of addresses, reserved for one mapping at a time.
class Arena {
public:
  /// Reserves addresses.
  /// @param length of the longest mapping, in bytes
  /// @throws std::system_error if mmap(2) fails
  explicit Arena(std::uint64_t length);
  ~Arena();
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&) = delete;

  /// The address for a mapping.
  /// @param offset       of the mapping in the file, in bytes
  /// @param misalignment address minus offset, modulo 2 MiB, in bytes
  unsigned char *address(std::uint64_t offset,
                         std::uint64_t misalignment) const;

  /// Reserves the addresses of a mapping again, which unmaps it.
  /// @param from   first address of the mapping
  /// @param length in bytes
  /// @throws std::system_error if mmap(2) fails
  void clear(unsigned char *from, std::uint64_t length) const;

private:
  std::uint64_t size;
  unsigned char *area;
};

} // namespace stress

#endif
