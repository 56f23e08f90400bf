// SPDX-License-Identifier: GPL-2.0
#include "plan.hpp"
#include "space.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <linux/fiemap.h>

namespace {

using compact::Piece;
using compact::Plan;
using compact::Space;
using dax::Extent;

constexpr std::uint64_t K = 1024, M = 1024 * K;

TEST(Space, CountsWholeAndPartialChunks) {
  // chunk 0 is full, 1 has its end free, 2 is whole, 3 has its start free
  const Space space({{3 * M, 4 * M}});

  EXPECT_EQ(space.free().all, 4 * M);
  EXPECT_EQ(space.free().whole, 2 * M);
  EXPECT_DOUBLE_EQ(space.free().percent(), 50);
  ASSERT_EQ(space.partial().size(), 2u);
  EXPECT_EQ(space.partial().at(1).used, 1 * M);
  EXPECT_EQ(space.partial().at(3).used, 1 * M);
}

TEST(Space, JoinsRecordsOfOneRun) {
  const Space space({{0, 512 * K}, {512 * K, 1536 * K}});

  EXPECT_EQ(space.free().whole, 2 * M);
  EXPECT_TRUE(space.partial().empty());
}

TEST(Space, NothingFreeIsAllWhole) {
  EXPECT_DOUBLE_EQ(Space({}).free().percent(), 100);
}

TEST(Space, CutsExtentsAtChunks) {
  Space space({{0, M}, {3 * M, M}});
  // from the middle of chunk 0 to the middle of chunk 1
  space.add(7, {{10 * M, M, 2 * M, 0}});

  EXPECT_EQ(space.partial().at(0).known, M);
  EXPECT_EQ(space.partial().at(0).pieces, (std::vector<Piece>{{7, 10 * M, M}}));
  EXPECT_EQ(space.partial().at(1).pieces, (std::vector<Piece>{{7, 11 * M, M}}));
}

TEST(Space, LeavesFullChunksAndHolesOut) {
  Space space({{4 * M, M}});
  space.add(0, {{0, 0, 2 * M, 0}, {2 * M, 0, M, FIEMAP_EXTENT_DELALLOC}});

  EXPECT_EQ(space.partial().size(), 1u);
  EXPECT_EQ(space.partial().at(2).known, 0u);
}

/// Three partial chunks: 64 KiB, 512 KiB and 1792 KiB are in use, all by file 0.
Space three() {
  Space space({{64 * K, 2 * M - 64 * K},
               {2 * M + 512 * K, 2 * M - 512 * K},
               {4 * M + 1792 * K, 256 * K}});
  space.add(0, {{0, 0, 64 * K, 0},
                {64 * K, 2 * M, 512 * K, 0},
                {M, 4 * M, 1792 * K, 0}});
  return space;
}

TEST(Choose, TakesTheEmptiestFirst) {
  const Plan plan = choose(three(), 40);

  EXPECT_EQ(plan.chunks, (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(plan.bytes, 64 * K);
  EXPECT_EQ(plan.after.whole, 2 * M);
  EXPECT_EQ(plan.after.all, three().free().all);
}

TEST(Choose, StopsWithoutRoom) {
  // 512 KiB do not fit in the 192 KiB that the first chunk leaves of the third
  EXPECT_EQ(choose(three(), 100).chunks, (std::vector<std::uint64_t>{0}));
}

TEST(Choose, StopsAtTheShare) {
  EXPECT_TRUE(choose(three(), 0).chunks.empty());
}

TEST(Choose, LeavesWhatIsNoFiles) {
  Space space({{64 * K, 2 * M - 64 * K},
               {2 * M + 128 * K, 2 * M - 128 * K},
               {4 * M + M, M}});
  space.add(0, {{0, 2 * M, 128 * K, 0}, {M, 4 * M, M, 0}});
  const Plan plan = choose(space, 50);

  EXPECT_EQ(plan.chunks, (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(plan.unknown, 1u);
}

} // namespace
