// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of amounts of memory: they are read as the driver's layout.c reads them.
#include "size.hpp"

#include "layout.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace pmemctl {
namespace {

/// The bytes that the driver makes of an amount; 0 if it refuses it.
std::uint64_t by_driver(const std::string &text) {
  pmem_layout layout;
  pmem_message message;
  if (pmem_layout_parse(&layout, "4", text.c_str(), "1", &message))
    return 0;
  return layout.shares[0].range.size;
}

std::uint64_t by_tool(const std::string &text) try {
  return parse_size(text);
} catch (const std::invalid_argument &) {
  return 0;
}

TEST(Size, IsReadAsTheDriverReadsIt) {
  for (const std::string text :
       {"32",
        "32G",
        "32g",
        "032",
        "2M",
        "2m",
        "4096K",
        "1T",
        "4096T",
        "4097T",
        "4194305",
        "3M",
        "1M",
        "0",
        "",
        "G",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.5G",
        "1GB",
        "0x10",
        "1KM",
        "1P",
        "1E",
        "2049K",
        "2048K",
        "1/",
        "M1",
        "33554432K",
        "18446744073709551616K",
        "17179869184",
        "4398046511104K",
        "00000000000000000000000000000000000000000032"})
    EXPECT_EQ(by_tool(text), by_driver(text)) << text;
}

TEST(Size, ErrorNamesTheValueAndTheRemedy) {
  const auto error = [](const char *text) -> std::string {
    try {
      parse_size(text);
      return "";
    } catch (const std::invalid_argument &error) {
      return error.what();
    }
  };
  EXPECT_EQ(error("3M"), "3M: must be a multiple of 2 MiB; use 2M or 4M");
  EXPECT_EQ(error("two"),
            "two: expected a number of GiB, or one with K, M, G or "
            "T, from 2M to 4096T");
}

TEST(Count, IsCheckedAsTheDriverChecksIt) {
  for (const std::uint64_t size : {2 * MiB, 6 * MiB, GiB, 32 * GiB})
    for (unsigned count = 1; count <= MaxDevices; count++) {
      pmem_layout layout;
      pmem_message message;
      const bool is_accepted =
          !pmem_layout_parse(&layout, "4", exact(size).c_str(),
                             std::to_string(count).c_str(), &message);
      if (is_accepted)
        EXPECT_NO_THROW(check_count(size, count)) << size << '/' << count;
      else
        EXPECT_THROW(check_count(size, count), std::invalid_argument)
            << size << '/' << count;
    }
}

TEST(Exact, IsReadBackAsTheSame) {
  for (const std::uint64_t size : {2 * MiB, 34 * MiB, GiB, 1536 * MiB, 32 * GiB,
                                   TiB, 4096 * TiB, 4098 * MiB})
    EXPECT_EQ(parse_size(exact(size)), size);
  EXPECT_EQ(exact(32 * GiB), "32G");
  EXPECT_EQ(exact(1536 * MiB), "1536M");
  EXPECT_EQ(exact(4097), "4097");
  EXPECT_EQ(exact(0), "0");
}

TEST(Rounded, HasAtMostOneDecimal) {
  EXPECT_EQ(rounded(0), "0B");
  EXPECT_EQ(rounded(512), "512B");
  EXPECT_EQ(rounded(32 * GiB), "32G");
  EXPECT_EQ(rounded(1536 * MiB), "1.5G");
  EXPECT_EQ(rounded(MiB - 1), "1M");
  EXPECT_EQ(rounded(4096 * TiB), "4096T");
}

} // namespace
} // namespace pmemctl
