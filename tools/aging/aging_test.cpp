// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the aging benchmark: sizes, plan and sums.
#include "measure.hpp"
#include "plan.hpp"
#include "random.hpp"
#include "sizes.hpp"
#include "statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using aging::Distribution;
using aging::in_chunks;
using aging::KiB;
using aging::MiB;
using aging::Operation;
using aging::Plan;
using aging::Share;
using dax::Random;
using dax::Run;
using dax::share_of;
using dax::tolerance;

constexpr std::uint64_t GiB = 1024 * MiB;
constexpr std::uint64_t Chunk = 2 * MiB;

const Distribution &named(const char *name) {
  return *aging::find_distribution(name);
}

TEST(Sizes, AgrawalHasThePublishedBodyAndTail) {
  const Distribution &agrawal = named("agrawal");
  Random random(7);
  const auto draw = [&] { return agrawal.draw(random); };
  // the median, and one standard deviation more
  EXPECT_NEAR(share_of(draw, [](double x) { return x < 13095; }), 0.5,
              tolerance(0.5));
  EXPECT_NEAR(share_of(draw, [](double x) { return x < 153277; }), 0.8413,
              tolerance(0.8413));
  // of 100,000 sizes, 6 are in the tail, and 0.8 in the body
  constexpr unsigned Many = 2000000;
  constexpr double Expected = 6.8e-5;
  EXPECT_NEAR(share_of(
                  draw, [](double x) { return x >= 512.0 * MiB; }, Many),
              Expected, tolerance(Expected, Many));
}

TEST(Sizes, BaselineHasThreeClasses) {
  const Distribution &baseline = named("baseline");
  Random random(8);
  const auto draw = [&] { return baseline.draw(random); };
  const auto within = [&](double low, double high) {
    return share_of(draw, [&](double x) { return x >= low && x < high; });
  };
  EXPECT_NEAR(within(4 * KiB, 256 * KiB), 0.70, tolerance(0.70));
  EXPECT_NEAR(within(256 * KiB, 4 * MiB), 0.25, tolerance(0.25));
  EXPECT_NEAR(within(4 * MiB, 64 * MiB), 0.05, tolerance(0.05));
  EXPECT_EQ(within(4 * KiB, 64 * MiB), 1);
}

TEST(Sizes, AreFromOneByteToTheLimit) {
  for (const Distribution &distribution : aging::distributions()) {
    Random random(9);
    const auto draw = [&] { return draw_size(distribution, random, 8 * KiB); };
    EXPECT_EQ(share_of(draw, [](auto n) { return n >= 1 && n <= 8 * KiB; }), 1);
    EXPECT_GT(share_of(draw, [](auto n) { return n == 8 * KiB; }), 0.4);
  }
}

TEST(Sizes, AreFoundByName) {
  EXPECT_EQ(aging::find_distribution("agrawal"), &aging::distributions()[0]);
  EXPECT_EQ(aging::find_distribution("agrawa"), nullptr);
  EXPECT_EQ(aging::find_distribution(""), nullptr);
}

/// A filesystem of names and sizes. It checks the conditions of a real one, and
/// those that Plan documents.
class Model {
public:
  void apply(const Operation &operation) {
    const auto &[kind, path, begin, end] = operation;
    counts[kind]++;
    switch (kind) {
    case Operation::Kind::make_directory:
      EXPECT_TRUE(directories.contains(parent(path))) << path;
      EXPECT_TRUE(directories.insert(path).second) << path;
      break;
    case Operation::Kind::remove_directory:
      EXPECT_EQ(directories.erase(path), 1) << path;
      EXPECT_FALSE(has_entries(path)) << path;
      break;
    case Operation::Kind::create:
      EXPECT_TRUE(directories.contains(parent(path))) << path;
      EXPECT_EQ(begin, 0);
      EXPECT_TRUE(files.emplace(path, end).second) << path;
      allocated += blocks(end);
      break;
    case Operation::Kind::append:
      EXPECT_LT(begin, end);
      set_size(path, begin, end);
      break;
    case Operation::Kind::resize:
      set_size(path, begin, end);
      break;
    case Operation::Kind::overwrite:
      EXPECT_LT(begin, end);
      EXPECT_LE(end, files.at(path)) << path;
      break;
    case Operation::Kind::remove:
      EXPECT_EQ(files.erase(path), 1) << path;
      break;
    }
  }

  std::uint64_t used() const {
    std::uint64_t bytes = (directories.size() - 1) * 4 * KiB;
    for (const auto &[path, size] : files)
      bytes += blocks(size);
    return bytes;
  }

