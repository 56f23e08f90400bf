// SPDX-License-Identifier: GPL-2.0
/// @file
/// What can be done to a file, and the line of text that says so in a log.
#ifndef FSX_OPERATION_HPP
#define FSX_OPERATION_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fsx {

/// Kinds of operations, with the fields of @ref Operation that they use.
enum class Kind {
  write,      ///< pwrite(2): offset, length
  writev,     ///< pwritev(2) of several pieces: offset, length
  append,     ///< write(2) with O_APPEND: length
  write_part, ///< pwrite(2): offset, length; the buffer faults behind the first
              ///< other bytes, and then all of it is written
  read,       ///< pread(2): offset, length
  read_part,  ///< pread(2): offset, length; the buffer faults behind the first
              ///< other bytes
  write_from_map, ///< pwrite(2) at other of mapped bytes: slot, offset, length
  read_into_map,  ///< pread(2) at other into mapped bytes: slot, offset, length
  truncate,       ///< ftruncate(2): length is the new size
  allocate,       ///< fallocate(2): offset, length
  allocate_keep,  ///< the same with KEEP_SIZE
  punch,          ///< PUNCH_HOLE
  zero,           ///< ZERO_RANGE
  zero_keep,      ///< ZERO_RANGE with KEEP_SIZE
  unshare,        ///< UNSHARE_RANGE: offset, length
  collapse,       ///< COLLAPSE_RANGE: offset and length are of whole blocks
  insert,         ///< INSERT_RANGE: the same
  map,            ///< mmap(2) shared: slot, offset, length; other is the phase
  remap,       ///< mremap(2): slot; length and phase (other) are the new ones
  unmap,       ///< munmap(2) of what is behind the first length bytes: slot
  map_write,   ///< store through a mapping: slot, offset, length
  map_read,    ///< load, also from behind the end: slot, offset, length
  protect,     ///< mprotect(2) read-only, load, and back: slot, offset, length
  dont_need,   ///< MADV_DONTNEED: slot, offset, length
  fork,        ///< a child loads, then stores: slot, offset, length
  private_map, ///< a private mapping is stored to, and goes: offset, length;
               ///< other is the phase
  sync,        ///< fsync(2) or fdatasync(2)
  msync,       ///< msync(2): slot, offset, length
  reopen,      ///< close(2) and open(2)
  recreate,    ///< munmap(2) of all, unlink(2), and open(2) of a new file
  pin,         ///< vmsplice(2) to a pipe, for a while: slot, offset, length
  vm_read,     ///< process_vm_readv(2) of mapped bytes: slot, offset, length
  clone,       ///< FICLONERANGE of whole blocks to other: offset, length
  dedupe,      ///< write(2) of a copy to other, and FIDEDUPERANGE: the same
  compare,     ///< all of the file is read, by pread(2) and by a mapping
};

constexpr std::size_t Kinds = static_cast<std::size_t>(Kind::compare) + 1;

/// How many shared mappings there may be at a time.
constexpr unsigned Slots = 4;

/// One thing that is done. Offsets and lengths are in bytes of the file.
struct Operation {
  Kind kind = Kind::compare;
  unsigned slot = 0;        ///< which mapping
  std::uint64_t offset = 0; ///< where it begins
  std::uint64_t length = 0;
  std::uint64_t other = 0; ///< a second offset, or a phase: how far address and
                           ///< offset are apart modulo 2 MiB
  std::uint64_t value = 0; ///< seed of what is written, and of small choices

  bool operator==(const Operation &) const = default;
};

/// The name of a kind, as logs have it.
std::string_view name_of(Kind kind);

/// The kind of that name.
/// @throws std::invalid_argument when there is none
Kind kind_of(std::string_view name);

/// An operation as a line of a log, without the newline.
std::string to_text(const Operation &operation);

/// Reads a line that @ref to_text made, or that was edited by hand.
/// @throws std::invalid_argument when it is not one, with what is wrong
Operation parse_operation(const std::string &line);

/// The next number of a sequence that looks random: SplitMix64 (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
constexpr std::uint64_t next_random(std::uint64_t &state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// Fills memory with what an operation writes.
/// @param bytes to fill; the first ones are the same for every length
/// @param value of the operation
void fill(std::span<unsigned char> bytes, std::uint64_t value);

} // namespace fsx

#endif
