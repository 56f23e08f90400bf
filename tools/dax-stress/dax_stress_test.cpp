// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of dax-stress: the model, the generator, and the detection of errors.
#include "generator.hpp"
#include "guard.hpp"
#include "model.hpp"
#include "operation.hpp"
#include "pins.hpp"
#include "real_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace stress;

namespace {

constexpr std::uint64_t Limit = 8 << 20;
constexpr std::uint64_t Block = 4096;

std::vector<unsigned char> written(std::uint64_t length, std::uint64_t value) {
  std::vector<unsigned char> bytes(length);
  fill(bytes, value);
  return bytes;
}

/// A model of a file with random bytes.
Model filled(std::uint64_t size) {
  Model model(Limit, Block);
  model.apply({.kind = Kind::write, .length = size, .value = 1});
  return model;
}

std::vector<unsigned char> part(const Model &model, std::uint64_t offset,
                                std::uint64_t length) {
  const auto bytes = model.bytes().subspan(offset, length);
  return {bytes.begin(), bytes.end()};
}

TEST(Operation, IsParsedFromItsText) {
  for (std::size_t kind = 0; kind < Kinds; kind++) {
    const Operation operation{static_cast<Kind>(kind), 3, 0x1000, 77, 5, ~0ULL};
    EXPECT_EQ(parse_operation(to_text(operation)), operation);
  }
}

TEST(Operation, IsRefusedIfItsTextIsInvalid) {
  for (const std::string line :
       {"", "dance", "write slot=4", "write offset",
        "write offset=", "write offset=1x", "write width=1",
        "write offset=99999999999999999999"})
    EXPECT_THROW(parse_operation(line), std::invalid_argument) << line;
}

TEST(Operation, FillsTheSameBytesForAllLengths) {
  const auto longer = written(1000, 42);
  for (const std::uint64_t length : {1, 7, 8, 9, 999}) {
    const auto shorter = written(length, 42);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
  EXPECT_NE(written(16, 42), written(16, 43));
}

TEST(Model, HasZeroesInHoles) {
  Model model = filled(100);
  model.apply({.kind = Kind::write, .offset = 200, .length = 10, .value = 2});
  EXPECT_EQ(model.size(), 210);
  EXPECT_EQ(part(model, 0, 100), written(100, 1));
  EXPECT_EQ(part(model, 100, 100), std::vector<unsigned char>(100));
  EXPECT_EQ(part(model, 200, 10), written(10, 2));
}

TEST(Model, ZeroesTruncatedBytes) {
  Model model = filled(100);
  model.apply({.kind = Kind::truncate, .length = 50});
  model.apply({.kind = Kind::truncate, .length = 100});
  EXPECT_EQ(part(model, 0, 50), written(50, 1));
  EXPECT_EQ(part(model, 50, 50), std::vector<unsigned char>(50));
}

TEST(Model, KeepsItsSizeWithKeepSize) {
  Model model = filled(100);
  for (const Kind kind : {Kind::allocate_keep, Kind::punch, Kind::zero_keep}) {
    model.apply({.kind = kind, .offset = 90, .length = 100});
    EXPECT_EQ(model.size(), 100) << name_of(kind);
  }
  EXPECT_EQ(part(model, 90, 10), std::vector<unsigned char>(10));
  for (const Kind kind : {Kind::allocate, Kind::zero}) {
    const std::uint64_t before = model.size();
    model.apply({.kind = kind, .offset = before + 10, .length = 100});
    EXPECT_EQ(model.size(), before + 110) << name_of(kind);
  }
}

TEST(Model, MovesBytesOnInsertAndCollapse) {
  Model model = filled(4 * Block);
  const auto before = part(model, 0, model.size());
  const Operation insert{
      .kind = Kind::insert, .offset = Block, .length = 2 * Block};
  ASSERT_TRUE(model.allows(insert));
  model.apply(insert);
  EXPECT_EQ(model.size(), 6 * Block);
  EXPECT_EQ(part(model, Block, 2 * Block),
            std::vector<unsigned char>(2 * Block));
  EXPECT_EQ(part(model, 3 * Block, 3 * Block),
            std::vector<unsigned char>(before.begin() + Block, before.end()));

  model.apply({.kind = Kind::collapse, .offset = Block, .length = 2 * Block});
  EXPECT_EQ(part(model, 0, model.size()), before);
}

TEST(Model, AllowsOnlyValidOperations) {
  Model model = filled(4 * Block);
  EXPECT_FALSE(
      model.allows({.kind = Kind::write, .offset = Limit, .length = 1}));
  EXPECT_FALSE(model.allows({.kind = Kind::write, .offset = 0, .length = 0}));
  EXPECT_FALSE(
      model.allows({.kind = Kind::write, .offset = ~0ULL, .length = 2}));
  EXPECT_FALSE(model.allows(
      {.kind = Kind::collapse, .offset = Block, .length = 3 * Block}));
  EXPECT_FALSE(
      model.allows({.kind = Kind::insert, .offset = 1, .length = Block}));
  EXPECT_FALSE(model.allows({.kind = Kind::map_read, .length = 1}));
  EXPECT_FALSE(
      model.allows({.kind = Kind::read_part, .length = 8, .other = 8}));

  model.apply({.kind = Kind::map, .offset = 0, .length = 8 * Block});
  EXPECT_TRUE(model.allows(
      {.kind = Kind::map_read, .offset = 4 * Block, .length = 4 * Block}));
  EXPECT_FALSE(model.allows(
      {.kind = Kind::map_write, .offset = 4 * Block, .length = 1}));
  EXPECT_FALSE(model.allows({.kind = Kind::write_from_map,
                             .offset = 0,
                             .length = Block,
                             .other = Block - 1}));
}

TEST(Model, CopiesSharedRanges) {
  for (const Kind kind : {Kind::clone, Kind::dedupe}) {
    Model model = filled(4 * Block);
    const auto before = part(model, 0, 4 * Block);
    const Operation share{
        .kind = kind, .offset = Block, .length = Block, .other = 5 * Block};
    ASSERT_TRUE(model.allows(share));
    model.apply(share);
    EXPECT_EQ(model.size(), 6 * Block);
    EXPECT_EQ(part(model, 0, 4 * Block), before);
    EXPECT_EQ(part(model, 5 * Block, Block),
              std::vector<unsigned char>(before.begin() + Block,
                                         before.begin() + 2 * Block));
    EXPECT_FALSE(model.allows({.kind = kind,
                               .offset = Block + 1,
                               .length = Block,
                               .other = 5 * Block}));
    EXPECT_FALSE(model.allows(
        {.kind = kind, .offset = 0, .length = 2 * Block, .other = Block}));
  }
}

TEST(Model, IsEmptyAfterRecreate) {
  Model model = filled(4 * Block);
  model.apply({.kind = Kind::map, .slot = 1, .offset = 0, .length = Block});
  model.apply({.kind = Kind::recreate});
  EXPECT_EQ(model.size(), 0);
  EXPECT_EQ(model.mapping(1).length, 0);
}

TEST(Beside, IsFoundInMemory) {
  auto bytes = written(64, 5);
  EXPECT_FALSE(find_beside(bytes));
  std::memcpy(bytes.data() + 40, &BesideWord, sizeof(BesideWord));
  EXPECT_EQ(find_beside(bytes), 40);
}

TEST(Pins, ReportDataOfOtherFilesOnly) {
  std::vector<std::uint64_t> memory(2 * PageSize / sizeof(BesideWord), 1);
  void *const start = memory.data();
  std::size_t room = memory.size() * sizeof(BesideWord);
  void *aligned = start;
  ASSERT_TRUE(std::align(PageSize, PageSize, aligned, room));
  const std::span page(static_cast<unsigned char *>(aligned), PageSize);
  for (const bool beside : {false, true}) {
    Pins pins(std::chrono::milliseconds(20));
    ASSERT_TRUE(pins.add(page, 1));
    // the pipe has the page, not a copy of it
    if (beside)
      std::memcpy(page.data() + 8, &BesideWord, sizeof(BesideWord));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_EQ(pins.mismatch().has_value(), beside);
  }
}

TEST(Generator, GeneratesAllKindsThatTheFileAllows) {
  Model model(Limit, Block);
  Generator generator(7, {Kind::punch});
  std::set<Kind> seen;
  for (unsigned i = 0; i < 5000; i++) {
    const Operation operation = generator.next(model);
    ASSERT_TRUE(model.allows(operation)) << to_text(operation);
    model.apply(operation);
    ASSERT_LE(model.size(), Limit);
    seen.insert(operation.kind);
  }
  EXPECT_EQ(seen.size(), Kinds - 1);
  EXPECT_FALSE(seen.contains(Kind::punch));
}

TEST(Generator, IsReproducible) {
  const auto first = [](std::uint64_t seed) {
    Model model(Limit, Block);
    Generator generator(seed, {});
    std::vector<Operation> operations;
    for (unsigned i = 0; i < 100; i++) {
      operations.push_back(generator.next(model));
      model.apply(operations.back());
    }
    return operations;
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

/// A temporary directory.
class RealFileTest : public testing::Test {
protected:
  RealFileTest() {
    catch_bus_errors();
    std::string name = testing::TempDir() + "stress.XXXXXX";
    if (!mkdtemp(name.data()))
      throw std::runtime_error("mkdtemp " + name);
    directory = name;
  }
  ~RealFileTest() override { std::filesystem::remove_all(directory); }

  std::string directory;
};

TEST_F(RealFileTest, MatchesTheModel) {
  Model model(Limit, Block);
  RealFile file(directory + "/file", model);
  Generator generator(3, unsupported_in(directory));
  for (unsigned i = 0; i < 300; i++) {
    const Operation operation = generator.next(model);
    file.perform(operation, model);
    const Range changed = model.apply(operation);
    ASSERT_NO_THROW(file.verify(operation, changed, model))
        << to_text(operation);
  }
  EXPECT_NO_THROW(file.compare(model));
}

TEST_F(RealFileTest, DetectsAChangedByte) {
  Model model(Limit, Block);
  RealFile file(directory + "/file", model);
  const Operation write{.kind = Kind::write, .length = 3 * Block, .value = 1};
  file.perform(write, model);
  model.apply(write);
  ASSERT_NO_THROW(file.compare(model));
  ASSERT_TRUE(model.damage());
  EXPECT_THROW(file.compare(model), Mismatch);
}

TEST_F(RealFileTest, DetectsAnOperationWithoutEffect) {
  const Operation write{
      .kind = Kind::write, .offset = 10, .length = 3 * Block, .value = 1};
  for (const Operation &operation :
       {Operation{.kind = Kind::write, .offset = 100, .length = 100},
        Operation{.kind = Kind::punch, .offset = Block, .length = Block},
        Operation{.kind = Kind::truncate, .length = Block},
        Operation{.kind = Kind::insert, .offset = Block, .length = Block}}) {
    Model model(Limit, Block);
    RealFile file(directory + "/file", model);
    file.perform(write, model);
    model.apply(write);
    const Range changed = model.apply(operation);
    EXPECT_THROW(file.verify(operation, changed, model), Mismatch)
        << to_text(operation);
  }
}

} // namespace
