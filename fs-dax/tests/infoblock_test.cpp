// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the first page of a range tells: the info block of map=dev, and what a
/// disk begins with.
#include "infoblock.h"
#include "layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

/// A page on the heap, so that the sanitizer sees who reads past its ends.
using Page = std::vector<char>;

Page blank() { return Page(PMEM_INFOBLOCK_SIZE); }

Page noise(std::mt19937_64 &random) {
  Page page = blank();
  std::generate(page.begin(), page.end(), [&] { return char(random()); });
  return page;
}

void put(Page &page, std::size_t offset, const std::string &magic) {
  ASSERT_LE(offset + magic.size(), page.size());
  std::copy(magic.begin(), magic.end(), page.begin() + offset);
}

TEST(InfoBlock, IsFoundAsItWasFilled) {
  std::mt19937_64 random(1);
  for (const std::uint64_t size :
       {3 * PMEM_ALIGN, 4 * PMEM_ALIGN, 32ULL << 30, 0 - PMEM_ALIGN}) {
    Page page = noise(random);
    pmem_infoblock_fill(page.data(), size);
    __u64 found = ~size;
    EXPECT_EQ(pmem_infoblock_found(page.data(), &found), 1);
    EXPECT_EQ(found, size);
  }
}

TEST(InfoBlock, LeavesNothingOfThePage) {
  // no rest of a filesystem that was there, nor of the stack
  Page page(PMEM_INFOBLOCK_SIZE, '\xff');
  pmem_infoblock_fill(page.data(), 0);
  EXPECT_EQ(std::string(page.data(), 14), "pmem map=dev 1");
  EXPECT_TRUE(std::all_of(page.begin() + 14, page.end(),
                          [](char c) { return c == 0; }));
}

TEST(InfoBlock, StaysInItsPage) {
  Page page(3 * PMEM_INFOBLOCK_SIZE, '\xa5');
  pmem_infoblock_fill(page.data() + PMEM_INFOBLOCK_SIZE, ~0ULL);
  const auto guard = [](char c) { return c == '\xa5'; };
  EXPECT_TRUE(
      std::all_of(page.begin(), page.begin() + PMEM_INFOBLOCK_SIZE, guard));
  EXPECT_TRUE(
      std::all_of(page.begin() + 2 * PMEM_INFOBLOCK_SIZE, page.end(), guard));
}

TEST(InfoBlock, HasTheFormatOfEarlierLoads) {
  // Data that is out there is found by these bytes: they do not change.
  Page page = blank();
  put(page, 0, std::string("pmem map=dev 1\0\0\0\0\0\0\x08\0\0\0", 24));
  __u64 size = 0;
  EXPECT_EQ(pmem_infoblock_found(page.data(), &size), 1);
  EXPECT_EQ(size, 32ULL << 30);
}

TEST(InfoBlock, IsNotFoundWithASizeThatNoRangeHas) {
  for (const std::uint64_t size :
       {0ULL, 1ULL, 4096ULL, PMEM_ALIGN, 2 * PMEM_ALIGN, 3 * PMEM_ALIGN - 1,
        3 * PMEM_ALIGN + 1, 4 * PMEM_ALIGN - 4096, (32ULL << 30) + (1ULL << 20),
        ~0ULL}) {
    Page page = blank();
    pmem_infoblock_fill(page.data(), size);
    __u64 found = 42;
    EXPECT_EQ(pmem_infoblock_found(page.data(), &found), 0) << size;
    EXPECT_EQ(found, 42U);
  }
}

TEST(InfoBlock, IsFoundWithEverySizeThatIsLoaded) {
  // the least size is what the layout says it is
  pmem_layout layout = {};
  layout.nr = 1;
  layout.shares[0].count = 1;
  layout.shares[0].range.start = 1ULL << 30;
  for (std::uint64_t size = PMEM_ALIGN; size <= 200 * PMEM_ALIGN;
       size += PMEM_ALIGN) {
    layout.shares[0].range.size = size;
    pmem_complaint complaint;
    const bool loaded =
        !pmem_layout_check(&layout, 1ULL << 46, PMEM_MAP_DEV, &complaint);
    Page page = blank();
    pmem_infoblock_fill(page.data(), size);
    __u64 found = 0;
    EXPECT_EQ(pmem_infoblock_found(page.data(), &found), loaded) << size;
  }
}

