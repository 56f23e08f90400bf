// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the verdicts for ranges of a file.
#include "pmd_range.hpp"

#include "random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <vector>

#include <linux/fiemap.h>

namespace dax {

/// For the messages of GoogleTest.
void PrintTo(const Range &range, std::ostream *out) {
  *out << range.offset << "+" << range.length << " " << name_of(range.verdict);
}

namespace {

using enum Verdict;
using Ranges = std::vector<Range>;

constexpr std::uint64_t M = 1 << 20;
constexpr std::uint64_t G = 1 << 30;
constexpr std::uint64_t Start = 4 * G;

/// A DAX file of @p size bytes, with extents on a device that begins at 4 GiB.
Layout file(std::uint64_t size, std::vector<Extent> extents) {
  for (Extent &extent : extents)
    extent.physical += Start;
  return {true, size, std::move(extents)};
}

TEST(PmdRange, IsMappableIfAligned) {
  EXPECT_EQ(judge(file(8 * M, {{0, 6 * M, 8 * M, 0}}), HugePage),
            (Ranges{{0, 8 * M, mappable}}));
}

TEST(PmdRange, IsMappableIfUnwritten) {
  EXPECT_EQ(
      judge(file(2 * M, {{0, 0, 2 * M, FIEMAP_EXTENT_UNWRITTEN}}), HugePage),
      (Ranges{{0, 2 * M, mappable}}));
}

TEST(PmdRange, IsNotInAnEmptyFile) {
  EXPECT_EQ(judge(file(0, {}), HugePage), Ranges{});
  EXPECT_EQ(judge(file(0, {{0, 0, 4 * M, 0}}), HugePage), Ranges{});
  Layout other = file(0, {});
  other.is_dax = false;
  EXPECT_EQ(judge(other, HugePage), Ranges{});
}

TEST(PmdRange, IsNotMappableWithoutDax) {
  Layout layout = file(5 * M, {{0, 0, 5 * M, 0}});
  layout.is_dax = false;
  EXPECT_EQ(judge(layout, HugePage), (Ranges{{0, 5 * M, not_dax}}));
  EXPECT_EQ(judge(layout, GiantPage), (Ranges{{0, 5 * M, not_dax}}));
}

TEST(PmdRange, IsPhysicalIfMisaligned) {
  EXPECT_EQ(judge(file(4 * M, {{0, BasePage, 4 * M, 0}}), HugePage),
            (Ranges{{0, 4 * M, physical}}));
}

TEST(PmdRange, IsAlignedRelativeToTheFileOffset) {
  EXPECT_EQ(judge(file(6 * M, {{0, 2 * M, 2 * M, 0}, {2 * M, 9 * M, 4 * M, 0}}),
                  HugePage),
            (Ranges{{0, 2 * M, mappable}, {2 * M, 4 * M, physical}}));
  // the extent begins inside a range, aligned
  EXPECT_EQ(judge(file(6 * M, {{M, 9 * M, 5 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, extent}, {2 * M, 4 * M, mappable}}));
}

TEST(PmdRange, BeyondTheEndIsEof) {
  EXPECT_EQ(judge(file(3 * M, {{0, 0, 3 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, mappable}, {2 * M, M, eof}}));
  // blocks beyond the end do not matter
  EXPECT_EQ(judge(file(M, {{0, 0, 8 * M, 0}}), HugePage),
            (Ranges{{0, M, eof}}));
  // nor do blocks in the tail
  EXPECT_EQ(judge(file(M, {}), HugePage), (Ranges{{0, M, eof}}));
}

TEST(PmdRange, IsWholeIfTheFileReachesItsLastPage) {
  const std::vector<Extent> extents{{0, 0, 2 * M, 0}};
  const std::uint64_t page = 2 * M - BasePage;
  EXPECT_EQ(judge(file(page, extents), HugePage), (Ranges{{0, page, eof}}));
  EXPECT_EQ(judge(file(page + 1, extents), HugePage),
            (Ranges{{0, page + 1, mappable}}));
  EXPECT_EQ(judge(file(page + 1, {}), HugePage), (Ranges{{0, page + 1, hole}}));
  EXPECT_EQ(bytes_in_ranges(page, HugePage), 0);
  EXPECT_EQ(bytes_in_ranges(page + 1, HugePage), page + 1);
  EXPECT_EQ(bytes_in_ranges(2 * M, HugePage), 2 * M);
  EXPECT_EQ(bytes_in_ranges(2 * M + 1, HugePage), 2 * M);
  EXPECT_EQ(bytes_in_ranges(0, HugePage), 0);
}

TEST(PmdRange, IsExtentIfPartOfItHasNoBlocks) {
  // no blocks at the end, in the middle, at the front
  EXPECT_EQ(judge(file(10 * M, {{2 * M, 2 * M, 2 * M + BasePage, 0},
                                {6 * M, 0, M, 0},
                                {7 * M + BasePage, 0, M - BasePage, 0},
                                {9 * M, 9 * M, M, 0}}),
                  HugePage),
            (Ranges{{0, 2 * M, hole},
                    {2 * M, 2 * M, mappable},
                    {4 * M, 6 * M, extent}}));
}

TEST(PmdRange, IsHoleWithoutBlocks) {
  for (const std::uint32_t flag :
       {FIEMAP_EXTENT_UNKNOWN, FIEMAP_EXTENT_DELALLOC, FIEMAP_EXTENT_ENCODED,
        FIEMAP_EXTENT_NOT_ALIGNED, FIEMAP_EXTENT_DATA_INLINE,
        FIEMAP_EXTENT_DATA_TAIL})
    EXPECT_EQ(judge(file(2 * M, {{0, 0, 2 * M, flag}}), HugePage),
              (Ranges{{0, 2 * M, hole}}))
        << flag;
}

TEST(PmdRange, IsExtentIfTwoExtentsHoldIt) {
  EXPECT_EQ(
      judge(file(4 * M, {{0, 0, 3 * M, 0}, {3 * M, 9 * M, M, 0}}), HugePage),
      (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, extent}}));
}

TEST(PmdRange, IsPhysicalIfTheDeviceSplitsAnExtent) {
  EXPECT_EQ(
      judge(file(4 * M, {{0, 0, 3 * M, 0}, {3 * M, 9 * M, M, 0, true, true}}),
            HugePage),
      (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, physical}}));
  // the first part of the second extent
  EXPECT_EQ(judge(file(2 * M, {{0, 0, M, 0},
                               {M, 9 * M, BasePage, 0},
                               {M + BasePage, 0, M, 0, true, true}}),
                  HugePage),
            (Ranges{{0, 2 * M, extent}}));
  // the rest of an extent, which began in the range before
  EXPECT_EQ(judge(file(4 * M, {{0, 0, 2 * M, 0},
                               {2 * M, 9 * M, M, 0, true, true},
                               {3 * M, 3 * M, M, 0, true, true}}),
                  HugePage),
            (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, physical}}));
}

