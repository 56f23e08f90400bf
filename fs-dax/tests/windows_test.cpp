// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which windows of a file can be mapped in huge pages, and why others cannot.
#include "windows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <random>
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

TEST(Windows, OfAFileInPhaseAreMappable) {
  EXPECT_EQ(judge(file(8 * M, {{0, 6 * M, 8 * M, 0}}), HugePage),
            (Ranges{{0, 8 * M, mappable}}));
}

TEST(Windows, AreMappableWhetherWrittenOrNot) {
  EXPECT_EQ(
      judge(file(2 * M, {{0, 0, 2 * M, FIEMAP_EXTENT_UNWRITTEN}}), HugePage),
      (Ranges{{0, 2 * M, mappable}}));
}

TEST(Windows, OfAnEmptyFileAreNone) {
  EXPECT_EQ(judge(file(0, {}), HugePage), Ranges{});
  EXPECT_EQ(judge(file(0, {{0, 0, 4 * M, 0}}), HugePage), Ranges{});
  Layout other = file(0, {});
  other.is_dax = false;
  EXPECT_EQ(judge(other, HugePage), Ranges{});
}

TEST(Windows, WithoutDaxAreNotMappable) {
  Layout layout = file(5 * M, {{0, 0, 5 * M, 0}});
  layout.is_dax = false;
  EXPECT_EQ(judge(layout, HugePage), (Ranges{{0, 5 * M, not_dax}}));
  EXPECT_EQ(judge(layout, GiantPage), (Ranges{{0, 5 * M, not_dax}}));
}

TEST(Windows, OutOfPhaseAreNamed) {
  EXPECT_EQ(judge(file(4 * M, {{0, BasePage, 4 * M, 0}}), HugePage),
            (Ranges{{0, 4 * M, phase}}));
}

TEST(Windows, TakeTheirPhaseFromTheFile) {
  EXPECT_EQ(judge(file(6 * M, {{0, 2 * M, 2 * M, 0}, {2 * M, 9 * M, 4 * M, 0}}),
                  HugePage),
            (Ranges{{0, 2 * M, mappable}, {2 * M, 4 * M, phase}}));
  // begins inside of a window, in phase
  EXPECT_EQ(judge(file(6 * M, {{M, 9 * M, 5 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, hole}, {2 * M, 4 * M, mappable}}));
}

TEST(Windows, ThatTheFileDoesNotFillAreTooShort) {
  EXPECT_EQ(judge(file(3 * M, {{0, 0, 3 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, mappable}, {2 * M, M, too_short}}));
  // blocks behind the end make no difference
  EXPECT_EQ(judge(file(M, {{0, 0, 8 * M, 0}}), HugePage),
            (Ranges{{0, M, too_short}}));
  // nor does it matter whether the tail has any
  EXPECT_EQ(judge(file(M, {}), HugePage), (Ranges{{0, M, too_short}}));
}

TEST(Windows, AreWholeFromTheFirstByteOfTheLastPage) {
  const std::vector<Extent> extents{{0, 0, 2 * M, 0}};
  const std::uint64_t page = 2 * M - BasePage;
  EXPECT_EQ(judge(file(page, extents), HugePage),
            (Ranges{{0, page, too_short}}));
  EXPECT_EQ(judge(file(page + 1, extents), HugePage),
            (Ranges{{0, page + 1, mappable}}));
  EXPECT_EQ(judge(file(page + 1, {}), HugePage), (Ranges{{0, page + 1, hole}}));
  EXPECT_EQ(whole_windows(page, HugePage), 0);
  EXPECT_EQ(whole_windows(page + 1, HugePage), page + 1);
  EXPECT_EQ(whole_windows(2 * M, HugePage), 2 * M);
  EXPECT_EQ(whole_windows(2 * M + 1, HugePage), 2 * M);
  EXPECT_EQ(whole_windows(0, HugePage), 0);
}

TEST(Windows, WithAHoleAreNamed) {
  // in front, in the middle, behind
  EXPECT_EQ(
      judge(file(8 * M,
                 {{2 * M, 2 * M, 2 * M + BasePage, 0}, {5 * M, 5 * M, M, 0}}),
            HugePage),
      (Ranges{
          {0, 2 * M, hole}, {2 * M, 2 * M, mappable}, {4 * M, 4 * M, hole}}));
}

TEST(Windows, WhoseBlocksHaveNoPlaceAreHoles) {
  for (const std::uint32_t flag :
       {FIEMAP_EXTENT_UNKNOWN, FIEMAP_EXTENT_DELALLOC, FIEMAP_EXTENT_ENCODED,
        FIEMAP_EXTENT_NOT_ALIGNED, FIEMAP_EXTENT_DATA_INLINE,
        FIEMAP_EXTENT_DATA_TAIL})
    EXPECT_EQ(judge(file(2 * M, {{0, 0, 2 * M, flag}}), HugePage),
              (Ranges{{0, 2 * M, hole}}))
        << flag;
}

TEST(Windows, InTwoPiecesHaveABoundary) {
  EXPECT_EQ(
      judge(file(4 * M, {{0, 0, 3 * M, 0}, {3 * M, 9 * M, M, 0}}), HugePage),
      (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, boundary}}));
}