  /// The number of directories above the deepest file.
  long depth() const {
    long deepest = 0;
    for (const auto &[path, size] : files)
      deepest = std::max(deepest, std::ranges::count(path, '/'));
    return deepest;
  }

  std::map<std::string, std::uint64_t> files;
  std::set<std::string> directories{""};
  std::map<Operation::Kind, unsigned> counts;
  std::uint64_t allocated = 0;

private:
  static std::uint64_t blocks(std::uint64_t bytes) {
    return (bytes + 4 * KiB - 1) / (4 * KiB) * (4 * KiB);
  }

  static std::string parent(std::string path) {
    if (path.back() == '/')
      path.pop_back();
    return path.substr(0, path.rfind('/') + 1);
  }

  bool has_entries(const std::string &directory) const {
    const auto inside = [&](auto entry) {
      return entry != directory && entry.starts_with(directory);
    };
    const auto file = files.lower_bound(directory);
    const auto child = directories.lower_bound(directory);
    return (file != files.end() && inside(file->first)) ||
           (child != directories.end() && inside(*child));
  }

  void set_size(const std::string &path, std::uint64_t begin,
                std::uint64_t end) {
    std::uint64_t &size = files.at(path);
    EXPECT_EQ(size, begin) << path;
    if (blocks(end) > blocks(size))
      allocated += blocks(end) - blocks(size);
    size = end;
  }
};

Plan::Options options(const char *distribution, std::uint64_t seed = 1,
                      unsigned utilisation = 75) {
  return {.sizes = &named(distribution),
          .seed = seed,
          .capacity = GiB,
          .used = 16 * KiB,
          .utilisation = utilisation,
          .churn = 2 * GiB};
}

/// A hash of all operations of a plan, and their number.
using Digest = std::pair<std::uint64_t, unsigned>;
Digest digest(const Plan::Options &options) {
  Plan plan(options);
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a, 64 bits
  unsigned count = 0;
  const auto add = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x100000001b3;
  };
  while (const auto operation = plan.next()) {
    count++;
    add(static_cast<std::uint64_t>(operation->kind));
    for (char character : operation->path)
      add(static_cast<unsigned char>(character));
    add(operation->begin);
    add(operation->end);
  }
  return {hash, count};
}

class PlanOf : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Distributions, PlanOf,
                         testing::Values("agrawal", "baseline"),
                         [](const auto &tested) { return tested.param; });

