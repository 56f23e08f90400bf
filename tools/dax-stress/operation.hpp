// SPDX-License-Identifier: GPL-2.0
/// @file
/// Operations on a file, and their format in a log.
#ifndef DAX_STRESS_OPERATION_HPP
#define DAX_STRESS_OPERATION_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stress {

/// Kinds of operations, and the fields of @ref Operation that they use.
enum class Kind {
  write,      ///< pwrite(2): offset, length
  writev,     ///< pwritev(2) of several buffers: offset, length
  append,     ///< write(2) with O_APPEND: length
  write_part, ///< pwrite(2): offset, length; the buffer faults after its first
              ///< other bytes; then all bytes are written
  read,       ///< pread(2): offset, length
  read_part,  ///< pread(2): offset, length; the buffer faults after its first
              ///< other bytes
  write_from_map, ///< pwrite(2) of mapped bytes at other: slot, offset, length
  read_into_map,  ///< pread(2) at other to mapped bytes: slot, offset, length
  truncate,       ///< ftruncate(2): length is the new size
  allocate,       ///< fallocate(2): offset, length
  allocate_keep,  ///< the same with KEEP_SIZE
  punch,          ///< PUNCH_HOLE
  zero,           ///< ZERO_RANGE
  zero_keep,      ///< ZERO_RANGE with KEEP_SIZE
  unshare,        ///< UNSHARE_RANGE: offset, length
  collapse,       ///< COLLAPSE_RANGE: offset and length are of whole blocks
  insert,         ///< INSERT_RANGE: the same
  map,            ///< mmap(2) shared: slot, offset, length; other is the
                  ///< misalignment
  remap,          ///< mremap(2): slot; length and misalignment (other) are new
  unmap,          ///< munmap(2) of all but the first length bytes: slot
  map_write,      ///< store through a mapping: slot, offset, length
  map_read,    ///< load, also beyond the end of the file: slot, offset, length
  protect,     ///< mprotect(2) read-only, load, and back: slot, offset, length
  dont_need,   ///< MADV_DONTNEED: slot, offset, length
  fork,        ///< a child loads, then stores: slot, offset, length
  private_map, ///< store to a private mapping: offset, length; other is the
               ///< misalignment
  sync,        ///< fsync(2) or fdatasync(2)
  msync,       ///< msync(2): slot, offset, length
  reopen,      ///< close(2) and open(2)
  recreate,    ///< munmap(2) of all, unlink(2), and open(2) of a new file
  pin,         ///< vmsplice(2) to a pipe, for some time: slot, offset, length
  vm_read,     ///< process_vm_readv(2) of mapped bytes: slot, offset, length
  clone,       ///< FICLONERANGE of whole blocks to other: offset, length
  dedupe,      ///< write(2) of a copy at other, and FIDEDUPERANGE: the same
  compare,     ///< read all of the file, by pread(2) and by mappings
};

constexpr std::size_t Kinds = static_cast<std::size_t>(Kind::compare) + 1;

/// The maximum number of shared mappings.
constexpr unsigned Slots = 4;

/// One operation. Offsets and lengths are in bytes of the file.
struct Operation {
  Kind kind = Kind::compare;
  unsigned slot = 0;        ///< number of the mapping
  std::uint64_t offset = 0; ///< of the first byte
  std::uint64_t length = 0;
  std::uint64_t other =
      0; ///< a second offset, or a misalignment: address minus
         ///< offset, modulo 2 MiB
  std::uint64_t value = 0; ///< seed of the data to write, and of small choices

  bool operator==(const Operation &) const = default;
};

/// The name of a kind in logs.
std::string_view name_of(Kind kind);

/// The kind with a name.
/// @throws std::invalid_argument if there is none
Kind kind_of(std::string_view name);

/// Formats an operation as a line of a log, without the newline.
std::string to_text(const Operation &operation);

/// Parses a line in the format of @ref to_text.
/// @throws std::invalid_argument with the part of the line that is wrong
Operation parse_operation(const std::string &line);

/// Fills memory with the data that an operation writes.
/// @param bytes to fill; their first bytes are the same for every length
/// @param value of the operation
void fill(std::span<unsigned char> bytes, std::uint64_t value);

} // namespace stress

#endif
