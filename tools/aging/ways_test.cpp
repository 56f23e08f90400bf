// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the ways to fill a file, and of their steps on a real file.
#include "measure.hpp"
#include "sizes.hpp"
#include "steps.hpp"
#include "ways.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using aging::KiB;
using aging::MiB;
using aging::Step;
using aging::Stepper;
using aging::Way;
using dax::Random;
using Kind = Step::Kind;

constexpr std::uint64_t Block = 4 * KiB;

std::vector<Step> steps(const Way &way, std::uint64_t size,
                        std::uint64_t seed = 1) {
  Random random(seed);
  return steps_of(way, size, random);
}

std::vector<Step> steps(const char *name, std::uint64_t size) {
  return steps(*aging::find_way(name), size);
}

bool fills(const Step &step) {
  return step.kind == Kind::allocate || step.kind == Kind::write ||
         step.kind == Kind::store;
}

/// The first block of each write of a way, in order.
std::vector<std::uint64_t> order(const char *name, std::uint64_t size) {
  std::vector<std::uint64_t> blocks;
  for (const Step &step : steps(name, size))
    if (step.kind == Kind::write)
      blocks.push_back(step.offset / Block);
  return blocks;
}

/// An unlinked file.
class TemporaryFile {
public:
  TemporaryFile() {
    if (fd < 0)
      throw std::system_error(errno, std::generic_category(), name);
    unlink(name.c_str());
  }
  ~TemporaryFile() { close(fd); }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  int get() const { return fd; }

  std::string contents() const {
    struct stat status;
    EXPECT_EQ(fstat(fd, &status), 0);
    std::string text(status.st_size, '\0');
    EXPECT_EQ(pread(fd, text.data(), text.size(), 0), status.st_size);
    return text;
  }

private:
  std::string name = testing::TempDir() + "ways.XXXXXX";
  int fd = mkstemp(name.data());
};