TEST(Windows, WhoseMemoryIsNotLocatedAreUnknown) {
  EXPECT_EQ(judge(file(5 * M, {{0, 0, 5 * M, 0, false}}), HugePage),
            (Ranges{{0, 4 * M, unknown}, {4 * M, M, too_short}}));
  // what is in their way anyhow is known
  EXPECT_EQ(judge(file(8 * M, {{0, 0, 3 * M, 0, false},
                               {3 * M, 3 * M, 2 * M, 0, false},
                               {6 * M, 6 * M, 2 * M, 0, true}}),
                  HugePage),
            (Ranges{{0, 2 * M, unknown},
                    {2 * M, 2 * M, boundary},
                    {4 * M, 2 * M, hole},
                    {6 * M, 2 * M, mappable}}));
  Layout layout = file(2 * M, {{0, 0, 2 * M, 0, false}});
  layout.is_dax = false;
  EXPECT_EQ(judge(layout, HugePage), (Ranges{{0, 2 * M, not_dax}}));
}

TEST(Windows, InTwoPiecesAndWithAHoleAreHoles) {
  EXPECT_EQ(
      judge(file(2 * M, {{0, 0, M, 0}, {M, 9 * M, M - BasePage, 0}}), HugePage),
      (Ranges{{0, 2 * M, hole}}));
}

TEST(Windows, HaveABoundaryWhereExtentsAdjoin) {
  const Layout layout =
      file(4 * M, {{0, 0, M, 0}, {M, M, 3 * M, FIEMAP_EXTENT_UNWRITTEN}});
  EXPECT_EQ(judge(layout, HugePage),
            (Ranges{{0, 2 * M, boundary}, {2 * M, 2 * M, mappable}}));
  EXPECT_EQ(judge(layout, HugePage, Piece::adjoining),
            (Ranges{{0, 4 * M, mappable}}));
}

/// A GiB of ext4's longest extents.
std::vector<Extent> giant(std::uint64_t physical) {
  std::vector<Extent> extents;
  for (std::uint64_t at = 0; at < G; at += 128 * M)
    extents.push_back({at, physical + at, 128 * M, 0});
  return extents;
}

TEST(GiantWindows, ReachOverExtentsThatAdjoin) {
  EXPECT_EQ(judge(file(G, giant(2 * G)), GiantPage),
            (Ranges{{0, G, mappable}}));
  EXPECT_EQ(judge(file(G, giant(2 * G + 2 * M)), GiantPage),
            (Ranges{{0, G, phase}}));
}

TEST(GiantWindows, AreUnknownWhereAPieceMayAdjoin) {
  std::vector<Extent> extents = giant(0);
  extents.back().located = false;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, unknown}}));
  extents.back().length -= BasePage;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, hole}}));
}

