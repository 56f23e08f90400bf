// SPDX-License-Identifier: GPL-2.0
#include "windows.hpp"

#include <algorithm>
#include <utility>

#include <linux/fiemap.h>

namespace dax {

namespace {

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t power) {
  return value & ~(power - 1);
}

/// Extents that are at a place, put together where that is allowed.
std::vector<Extent> pieces_of(const std::vector<Extent> &extents, Piece piece) {
  std::vector<Extent> pieces;
  for (const Extent &extent : extents) {
    if (!extent.has_place())
      continue;
    if (piece == Piece::adjoining && !pieces.empty() &&
        pieces.back().end() == extent.logical &&
        pieces.back().physical + pieces.back().length == extent.physical &&
        pieces.back().located == extent.located)
      pieces.back().length += extent.length;
    else
      pieces.push_back(extent);
  }
  return pieces;
}

/// Ranges in the making: they are added in the order of the file.
class Ranges {
public:
  std::uint64_t end() const { return at; }

  void add_until(std::uint64_t next, Verdict verdict) {
    if (next <= at)
      return;
    if (!done.empty() && done.back().verdict == verdict)
      done.back().length += next - at;
    else
      done.push_back({at, next - at, verdict});
    at = next;
  }

  std::vector<Range> take() { return std::move(done); }

private:
  std::uint64_t at = 0;
  std::vector<Range> done;
};

using Place = std::vector<Extent>::const_iterator;

/// Judges a range of the size of a page that no piece holds by itself.
/// @param first piece that ends after @p start
/// @param last the end of the pieces
Verdict judge_pieces(Place first, Place last, std::uint64_t start,
                     std::uint64_t end, Piece kind) {
  bool located = true;
  for (; start < end && first != last && first->logical <= start; ++first) {
    start = first->end();
    located &= first->located;
  }
  if (start < end)
    return Verdict::hole;
  // pieces that adjoin in memory are one, and some may do so unknown to us
  return located || kind == Piece::extent ? Verdict::boundary
                                          : Verdict::unknown;
}

/// Judges a range that a piece holds.
Verdict judge_piece(const Extent &piece, std::uint64_t page_size) {
  if (!piece.located)
    return Verdict::unknown;
  return (piece.physical - piece.logical) % page_size == 0 ? Verdict::mappable
                                                           : Verdict::phase;
}

/// Judges windows up to @p end, which is a multiple of @p page_size.
void judge_whole(const std::vector<Extent> &pieces, Piece kind,
                 std::uint64_t page_size, std::uint64_t end, Ranges &ranges) {
  auto piece = pieces.begin();
  while (ranges.end() < end) {
    const std::uint64_t start = ranges.end();
    const std::uint64_t next = start + page_size;
    while (piece != pieces.end() && piece->end() <= start)
      ++piece;

    if (piece == pieces.end()) {
      ranges.add_until(end, Verdict::hole);
    } else if (piece->logical >= next) {
      ranges.add_until(std::min(end, round_down(piece->logical, page_size)),
                       Verdict::hole);
    } else if (piece->logical <= start && piece->end() >= next) {
      ranges.add_until(std::min(end, round_down(piece->end(), page_size)),
                       judge_piece(*piece, page_size));
    } else {
      ranges.add_until(next,
                       judge_pieces(piece, pieces.end(), start, next, kind));
    }
  }
}

/// Where the last whole window ends, past the end of the file maybe.
std::uint64_t whole_end(std::uint64_t size, std::uint64_t page_size) {
  return round_down(size + BasePage - 1, page_size);
}

} // namespace

bool Extent::has_place() const {
  return !(flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC |
                    FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_NOT_ALIGNED |
                    FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL));
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
  case Verdict::mappable:
    return "mappable";
  case Verdict::not_dax:
    return "not DAX";
  case Verdict::too_short:
    return "too short";
  case Verdict::hole:
    return "hole";
  case Verdict::boundary:
    return "boundary";
  case Verdict::phase:
    return "phase";
  case Verdict::unknown:
    return "unknown";
  }
  return {};
}

std::vector<Range> judge(const Layout &layout, std::uint64_t page_size,
                         Piece piece) {
  Ranges ranges;
  if (!layout.is_dax) {
    ranges.add_until(layout.size, Verdict::not_dax);
    return ranges.take();
  }

  judge_whole(pieces_of(layout.extents, piece), piece, page_size,
              whole_end(layout.size, page_size), ranges);
  ranges.add_until(layout.size, Verdict::too_short);

  std::vector<Range> result = ranges.take();
  if (!result.empty())
    result.back().length = layout.size - result.back().offset;
  return result;
}

std::uint64_t bytes_of(const std::vector<Range> &ranges, Verdict verdict) {
  std::uint64_t bytes = 0;
  for (const Range &range : ranges)
    if (range.verdict == verdict)
      bytes += range.length;
  return bytes;
}

std::uint64_t whole_windows(std::uint64_t size, std::uint64_t page_size) {
  return std::min(size, whole_end(size, page_size));
}

} // namespace dax