TEST(InfoBlock, IsNotFoundWhereOneByteDiffers) {
  for (unsigned byte = 0; byte < 16; byte++)
    for (unsigned bit = 0; bit < 8; bit++) {
      Page page = blank();
      pmem_infoblock_fill(page.data(), 32ULL << 30);
      page[byte] ^= 1 << bit;
      __u64 size = 42;
      EXPECT_EQ(pmem_infoblock_found(page.data(), &size), 0)
          << byte << ' ' << bit;
      EXPECT_EQ(size, 42U);
    }
}

TEST(InfoBlock, IsNotFoundOnOtherPages) {
  std::mt19937_64 random(2);
  for (const Page &page :
       {blank(), Page(PMEM_INFOBLOCK_SIZE, '\xff'), noise(random)}) {
    __u64 size = 42;
    EXPECT_EQ(pmem_infoblock_found(page.data(), &size), 0);
    EXPECT_EQ(size, 42U);
  }
}

struct Known {
  std::size_t offset;
  std::string magic;
  const char *name;
};

/// From the sources of each: where its magic is, and which bytes these are.
const std::vector<Known> Disks = {
    {510, "\x55\xaa", "a partition table"},
    {512, "EFI PART", "a partition table"},
    {1024 + 56, "\x53\xef", "an ext2, ext3 or ext4 filesystem"},
    {0, "XFSB", "an xfs filesystem"},
    {1024, "\x10\x20\xf5\xf2", "an f2fs filesystem"},
    {0, "LUKS\xba\xbe", "an encrypted volume"},
    {512, "LABELONE", "a volume of LVM"},
    {4096 - 10, "SWAPSPACE2", "a swap area"},
};

TEST(Content, IsKnownByItsMagic) {
  for (const Known &disk : Disks) {
    Page page = blank();
    put(page, disk.offset, disk.magic);
    ASSERT_NE(pmem_content(page.data()), nullptr) << disk.name;
    EXPECT_STREQ(pmem_content(page.data()), disk.name);
  }
}

TEST(Content, IsNotKnownByAPartOfItsMagic) {
  for (const Known &disk : Disks)
    for (std::size_t byte = 0; byte < disk.magic.size(); byte++) {
      Page page = blank();
      put(page, disk.offset, disk.magic);
      page[disk.offset + byte] ^= 1;
      EXPECT_EQ(pmem_content(page.data()), nullptr) << disk.name;
    }
}

TEST(Content, IsNotKnownInAnotherPlace) {
  for (const Known &disk : Disks)
    for (const int shift : {-1, 1}) {
      const std::size_t at = disk.offset + shift;
      // before the first byte, or behind the last
      if (at > PMEM_INFOBLOCK_SIZE - disk.magic.size())
        continue;
      Page page = blank();
      put(page, at, disk.magic);
      EXPECT_EQ(pmem_content(page.data()), nullptr) << disk.name;
    }
}

TEST(Content, IsNamedByMoreThanItsBootSector) {
  // a filesystem with a boot loader in front of it is still one
  for (const Known &disk : Disks) {
    if (disk.offset == 510)
      continue;
    Page page = blank();
    put(page, 510, "\x55\xaa");
    put(page, disk.offset, disk.magic);
    EXPECT_STREQ(pmem_content(page.data()), disk.name);
  }
}

TEST(Content, OfNothingIsNothing) {
  Page page = blank();
  EXPECT_EQ(pmem_content(page.data()), nullptr);
  page.assign(PMEM_INFOBLOCK_SIZE, '\xff');
  EXPECT_EQ(pmem_content(page.data()), nullptr);
  pmem_infoblock_fill(page.data(), ~0ULL);
  EXPECT_EQ(pmem_content(page.data()), nullptr);
}

} // namespace
