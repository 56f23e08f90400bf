// SPDX-License-Identifier: GPL-2.0
/// @file
/// The memory of a guest, as a file of the host.
#ifndef CRASH_GUEST_MEMORY_HPP
#define CRASH_GUEST_MEMORY_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace crash {

/// A mapping of the file; physical address 0 is its first byte.
class Memory {
public:
  /// Takes memory that the caller keeps, for tests.
  explicit Memory(std::span<std::uint8_t> bytes) : bytes(bytes) {}
  Memory() = default;

  /// Maps a file.
  /// @return whether that worked; the error is in errno
  bool open(const std::string &name);

  std::uint64_t size() const { return bytes.size(); }

  /// @param physical address, less than size()
  const std::uint8_t *at(std::uint64_t physical) const {
    return bytes.data() + physical;
  }

  /// Looks up an address in page tables of four levels (Intel SDM, volume 3A,
  /// section 4.5).
  /// @param cr3  the register
  /// @param from a virtual address
  /// @return the physical address; nothing if none is mapped, or if a table is
  ///         outside of the file
  std::optional<std::uint64_t> translate(std::uint64_t cr3,
                                         std::uint64_t from) const;

private:
  std::span<std::uint8_t> bytes;
};

} // namespace crash

#endif
