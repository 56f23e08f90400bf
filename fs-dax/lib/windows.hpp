// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which parts of a file the kernel can map in huge pages, by where its blocks
/// are, and what stands in the way elsewhere.
///
/// A window is a range of the file of the size of a huge page that begins at a
/// multiple of it. A page table entry maps all of a window or nothing. What it
/// takes is what fs/dax.c of Linux asks for in dax_fault_check_fallback(),
/// dax_fault_iter() and dax_iomap_direct_access().
///
/// All functions here compute from their arguments alone.
#ifndef DAX_WINDOWS_HPP
#define DAX_WINDOWS_HPP

#include <cstdint>
#include <string_view>
#include <vector>

namespace dax {

/// Sizes of pages of x86-64, in bytes.
constexpr std::uint64_t BasePage = 4096;
constexpr std::uint64_t HugePage =
    2 << 20; ///< an entry of a page middle directory
constexpr std::uint64_t GiantPage =
    1 << 30; ///< an entry of a page upper directory

/// A run of a file's bytes that is one run of bytes of its filesystem's device,
/// or of memory.
struct Extent {
  std::uint64_t logical; ///< where it begins in the file, in bytes
  /// Where it begins on the device, or its physical address in memory, in
  /// bytes.
  std::uint64_t physical;
  std::uint64_t length; ///< in bytes
  std::uint32_t flags;  ///< FIEMAP_EXTENT_* of linux/fiemap.h
  /// False when @ref physical was to become an address in memory, and that
  /// could not be found.
  bool located = true;

  std::uint64_t end() const { return logical + length; }

  /// Whether @ref physical means something. It does for an unwritten extent;
  /// not where blocks are yet to be chosen, nor for data that is packed into
  /// other blocks.
  bool has_place() const;

  bool operator==(const Extent &) const = default;
};

/// Of a window, or of some that follow each other.
enum class Verdict {
  mappable,
  not_dax,   ///< the file is accessed through the page cache
  too_short, ///< the file ends before the last base page of the window
  hole,      ///< a part of the window has no block
  boundary,  ///< the window is in more than one piece
  phase,     ///< file offset and memory address differ modulo the page's size
  unknown,   ///< the memory address of its blocks could not be found
};

/// The word that users read; it does not change between versions.
std::string_view name_of(Verdict verdict);

/// Neighbouring windows of one verdict.
struct Range {
  std::uint64_t offset; ///< where it begins in the file, in bytes
  std::uint64_t length; ///< in bytes; no more than the file has
  Verdict verdict;

  bool operator==(const Range &) const = default;
};

/// What is known of a file.
struct Layout {
  bool is_dax;                 ///< it is accessed past the page cache now
  std::uint64_t size;          ///< in bytes
  std::vector<Extent> extents; ///< by logical offset, without overlap
};

/// What has to hold a whole window.
enum class Piece {
  /// One extent. Linux asks the filesystem for the extent at one place and does
  /// not look at the next one, even where that adjoins it.
  extent,
  /// Extents that adjoin each other in the file and in memory, be they written
  /// or not. This is what no change to the file, but only one to the kernel,
  /// could map.
  adjoining,
};

/// The piece that pages of a size are looked for in: adjoining extents for more
/// than what one extent of ext4 can hold, which is 128 MiB.
constexpr Piece piece_for(std::uint64_t page_size) {
  return page_size > HugePage ? Piece::adjoining : Piece::extent;
}

/// Judges all windows of a file, in time proportional to its extents.
///
/// Of several obstacles to a window the one named first in @ref Verdict is
/// given. A file whose size is in the last base page of a window counts as
/// reaching its end, as the kernel has it.
///
/// @param layout of the file, with its extents in memory
/// @param page_size of the huge page and so of a window: a power of two of
/// bytes,
///   more than @ref BasePage
/// @param piece what has to hold a window
/// @return ranges that cover bytes 0 to size of the file, in order, neighbours
///   with different verdicts
std::vector<Range> judge(const Layout &layout, std::uint64_t page_size,
                         Piece piece);

/// The same, with the piece that is right for the size.
inline std::vector<Range> judge(const Layout &layout, std::uint64_t page_size) {
  return judge(layout, page_size, piece_for(page_size));
}

/// How many bytes of a file are in ranges of a verdict.
std::uint64_t bytes_of(const std::vector<Range> &ranges, Verdict verdict);

/// How many bytes of a file are in whole windows, which is what can be mapped
/// in huge pages at best. The last page of the file counts as far as it is
/// used.
/// @param size of the file, in bytes
/// @param page_size as for @ref judge
std::uint64_t whole_windows(std::uint64_t size, std::uint64_t page_size);

} // namespace dax

#endif
