// SPDX-License-Identifier: GPL-2.0
/// @file
/// The driver's layout logic: from the text of the parameters to devices.
#include "layout.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

namespace {

constexpr std::uint64_t MiB = 1ULL << 20;
constexpr std::uint64_t GiB = 1ULL << 30;
constexpr std::uint64_t TiB = 1ULL << 40;

struct SizeCase {
  const char *text;
  int err;
  std::uint64_t bytes;
};

TEST(ParseSize, ReadsNumbersAndUnits) {
  const std::vector<SizeCase> cases = {
      {"0", 0, 0},
      {"32", 0, 32 * GiB},
      {"032", 0, 32 * GiB},
      {"32G", 0, 32 * GiB},
      {"32g", 0, 32 * GiB},
      {"4K", 0, 4096},
      {"4k", 0, 4096},
      {"2M", 0, 2 * MiB},
      {"2m", 0, 2 * MiB},
      {"1T", 0, TiB},
      {"1t", 0, TiB},
      {"17179869183", 0, 17179869183 * GiB},
      {"16777215T", 0, 16777215 * TiB},
  };
  for (const auto &c : cases) {
    __u64 bytes = 1;
    EXPECT_EQ(pmem_parse_size(c.text, &bytes), c.err) << c.text;
    EXPECT_EQ(bytes, c.bytes) << c.text;
  }
}

TEST(ParseSize, RefusesWhatIsNoAmount) {
  for (const char *text : {"", " ", "G", "-1", "+1", "0x10", "1 G", " 1", "1 ",
                           "1GB", "1GiB", "1E", "1P", "1.5G", "32\n", "abc"}) {
    __u64 bytes;
    EXPECT_EQ(pmem_parse_size(text, &bytes), -EINVAL) << '"' << text << '"';
  }
}

TEST(ParseSize, RefusesWhatDoesNotFit) {
  for (const char *text : {"17179869184", "16777216T", "18446744073709551615",
                           "18446744073709551615M", "18446744073709551616K",
                           "99999999999999999999999999"}) {
    __u64 bytes;
    EXPECT_EQ(pmem_parse_size(text, &bytes), -ERANGE) << text;
  }
}

TEST(ParseCount, ReadsNumbers) {
  unsigned int count = 0;
  EXPECT_EQ(pmem_parse_count("4", &count), 0);
  EXPECT_EQ(count, 4U);
  EXPECT_EQ(pmem_parse_count("4294967295", &count), 0);
  EXPECT_EQ(count, 4294967295U);
}

TEST(ParseCount, RefusesTheRest) {
  unsigned int count;
  EXPECT_EQ(pmem_parse_count("4294967296", &count), -ERANGE);
  for (const char *text : {"", "-1", "4G", "four", "4 ", "0x4"})
    EXPECT_EQ(pmem_parse_count(text, &count), -EINVAL) << text;
}

TEST(Layout, DividesTheRangeEvenly) {
  pmem_layout layout;
  pmem_complaint complaint;
  ASSERT_EQ(pmem_layout_parse(&layout, "32", "32", "4", &complaint), 0);

  std::uint64_t next = 32 * GiB;
  for (unsigned int i = 0; i < layout.count; i++) {
    const pmem_range device = pmem_layout_device(&layout, i);
    EXPECT_EQ(device.start, next);
    EXPECT_EQ(device.size, 8589934592U);
    next = device.start + device.size;
  }
  EXPECT_EQ(next, 64 * GiB);
}

TEST(Layout, ReachesTheEndOf64Bits) {
  pmem_layout layout;
  pmem_complaint complaint;
  ASSERT_EQ(pmem_layout_parse(&layout, "17179869183", "1022M", "511", &complaint),
            0);
  const pmem_range last = pmem_layout_device(&layout, 510);
  EXPECT_EQ(last.start + last.size, 0xffffffffffe00000U);
}

struct BadLayout {
  const char *start, *size, *count;
  int err;
  std::string name;
};

TEST(Layout, SaysWhichParameterIsWrong) {
  const std::vector<BadLayout> cases = {
      {"x", "1", "1", -EINVAL, "start"},
      {"1", "x", "1", -EINVAL, "size"},
      {"1", "1", "x", -EINVAL, "count"},
      {"1", "0", "1", -EINVAL, "size"},
      {"1", "1", "0", -EINVAL, "count"},
      {"1", "1", "-4", -EINVAL, "count"},
      {"1M", "1", "1", -EINVAL, "start"},
      {"1", "1M", "1", -EINVAL, "size"},
      {"1", "3M", "1", -EINVAL, "size"},
      {"1", "1", "3", -EINVAL, "count"},
      {"1", "8M", "8", -EINVAL, "count"},
      {"1", "6M", "2", -EINVAL, "count"},
      {"1", "1", "4294967295", -EINVAL, "count"},
      {"1", "1", "4294967296", -ERANGE, "count"},
      {"17179869184", "1", "1", -ERANGE, "start"},
      {"1", "17179869184", "1", -ERANGE, "size"},
      {"17179869183", "1", "1", -ERANGE, "size"},
  };
  for (const auto &c : cases) {
    pmem_layout layout;
    pmem_complaint complaint{};
    EXPECT_EQ(pmem_layout_parse(&layout, c.start, c.size, c.count, &complaint),
              c.err)
        << c.start << ' ' << c.size << ' ' << c.count;
    ASSERT_NE(complaint.name, nullptr);
    EXPECT_EQ(complaint.name, c.name);
    EXPECT_NE(std::string(complaint.problem), "");
    EXPECT_NE(std::string(complaint.remedy), "");
  }
}

} // namespace