TEST(PmdRange, IsUnknownWithoutAnAddress) {
  EXPECT_EQ(judge(file(5 * M, {{0, 0, 5 * M, 0, false}}), HugePage),
            (Ranges{{0, 4 * M, unknown}, {4 * M, M, eof}}));
  // another reason applies at any address
  EXPECT_EQ(judge(file(8 * M, {{0, 0, 3 * M, 0, false},
                               {3 * M, 3 * M, 2 * M, 0, false},
                               {6 * M, 6 * M, 2 * M, 0, true}}),
                  HugePage),
            (Ranges{{0, 2 * M, unknown},
                    {2 * M, 4 * M, extent},
                    {6 * M, 2 * M, mappable}}));
  Layout layout = file(2 * M, {{0, 0, 2 * M, 0, false}});
  layout.is_dax = false;
  EXPECT_EQ(judge(layout, HugePage), (Ranges{{0, 2 * M, not_dax}}));
}

TEST(PmdRange, IsExtentIfItsExtentsAreAdjacent) {
  const Layout layout =
      file(4 * M, {{0, 0, M, 0}, {M, M, 3 * M, FIEMAP_EXTENT_UNWRITTEN}});
  EXPECT_EQ(judge(layout, HugePage),
            (Ranges{{0, 2 * M, extent}, {2 * M, 2 * M, mappable}}));
  EXPECT_EQ(judge(layout, HugePage, Holder::adjacent),
            (Ranges{{0, 4 * M, mappable}}));
}

/// 1 GiB of extents with the maximum length of ext4.
std::vector<Extent> giant(std::uint64_t physical) {
  std::vector<Extent> extents;
  for (std::uint64_t at = 0; at < G; at += 128 * M)
    extents.push_back({at, physical + at, 128 * M, 0});
  return extents;
}

TEST(PudRange, IsMappableIfItsExtentsAreAdjacent) {
  EXPECT_EQ(judge(file(G, giant(2 * G)), GiantPage),
            (Ranges{{0, G, mappable}}));
  EXPECT_EQ(judge(file(G, giant(2 * G + 2 * M)), GiantPage),
            (Ranges{{0, G, physical}}));
}

TEST(PudRange, IsUnknownIfAnExtentCanBeAdjacent) {
  std::vector<Extent> extents = giant(0);
  extents.back().located = false;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, unknown}}));
  extents.back().length -= BasePage;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, extent}}));
}

TEST(PudRange, IsExtentIfItsExtentsAreNotAdjacent) {
  std::vector<Extent> extents = giant(0);
  extents.back().physical += 2 * M;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, extent}}));
  // adjacent in memory, not in the file
  extents = giant(0);
  extents.back().logical += BasePage;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, extent}}));
}