TEST(GiantWindows, EndWhereMemoryDoes) {
  std::vector<Extent> extents = giant(0);
  extents.back().physical += 2 * M;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, boundary}}));
  // adjoins in memory, not in the file
  extents = giant(0);
  extents.back().logical += BasePage;
  EXPECT_EQ(judge(file(G, extents), GiantPage), (Ranges{{0, G, hole}}));
}

TEST(Windows, OfTheLargestFileTakeNoTime) {
  // 4 Ti windows: one by one they would take hours
  const std::uint64_t size = INT64_MAX;
  EXPECT_EQ(judge(file(size, {{2 * M, 2 * M, 2 * M, 0}}), HugePage),
            (Ranges{{0, 2 * M, hole},
                    {2 * M, 2 * M, mappable},
                    {4 * M, size - 4 * M, hole}}));
}

TEST(Windows, AddUp) {
  const Ranges ranges{
      {0, 1, hole}, {1, 2, phase}, {3, 4, hole}, {7, 8, mappable}};
  EXPECT_EQ(bytes_of(ranges, hole), 5);
  EXPECT_EQ(bytes_of(ranges, phase), 2);
  EXPECT_EQ(bytes_of(ranges, mappable), 8);
  EXPECT_EQ(bytes_of(ranges, boundary), 0);
}

/// Judges a window of 4 base pages by looking at each of them.
Verdict judge_pages(const Layout &layout, std::uint64_t start, Piece piece) {
  const std::uint64_t size = 4 * BasePage;
  if (layout.size + BasePage <= start + size)
    return too_short;

  std::vector<const Extent *> owners;
  for (std::uint64_t page = start; page < start + size; page += BasePage) {
    const auto owner = std::find_if(
        layout.extents.begin(), layout.extents.end(), [&](const Extent &e) {
          return e.has_place() && e.logical <= page && page < e.end();
        });
    if (owner == layout.extents.end())
      return hole;
    owners.push_back(&*owner);
  }
  for (const Extent *owner : owners)
    if (piece == Piece::extent ? owner != owners[0]
                               : owner->physical - owner->logical !=
                                     owners[0]->physical - owners[0]->logical)
      return boundary;
  const std::uint64_t address =
      owners[0]->physical + start - owners[0]->logical;
  return address % size == 0 ? mappable : phase;
}

TEST(Windows, AreWhatTheirPagesAre) {
  std::mt19937_64 random(1);
  const auto pages = [&](unsigned most) { return random() % most * BasePage; };
  constexpr std::uint64_t window = 4 * BasePage;
  std::uint64_t seen[6] = {};

  for (int round = 0; round < 4000; round++) {
    Layout layout = file(random() % (12 * window), {});
    std::uint64_t at = 0, physical = pages(2);
    while (at < layout.size) {
      at += random() % 2 ? 0 : pages(6);
      physical += random() % 2 ? 0 : pages(6);
      const std::uint64_t length = BasePage + pages(14);
      layout.extents.push_back(
          {at, physical, length,
           random() % 8 ? 0U : std::uint32_t(FIEMAP_EXTENT_UNKNOWN)});
      at += length;
      physical += length;
    }

    for (const Piece piece : {Piece::extent, Piece::adjoining}) {
      const Ranges ranges = judge(layout, window, piece);
      std::uint64_t end = 0;
      for (const Range &range : ranges) {
        ASSERT_EQ(range.offset, end);
        ASSERT_GT(range.length, 0);
        end += range.length;
        for (std::uint64_t start = range.offset; start < end; start += window) {
          ASSERT_EQ(range.verdict, judge_pages(layout, start, piece)) << start;
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
  for (const Verdict verdict : {mappable, too_short, hole, boundary, phase})
    EXPECT_GT(seen[int(verdict)], 500) << name_of(verdict);
}

} // namespace
} // namespace dax
