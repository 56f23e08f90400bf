// SPDX-License-Identifier: GPL-2.0
/// @file
/// The info block of map=dev.
#include "infoblock.h"
#include "layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

/// A page on the heap, so that the sanitizer sees overruns.
using Page = std::vector<char>;
using Uuid = std::array<u8, PMEM_UUID_SIZE>;

Page blank() { return Page(PMEM_INFOBLOCK_SIZE); }

Page noise(std::mt19937_64 &random) {
  Page page = blank();
  std::generate(page.begin(), page.end(), [&] { return char(random()); });
  return page;
}

const Uuid Some = {0xde, 0xad, 0xbe, 0xef, 0, 1, 0x42, 3,
                   0x84, 5,    6,    7,    8, 9, 10,   11};

/// A page with an info block.
Page filled(std::uint64_t size) {
  Page page = blank();
  pmem_infoblock_fill(page.data(), size, Some.data());
  return page;
}

bool found(const Page &page) {
  u64 size = 42;
  Uuid uuid{};
  const bool is = pmem_infoblock_found(page.data(), &size, uuid.data());
  if (!is) {
    EXPECT_EQ(size, 42U);
    EXPECT_EQ(uuid, Uuid{});
  }
  return is;
}

TEST(InfoBlock, IsFoundAsItWasFilled) {
  std::mt19937_64 random(1);
  for (const std::uint64_t size :
       {3 * PMEM_ALIGN, 4 * PMEM_ALIGN, 32ULL << 30, 0 - PMEM_ALIGN}) {
    Page page = noise(random);
    Uuid uuid{};
    pmem_infoblock_fill(page.data(), size, Some.data());
    u64 said = ~size;
    EXPECT_TRUE(pmem_infoblock_found(page.data(), &said, uuid.data()));
    EXPECT_EQ(said, size);
    EXPECT_EQ(uuid, Some);
  }
}

TEST(InfoBlock, OverwritesTheWholePage) {
  // no old filesystem and no stack contents remain
  Page page(PMEM_INFOBLOCK_SIZE, '\xff');
  pmem_infoblock_fill(page.data(), 6 << 20, Some.data());
  EXPECT_EQ(page, filled(6 << 20));
  EXPECT_TRUE(std::all_of(page.begin() + 44, page.end(),
                          [](char c) { return c == 0; }));
}

TEST(InfoBlock, StaysInItsPage) {
  Page page(3 * PMEM_INFOBLOCK_SIZE, '\xa5');
  pmem_infoblock_fill(page.data() + PMEM_INFOBLOCK_SIZE, ~0ULL, Some.data());
  const auto guard = [](char c) { return c == '\xa5'; };
  EXPECT_TRUE(
      std::all_of(page.begin(), page.begin() + PMEM_INFOBLOCK_SIZE, guard));
  EXPECT_TRUE(
      std::all_of(page.begin() + 2 * PMEM_INFOBLOCK_SIZE, page.end(), guard));
}

TEST(InfoBlock, FormatDoesNotChange) {
  // computed with zlib of Python: ~zlib.crc32() of the bytes before
  const std::string bytes("pmem map=dev 2\0\0\0\0\0\0\x08\0\0\0"
                          "\xde\xad\xbe\xef\x00\x01\x42\x03"
                          "\x84\x05\x06\x07\x08\x09\x0a\x0b"
                          "\x16\xe6\xd8\x04",
                          44);
  Page page = blank();
  std::copy(bytes.begin(), bytes.end(), page.begin());
  EXPECT_EQ(page, filled(32ULL << 30));
}

TEST(InfoBlock, IsNotFoundWhereOneBitDiffers) {
  for (unsigned byte = 0; byte < PMEM_INFOBLOCK_SIZE; byte++)
    for (unsigned bit = 0; bit < 8; bit++) {
      Page page = filled(32ULL << 30);
      page[byte] ^= 1 << bit;
      EXPECT_FALSE(found(page)) << byte << ' ' << bit;
    }
}

TEST(InfoBlock, IsNotFoundOnOtherPages) {
  std::mt19937_64 random(2);
  for (const Page &page :
       {blank(), Page(PMEM_INFOBLOCK_SIZE, '\xff'), noise(random)})
    EXPECT_FALSE(found(page));
}

} // namespace