TEST(PmdRange, IsJudgedFastInTheLargestFile) {
  // 4 Ti ranges: one by one, they would take hours
  const std::uint64_t size = INT64_MAX;
  EXPECT_EQ(judge(file(size, {{2 * M, 2 * M, 2 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, hole},
                    {2 * M, 2 * M, mappable},
                    {4 * M, size - 4 * M, hole}}));
}

TEST(Ranges, AddUp) {
  const Ranges ranges{
      {0, 1, hole}, {1, 2, physical}, {3, 4, hole}, {7, 8, mappable}};
  EXPECT_EQ(bytes_of(ranges, hole), 5);
  EXPECT_EQ(bytes_of(ranges, physical), 2);
  EXPECT_EQ(bytes_of(ranges, mappable), 8);
  EXPECT_EQ(bytes_of(ranges, extent), 0);
}

TEST(Extents, CoverWhatIsAllocated) {
  const std::vector<Extent> extents{{0, 9 * M, M, 0},
                                    {M, 3 * M, M, FIEMAP_EXTENT_UNWRITTEN},
                                    {3 * M, 0, M, 0},
                                    {4 * M, 0, M, FIEMAP_EXTENT_DELALLOC}};
  EXPECT_TRUE(is_allocated(extents, 0, 2 * M));
  EXPECT_TRUE(is_allocated(extents, M - 1, M + 1));
  EXPECT_TRUE(is_allocated(extents, 3 * M, 4 * M));
  EXPECT_FALSE(is_allocated(extents, 0, 2 * M + 1));
  EXPECT_FALSE(is_allocated(extents, 2 * M, 3 * M));
  EXPECT_FALSE(is_allocated(extents, 3 * M, 4 * M + 1));
  EXPECT_FALSE(is_allocated(extents, 5 * M, 6 * M));
  EXPECT_FALSE(is_allocated({}, 0, 1));
}

/// Judges a range of 4 base pages by its pages.
Verdict judge_pages(const Layout &layout, std::uint64_t start, Holder holder) {
  const std::uint64_t size = 4 * BasePage;
  if (layout.size + BasePage <= start + size)
    return eof;

  std::vector<const Extent *> owners;
  for (std::uint64_t page = start; page < start + size; page += BasePage) {
    const auto owner = std::find_if(
        layout.extents.begin(), layout.extents.end(), [&](const Extent &e) {
          return e.has_blocks() && e.logical <= page && page < e.end();
        });
    owners.push_back(owner == layout.extents.end() ? nullptr : &*owner);
  }
  const auto missing = std::ranges::count(owners, nullptr);
  if (missing)
    return missing == 4 ? hole : extent;
  for (const Extent *owner : owners)
    if (holder == Holder::extent ? owner != owners[0]
                                 : owner->physical - owner->logical !=
                                       owners[0]->physical - owners[0]->logical)
      return extent;
  const std::uint64_t address =
      owners[0]->physical + start - owners[0]->logical;
  return address % size == 0 ? mappable : physical;
}

TEST(PmdRange, IsJudgedLikeItsPages) {
  Random random(1);
  const auto pages = [&](unsigned bound) {
    return random.below(bound) * BasePage;
  };
  constexpr std::uint64_t size = 4 * BasePage;
  std::uint64_t seen[7] = {};

  for (int round = 0; round < 4000; round++) {
    Layout layout = file(random.below(12 * size), {});
    std::uint64_t at = 0, address = pages(2);
    while (at < layout.size) {
      at += random.below(2) ? 0 : pages(6);
      address += random.below(2) ? 0 : pages(6);
      const std::uint64_t length = BasePage + pages(14);
      layout.extents.push_back(
          {at, address, length,
           random.below(8) ? 0U : std::uint32_t(FIEMAP_EXTENT_UNKNOWN)});
      at += length;
      address += length;
    }

    for (const Holder holder : {Holder::extent, Holder::adjacent}) {
      const Ranges ranges = judge(layout, size, holder);
      std::uint64_t end = 0;
      for (const Range &range : ranges) {
        ASSERT_EQ(range.offset, end);
        ASSERT_GT(range.length, 0);
        end += range.length;
        for (std::uint64_t start = range.offset; start < end; start += size) {
          ASSERT_EQ(range.verdict, judge_pages(layout, start, holder)) << start;
          seen[int(range.verdict)]++;
        }
      }
      ASSERT_EQ(end, layout.size);
      ASSERT_EQ(std::adjacent_find(ranges.begin(), ranges.end(),
                                   [](const Range &a, const Range &b) {
                                     return a.verdict == b.verdict;
                                   }),
                ranges.end());
    }
  }
  for (const Verdict verdict : {mappable, eof, hole, extent, physical})
    EXPECT_GT(seen[int(verdict)], 400) << name_of(verdict);
}

} // namespace
} // namespace dax