class EachWay : public testing::TestWithParam<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, EachWay,
                         testing::ValuesIn(aging::ways().begin(),
                                           aging::ways().end()),
                         [](const auto &tested) {
                           std::string name(tested.param.name);
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(EachWay, FillsEachByteOnce) {
  for (std::uint64_t size : {2 * MiB, 8 * MiB, 64 * MiB}) {
    std::vector<Step> filling;
    for (const Step &step : steps(GetParam(), size)) {
      if (fills(step))
        filling.push_back(step);
      if (step.kind == Kind::set_size) {
        EXPECT_EQ(step.offset, size);
      }
    }
    std::ranges::sort(filling, {}, &Step::offset);
    std::uint64_t at = 0;
    for (const Step &step : filling) {
      ASSERT_EQ(step.offset, at);
      ASSERT_GT(step.length, 0);
      at += step.length;
    }
    EXPECT_EQ(at, size);
  }
}

TEST_P(EachWay, IsReproducible) {
  EXPECT_EQ(steps(GetParam(), 8 * MiB, 5), steps(GetParam(), 8 * MiB, 5));
}

TEST_P(EachWay, MakesAFileWithItsSizeAndNoHole) {
  TemporaryFile file;
  Stepper stepper;
  for (const Step &step : steps(GetParam(), 2 * MiB))
    stepper.apply(file.get(), "a file", step);
  std::string expected(2 * MiB, 'a');
  if (GetParam().name.starts_with("fallocate"))
    expected.assign(2 * MiB, '\0');
  // it stores one byte per page
  if (GetParam().name == "mmap")
    for (std::uint64_t at = 0; at < expected.size(); at++)
      expected[at] = at % Block ? '\0' : 'a';
  EXPECT_TRUE(file.contents() == expected);
  struct stat status;
  ASSERT_EQ(fstat(file.get(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 2 * MiB);
}

TEST_P(EachWay, RefusesSizesThatAreNotMultiplesOf2MiB) {
  for (std::uint64_t size : {std::uint64_t(0), 3 * MiB, 2 * MiB + 1})
    EXPECT_THROW(steps(GetParam(), size), std::invalid_argument);
}

TEST(Ways, HaveUniqueNames) {
  std::set<std::string_view> names;
  for (const Way &way : aging::ways()) {
    EXPECT_TRUE(names.insert(way.name).second) << way.name;
    EXPECT_EQ(aging::find_way(way.name), &way);
  }
  EXPECT_EQ(aging::find_way("write"), nullptr);
  EXPECT_EQ(aging::find_way(""), nullptr);
}

TEST(Ways, DifferBySeedIfRandom) {
  for (const char *name : {"write-mixed", "shuffled-64", "random-4k"}) {
    const Way &way = *aging::find_way(name);
    EXPECT_NE(steps(way, 2 * MiB, 1), steps(way, 2 * MiB, 2)) << name;
  }
}

TEST(Ways, WriteInStepsOfTheirSize) {
  EXPECT_EQ(
      steps("write-1m", 2 * MiB),
      (std::vector<Step>{{Kind::write, 0, MiB}, {Kind::write, MiB, MiB}}));
  EXPECT_EQ(steps("write-4m", 2 * MiB),
            (std::vector<Step>{{Kind::write, 0, 2 * MiB}}));
  EXPECT_EQ(steps("write-4k", 2 * MiB).size(), 512);
  EXPECT_EQ(steps("fallocate-1m", 4 * MiB).size(), 4);
  EXPECT_TRUE(
      std::ranges::is_sorted(steps("write-mixed", 8 * MiB), {}, &Step::offset));
}

TEST(Ways, FillTheirGapsLater) {
  EXPECT_EQ(order("from-1", 2 * MiB).front(), 1);
  EXPECT_EQ(order("from-1", 2 * MiB).back(), 0);
  EXPECT_EQ(order("from-2", 2 * MiB).front(), 2);
  EXPECT_EQ(order("from-2", 2 * MiB).back(), 1);
  EXPECT_EQ(order("early-block", 2 * MiB).front(), 100);
  EXPECT_EQ(order("backwards", 2 * MiB).front(), 511);

  const auto last = order("gaps-last", 8 * MiB);
  EXPECT_EQ(std::vector(last.end() - 4, last.end()),
            (std::vector<std::uint64_t>{508, 1017, 1526, 2035}));
  const auto soon = order("gaps-soon", 2 * MiB);
  EXPECT_EQ(std::vector(soon.end() - 5, soon.end()),
            (std::vector<std::uint64_t>{507, 509, 508, 510, 511}));
  const auto header = order("header", 2 * MiB);
  EXPECT_EQ(std::vector(header.begin(), header.begin() + 2),
            (std::vector<std::uint64_t>{0, 16}));
  EXPECT_EQ(header.back(), 15);
}

TEST(Ways, ShuffleWithinGroupsOf64) {
  const auto shuffled = order("shuffled-64", 2 * MiB);
  EXPECT_FALSE(std::ranges::is_sorted(shuffled));
  for (std::size_t i = 0; i < shuffled.size(); i++)
    EXPECT_EQ(shuffled[i] / 64, i / 64);
}

TEST(Ways, SyncAfterEachMiB) {
  std::uint64_t written = 0, syncs = 0;
  for (const Step &step : steps("write-8k-sync", 8 * MiB)) {
    written += step.length;
    if (step.kind == Kind::sync) {
      EXPECT_EQ(written, ++syncs * MiB);
    }
  }
  EXPECT_EQ(syncs, 8);
}

TEST(Stepper, NamesTheFileInErrors) {
  const int null = open("/dev/full", O_RDWR);
  ASSERT_GE(null, 0);
  Stepper stepper;
  try {
    stepper.apply(null, "a-name", {Kind::write, 0, Block});
    ADD_FAILURE() << "no exception";
  } catch (const std::system_error &error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
    EXPECT_NE(std::string(error.what()).find("a-name"), std::string::npos);
  }
  close(null);
}

TEST(MappedShare, RefusesAFileThatDoesNotUseDax) {
  TemporaryFile file;
  EXPECT_THROW(aging::mapped_share(file.get(), "a file"), std::runtime_error);
}

} // namespace
