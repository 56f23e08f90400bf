// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which ranges of a file the kernel can map with one huge page, and why it
/// cannot map the others.
///
/// A PMD range is 2 MiB of a file that begin at a multiple of 2 MiB; a PUD range
/// is the same with 1 GiB. One page table entry maps all of a range or none of
/// it. The conditions are those of fs/dax.c of Linux: see
/// dax_fault_check_fallback(), dax_fault_iter() and dax_iomap_direct_access().
///
/// All functions here compute their result from their arguments.
#ifndef DAX_PMD_RANGE_HPP
#define DAX_PMD_RANGE_HPP

#include <cstdint>
#include <string_view>
#include <vector>

namespace dax {

/// Page sizes of x86-64, in bytes.
constexpr std::uint64_t BasePage = 4096;
constexpr std::uint64_t HugePage = 2 << 20;  ///< mapped by a PMD entry
constexpr std::uint64_t GiantPage = 1 << 30; ///< mapped by a PUD entry

/// Contiguous bytes of a file that are contiguous on the filesystem's device, or
/// in memory.
struct Extent {
  std::uint64_t logical; ///< offset in the file, in bytes
  /// Offset on the device, or physical address in memory, in bytes.
  std::uint64_t physical;
  std::uint64_t length; ///< in bytes
  std::uint32_t flags;  ///< FIEMAP_EXTENT_* of linux/fiemap.h
  /// False if the address in memory could not be found, so that @ref physical
  /// means nothing.
  bool located = true;
  /// True if this is the rest of the filesystem's extent that the element before
  /// it begins: the device splits that extent in memory.
  bool continued = false;

  std::uint64_t end() const { return logical + length; }

  /// Whether the extent has blocks of its own: true for an unwritten extent,
  /// false for delayed allocation and for data packed into other blocks.
  bool has_blocks() const;

  bool operator==(const Extent &) const = default;
};

/// Whether a range can be mapped with one page, and if not, the reason.
///
/// The names of eof, extent and physical are those of the kernel's tracepoint
/// dax_fault_fallback (Documentation/filesystems/dax.rst). The kernel does not
/// trace the other reasons: there is no DAX fault, or the fault is not a fallback.
enum class Verdict {
  mappable,
  not_dax,  ///< the file is accessed through the page cache
  eof,      ///< the file ends before the last base page of the range
  hole,     ///< no part of the range has blocks
  extent,   ///< no extent of the filesystem holds all of the range
  physical, ///< misaligned in memory, or not contiguous there
  unknown,  ///< the address in memory could not be found
};

/// The name of a verdict that users read; it does not change between versions.
std::string_view name_of(Verdict verdict);

/// Adjacent ranges with the same verdict.
struct Range {
  std::uint64_t offset; ///< in the file, in bytes
  std::uint64_t length; ///< in bytes; the last one ends at the end of the file
  Verdict verdict;

  bool operator==(const Range &) const = default;
};

/// The facts about a file that decide how it can be mapped.
struct Layout {
  bool is_dax;                 ///< the file uses DAX now
  std::uint64_t size;          ///< in bytes
  std::vector<Extent> extents; ///< by logical offset, without overlap
};

/// What has to hold all of a range.
enum class Holder {
  /// One extent. Linux asks the filesystem for the extent at one offset and does
  /// not look at the next one, even if that one is adjacent.
  extent,
  /// Extents that are adjacent in the file and in memory, written or unwritten.
  /// The kernel would have to change to map these with one page, not the file.
  adjacent,
};

/// The holder to use for a page size: adjacent extents for ranges larger than an
/// extent of ext4, which is 128 MiB at most.
/// @param page_size in bytes
constexpr Holder holder_for(std::uint64_t page_size) {
  return page_size > HugePage ? Holder::adjacent : Holder::extent;
}

/// Judges all ranges of a file, in time proportional to its number of extents.
///
/// If there are several reasons, the verdict is the one that @ref Verdict names
/// first. A file whose size is inside the last base page of a range reaches the
/// end of that range, as in the kernel.
///
/// @param layout    of the file; its extents have addresses in memory
/// @param page_size size of the huge page and so of a range, in bytes: a power of
///                  two, more than @ref BasePage
/// @param holder    what has to hold a range
/// @return ranges that cover bytes 0 to size of the file, in order; adjacent ones
///         have different verdicts
std::vector<Range> judge(const Layout &layout, std::uint64_t page_size,
                         Holder holder);

/// The same, with the holder for the page size.
inline std::vector<Range> judge(const Layout &layout, std::uint64_t page_size) {
  return judge(layout, page_size, holder_for(page_size));
}

/// The number of bytes in ranges with a verdict.
std::uint64_t bytes_of(const std::vector<Range> &ranges, Verdict verdict);

/// Whether extents with blocks cover all of a part of a file.
/// @param extents by logical offset, without overlap
/// @param begin   offset in the file, in bytes
/// @param end     offset of the first byte after the part, in bytes
bool is_allocated(const std::vector<Extent> &extents, std::uint64_t begin,
                  std::uint64_t end);

/// The number of bytes in whole ranges: the most that huge pages can map. The
/// last base page of the file counts up to the end of the file.
/// @param size      of the file, in bytes
/// @param page_size as for @ref judge
std::uint64_t bytes_in_ranges(std::uint64_t size, std::uint64_t page_size);

} // namespace dax

#endif