TEST_P(PlanOf, IsValidAndKeepsTheUtilisation) {
  Plan plan(options(GetParam()));
  Model model;
  std::uint64_t most = 0;
  while (const auto operation = plan.next()) {
    model.apply(*operation);
    most = std::max(most, plan.used_bytes());
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_LE(most, plan.target_bytes());
  EXPECT_EQ(plan.target_bytes(), GiB / 100 * 75);
  EXPECT_EQ(plan.used_bytes(), model.used() + 16 * KiB);
  EXPECT_EQ(plan.allocated_bytes(), model.allocated);
  EXPECT_EQ(plan.file_count(), model.files.size());
  EXPECT_EQ(plan.directory_count(), model.directories.size());
}

TEST_P(PlanOf, EndsWithTheChurnAndTheUtilisation) {
  for (unsigned utilisation : {50, 90}) {
    Plan plan(options(GetParam(), 2, utilisation));
    while (plan.next())
      ;
    EXPECT_GE(plan.allocated_bytes(), 2 * GiB);
    // the last operation can allocate more than was missing
    EXPECT_LE(plan.allocated_bytes(), 3 * GiB);
    EXPECT_GE(plan.used_bytes() + GiB / 200, plan.target_bytes());
  }
}

TEST_P(PlanOf, HasAllOperationsInSeveralLevelsOfDirectories) {
  Plan plan(options(GetParam()));
  Model model;
  unsigned operations = 0;
  while (const auto operation = plan.next()) {
    model.apply(*operation);
    operations++;
  }
  using Kind = Operation::Kind;
  for (Kind kind : {Kind::make_directory, Kind::remove_directory, Kind::create,
                    Kind::append, Kind::overwrite, Kind::resize, Kind::remove})
    EXPECT_GT(model.counts[kind], operations / 500) << static_cast<int>(kind);
  EXPECT_GE(model.depth(), 3);
  EXPECT_LE(model.files.size(), model.directories.size() * 11);
  EXPECT_GE(model.files.size(), model.directories.size() * 8);
}

TEST_P(PlanOf, KeepsTheDefaultFileLimit) {
  Plan plan(options(GetParam()));
  EXPECT_EQ(plan.largest_file(), GiB / 64);
  while (const auto operation = plan.next()) {
    if (operation->kind == Operation::Kind::create) {
      ASSERT_LE(operation->end, plan.largest_file());
    }
  }
}

TEST_P(PlanOf, LimitsFilesToAQuarterOfTheUsedBytes) {
  Plan::Options uncapped = options(GetParam());
  uncapped.largest_share = 1;
  Plan plan(uncapped);
  EXPECT_EQ(plan.largest_file(), plan.target_bytes() / 4);
  std::uint64_t largest = 0, most = 0;
  Model model;
  while (const auto operation = plan.next()) {
    model.apply(*operation);
    ASSERT_FALSE(HasFailure());
    most = std::max(most, plan.used_bytes());
    if (operation->kind == Operation::Kind::create)
      largest = std::max(largest, operation->end);
  }
  EXPECT_GT(largest, GiB / 64);
  EXPECT_LE(largest, plan.largest_file());
  EXPECT_LE(most, plan.target_bytes());
}

TEST(Plan, LimitsFilesToTheGivenShare) {
  Plan::Options capped = options("baseline");
  capped.largest_share = 256;
  Plan plan(capped);
  EXPECT_EQ(plan.largest_file(), GiB / 256);
}

TEST_P(PlanOf, EndsOnTheSmallestFilesystem) {
  Plan plan({.sizes = &named(GetParam()),
             .seed = 1,
             .capacity = 4 * MiB,
             .used = 16 * KiB,
             .utilisation = 10,
             .churn = 40 * MiB});
  while (plan.next())
    ASSERT_LE(plan.used_bytes(), plan.target_bytes());
  EXPECT_GE(plan.allocated_bytes(), 40 * MiB);
}

TEST(Plan, IsTheSameFromTheSameSeedEverywhere) {
  EXPECT_EQ(digest(options("agrawal")),
            (Digest{3371469307072938220ULL, 33513u}));
  EXPECT_EQ(digest(options("baseline")),
            (Digest{18114680734928341807ULL, 12712u}));
}

TEST(Plan, DiffersWithAnotherSeed) {
  EXPECT_NE(digest(options("agrawal", 1)), digest(options("agrawal", 2)));
}

TEST(Plan, OnlyFillsWithoutChurn) {
  Plan::Options few = options("agrawal");
  few.churn = 0;
  Plan plan(few);
  while (plan.next())
    ;
  EXPECT_GE(plan.used_bytes() + GiB / 200, plan.target_bytes());
  EXPECT_LT(plan.allocated_bytes(), GiB);
}

TEST(InChunks, CountsWholeChunksOnly) {
  EXPECT_EQ(in_chunks({}, 0), (Share{0, 0}));
  EXPECT_EQ(in_chunks({{0, Chunk}}, 0), (Share{Chunk, Chunk}));
  EXPECT_EQ(in_chunks({{0, Chunk - 1}}, 0), (Share{0, Chunk - 1}));
  EXPECT_EQ(in_chunks({{4 * KiB, 2 * Chunk}}, 0), (Share{Chunk, 2 * Chunk}));
  EXPECT_EQ(in_chunks({{4 * KiB, Chunk}}, 0), (Share{0, Chunk}));
  EXPECT_EQ(in_chunks({{Chunk, 5 * Chunk + 1}}, 0),
            (Share{5 * Chunk, 5 * Chunk + 1}));
}

TEST(InChunks, AlignsChunksInMemoryNotOnTheDevice) {
  EXPECT_EQ(in_chunks({{0, 2 * Chunk}}, MiB), (Share{Chunk, 2 * Chunk}));
  EXPECT_EQ(in_chunks({{MiB, 2 * Chunk}}, 4 * GiB + MiB),
            (Share{2 * Chunk, 2 * Chunk}));
}

TEST(InChunks, MergesAdjacentRuns) {
  EXPECT_EQ(in_chunks({{0, MiB}, {MiB, MiB}}, 0), (Share{Chunk, Chunk}));
  EXPECT_EQ(in_chunks({{0, MiB}, {MiB + 4 * KiB, 2 * MiB}}, 0),
            (Share{0, 3 * MiB}));
}

TEST(Share, OfNoBytesIs100Percent) {
  EXPECT_EQ((Share{0, 0}.percent()), 100);
  EXPECT_EQ((Share{1, 4}.percent()), 25);
}

} // namespace
