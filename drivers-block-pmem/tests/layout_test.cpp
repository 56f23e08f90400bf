// SPDX-License-Identifier: GPL-2.0
/// @file
/// The parser of the module parameters.
#include "layout.h"

#include <linux/kernel.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr std::uint64_t KiB = 1ULL << 10;
constexpr std::uint64_t MiB = 1ULL << 20;
constexpr std::uint64_t GiB = 1ULL << 30;
constexpr std::uint64_t TiB = 1ULL << 40;
/// The highest address, and the largest size.
constexpr std::uint64_t Top = 4096 * TiB;

/// The result of a function: errno, message and layout.
struct Answer {
  int err = 0;
  std::string text;
  pmem_layout layout;
};

/// The text of a message that no function has set.
constexpr char Untouched[] = "untouched";

pmem_message untouched() {
  pmem_message message{};
  std::strcpy(message.text, Untouched);
  return message;
}

Answer parse(const std::string &start, const std::string &size,
             const std::string &count) {
  Answer answer{};
  std::memset(&answer.layout, 0xa5, sizeof(answer.layout));
  pmem_message message = untouched();
  answer.err = pmem_layout_parse(&answer.layout, start.c_str(), size.c_str(),
                                 count.c_str(), &message);
  answer.text = message.text;
  return answer;
}

Answer parseRanges(const std::string &ranges) {
  Answer answer{};
  std::memset(&answer.layout, 0xa5, sizeof(answer.layout));
  pmem_message message = untouched();
  answer.err =
      pmem_layout_parse_ranges(&answer.layout, ranges.c_str(), &message);
  answer.text = message.text;
  return answer;
}

/// Parses and checks, as the driver does.
Answer checkRanges(const std::string &ranges, std::uint64_t limit,
                   pmem_map_mode map = PMEM_MAP_MEM, bool ro = false) {
  Answer answer = parseRanges(ranges);
  if (answer.err)
    return answer;
  pmem_message message = untouched();
  const pmem_mode mode{map, false, false, ro, false};
  answer.err = pmem_layout_check(&answer.layout, limit, &mode, &message);
  answer.text = message.text;
  return answer;
}

Answer add(pmem_layout layout, std::uint64_t start, std::uint64_t size,
           unsigned count) {
  Answer answer{0, "", layout};
  pmem_message message = untouched();
  const pmem_share share{{start, size}, count, layout.auto_dev_dax};
  answer.err = pmem_layout_add(&answer.layout, &share, &message);
  answer.text = message.text;
  return answer;
}

/// A multiple of 1 MiB, as the messages give it.
std::string format(std::uint64_t bytes) {
  return std::to_string(bytes / MiB) + 'M';
}

/// NR ranges of 2 MiB with gaps between them, starting at 4 GiB.
std::string manyRanges(unsigned nr, const std::string &count = "") {
  std::string ranges;
  for (unsigned i = 0; i < nr; i++)
    ranges +=
        (i ? "," : "") + ("2M@" + std::to_string(4096 + 4 * i) + "M") + count;
  return ranges;
}

constexpr char NoAmount[] =
    ": expected a number of GiB, or one with K, M, G or T, from 2M to 4096T";
constexpr char NoCount[] = ": expected a number from 1 to 1024";
constexpr char Odd[] = ": must be a multiple of 2 MiB; use ";
constexpr char Uneven[] =
    ": must divide the size into multiples of 2 MiB; use ";
constexpr char NoForm[] = ": expected SIZE@START[/COUNT][:dax] or "
                          "auto[/COUNT][:dax], such as 32G@32G/4";
constexpr char NoType[] = ": expected :dax at the end, or no colon for disks";
constexpr char NotAlone[] = ": auto must be alone; remove it or the other "
                            "ranges";
constexpr char TooMany[] = ": expected at most 32 ranges and 1024 devices in "
                           "all; use fewer ranges or smaller counts";

TEST(Amount, HasDigitsAndAtMostOneUnit) {
  const std::vector<std::pair<const char *, std::uint64_t>> cases = {
      {"32", 32 * GiB},
      {"32G", 32 * GiB},
      {"32g", 32 * GiB},
      {"4096K", 4 * MiB},
      {"4096k", 4 * MiB},
      {"2M", 2 * MiB},
      {"2m", 2 * MiB},
      {"1T", TiB},
      {"1t", TiB},
      // decimal, unlike memparse()
      {"032", 32 * GiB},
      {"010M", 10 * MiB},
      {"00000000000000000000000000000000000000000032", 32 * GiB},
      {"4096T", Top},
      {"4194304", Top},
      {"4398046511104K", Top},
  };
  for (const auto &[text, expected] : cases) {
    const Answer answer = parse(text, text, "1");
    EXPECT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(answer.layout.shares[0].range.start, expected) << text;
    EXPECT_EQ(answer.layout.shares[0].range.size, expected) << text;
  }
}

TEST(Amount, RefusesOtherText) {
  for (const std::string text :
       {"",   " ",    "G",    "-1",    "+1", "0x10", "0x10M", "1 G",
        " 1", "1 ",   "1GB",  "1GiB",  "1E", "1P",   "1p",    "1e",
        "1B", "1.5G", "32\t", "abc",   "1/", "1:",   "1KM",   "M1",
        "0",  "0K",   "1K",   "2047K", "1M"}) {
    EXPECT_EQ(parse(text, "1", "1").err, -EINVAL) << text;
    EXPECT_EQ(parse("1", text, "1").err, -EINVAL) << text;
    if (text != "32\t") {
      EXPECT_EQ(parse(text, "1", "1").text, "start=" + text + NoAmount);
      EXPECT_EQ(parse("1", text, "1").text, "size=" + text + NoAmount);
    }
  }
}

TEST(Amount, RefusesWhatIsTooLarge) {
  // among them numbers that are small modulo 2^64
  for (const std::string text :
       {"4194305", "4097T", "4294967298M", "4398046511105K", "17179869184",
        "17179869185", "16777216T", "16777217T", "18014398509481984K",
        "18014398509486080K", "18446744073709551615", "18446744073709551616",
        "18446744073709551617", "18446744073709551615M",
        "18446744073709551616K", "18446744073709555712K",
        "99999999999999999999999999"}) {
    const Answer start = parse(text, "1", "1"), size = parse("1", text, "1");
    EXPECT_EQ(start.err, -EINVAL) << text;
    EXPECT_EQ(start.text, "start=" + text + NoAmount);
    EXPECT_EQ(size.err, -EINVAL) << text;
    EXPECT_EQ(size.text, "size=" + text + NoAmount);
  }
}

TEST(Count, HasDigitsOnly) {
  const std::vector<std::pair<const char *, unsigned>> cases = {
      {"1", 1}, {"4", 4}, {"004", 4}, {"010", 10}, {"1024", 1024}};
  for (const auto &[text, expected] : cases) {
    const Answer answer = parse("1", "20T", text);
    EXPECT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(answer.layout.shares[0].count, expected) << text;
  }
}

TEST(Count, RefusesOtherTextAndNumbers) {
  for (const std::string text :
       {"", "0", "00", "-1", "+4", "4G", "4K", "four", "4 ", " 4", "0x4",
        "1025", "65536", "4294967295", "4294967296", "4294967297",
        "18446744073709551615", "18446744073709551616",
        "18446744073709551617"}) {
    EXPECT_EQ(parse("1", "1", text).err, -EINVAL) << text;
    EXPECT_EQ(parse("1", "1", text).text, "count=" + text + NoCount);
    EXPECT_EQ(parseRanges("auto/" + text).text,
              "ranges=auto/" + text + ": count=" + text + NoCount);
  }
}

TEST(ParseMap, AcceptsMemAndDev) {
  pmem_message message = untouched();
  pmem_mode mode{PMEM_MAP_DEV, false, true, false, false};
  EXPECT_EQ(pmem_parse_map("mem", &mode, &message), 0);
  EXPECT_EQ(mode.map, PMEM_MAP_MEM);
  EXPECT_FALSE(mode.format);
  EXPECT_EQ(pmem_parse_map("dev,format", &mode, &message), 0);
  EXPECT_EQ(mode.map, PMEM_MAP_DEV);
  EXPECT_TRUE(mode.format);
  EXPECT_EQ(pmem_parse_map("dev", &mode, &message), 0);
  EXPECT_EQ(mode.map, PMEM_MAP_DEV);
  EXPECT_FALSE(mode.format);
  EXPECT_STREQ(message.text, Untouched);
}

TEST(ParseMap, RefusesOtherText) {
  const std::string many(100, 'x');
  for (const std::string text :
       {"", "me", "memo", "MEM", "dev ", "0", "device", "mem,format", "dev,",
        "dev,format,format", many.c_str()}) {
    pmem_message message = untouched();
    pmem_mode mode{};
    EXPECT_EQ(pmem_parse_map(text.c_str(), &mode, &message), -EINVAL);
    EXPECT_EQ(message.text, "map=" + text.substr(0, 48) +
                                ": expected mem, dev or dev,format");
  }
}

TEST(ParseMap, FormatsNothingReadOnly) {
  pmem_message message = untouched();
  pmem_mode mode{PMEM_MAP_MEM, false, false, true, false};
  EXPECT_EQ(pmem_parse_map("dev", &mode, &message), 0);
  EXPECT_STREQ(message.text, Untouched);
  EXPECT_EQ(pmem_parse_map("dev,format", &mode, &message), -EINVAL);
  EXPECT_STREQ(message.text,
               "map=dev,format writes, but ro=1 does not; use map=dev");
}

/// Expects that equal devices cover each range of a layout without gaps.
void expectTiled(const pmem_layout &layout) {
  unsigned index = 0;
  for (unsigned i = 0; i < layout.nr; i++) {
    const pmem_share &share = layout.shares[i];
    std::uint64_t next = share.range.start;
    for (unsigned n = 0; n < share.count; n++) {
      const pmem_range device = pmem_layout_device(&layout, index++);
      ASSERT_EQ(device.start, next);
      ASSERT_EQ(device.size, share.range.size / share.count);
      ASSERT_GT(device.size, 0U);
      ASSERT_EQ(device.start % PMEM_ALIGN, 0U);
      ASSERT_EQ(device.size % PMEM_ALIGN, 0U);
      next += device.size;
    }
    ASSERT_EQ(next, share.range.start + share.range.size);
  }
  ASSERT_EQ(pmem_layout_count(&layout), index);
}

TEST(Layout, DividesTheRangeEvenly) {
  const Answer answer = parse("32", "32", "4");
  ASSERT_EQ(answer.err, 0) << answer.text;
  EXPECT_EQ(answer.text, Untouched);
  EXPECT_EQ(answer.layout.nr, 1U);
  EXPECT_EQ(pmem_layout_count(&answer.layout), 4U);
  for (unsigned i = 0; i < 4; i++) {
    const pmem_range device = pmem_layout_device(&answer.layout, i);
    EXPECT_EQ(device.start, (32 + 8 * i) * GiB);
    EXPECT_EQ(device.size, 8 * GiB);
  }
}

TEST(Layout, AcceptsItsLimits) {
  // the highest address, the largest size, the most devices, the smallest ones
  for (const auto &[start, size, count] :
       std::vector<std::tuple<const char *, const char *, const char *>>{
           {"4096T", "4096T", "1024"},
           {"4096T", "2M", "1"},
           {"2M", "2M", "1"},
           {"1", "2G", "1024"},
           {"1", "8M", "4"}}) {
    const Answer answer = parse(start, size, count);
    EXPECT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(answer.text, Untouched);
    EXPECT_EQ(answer.layout.auto_count, 0U);
    expectTiled(answer.layout);
  }
  const Answer top = parse("4096T", "4096T", "1024");
  const pmem_range last = pmem_layout_device(&top.layout, 1023);
  EXPECT_EQ(last.start + last.size, 2 * Top);
}

struct RefusedLayout {
  const char *start, *size, *count;
  std::string text;
};

/// Each error of a single range.
const std::vector<RefusedLayout> RefusedLayouts = {
    {"x", "1", "1", std::string("start=x") + NoAmount},
    {"", "1", "1", std::string("start=") + NoAmount},
    {"0", "1", "1", std::string("start=0") + NoAmount},
    {"1M", "1", "1", std::string("start=1M") + NoAmount},
    {"1", "x", "1", std::string("size=x") + NoAmount},
    {"1", "-1", "1", std::string("size=-1") + NoAmount},
    {"1", "1@2", "1", std::string("size=1@2") + NoAmount},
    {"1", "0", "1", std::string("size=0") + NoAmount},
    {"1", "0K", "1", std::string("size=0K") + NoAmount},
    {"1", "1M", "1", std::string("size=1M") + NoAmount},
    {"4097T", "1", "1", std::string("start=4097T") + NoAmount},
    {"1", "4097T", "1", std::string("size=4097T") + NoAmount},
    {"1", "1", "x", std::string("count=x") + NoCount},
    {"1", "1", "", std::string("count=") + NoCount},
    {"1", "1", "0", std::string("count=0") + NoCount},
    {"1", "1", "-4", std::string("count=-4") + NoCount},
    {"1", "1", "4G", std::string("count=4G") + NoCount},
    {"1", "1", "1025", std::string("count=1025") + NoCount},
    {"1", "1", "4294967297", std::string("count=4294967297") + NoCount},
    {"3M", "1", "1", std::string("start=3M") + Odd + "2M or 4M"},
    {"2049K", "1", "1", std::string("start=2049K") + Odd + "2M or 4M"},
    {"4294967295M", "1", "1",
     std::string("start=4294967295M") + Odd + "4294967294M or 4294967296M"},
    {"1", "3M", "1", std::string("size=3M") + Odd + "2M or 4M"},
    {"1", "1023M", "1", std::string("size=1023M") + Odd + "1022M or 1024M"},
    {"1", "1", "3", std::string("count=3") + Uneven + "2"},
    {"1", "6M", "2", std::string("count=2") + Uneven + "1"},
    {"1", "8M", "8", std::string("count=8") + Uneven + "4"},
    {"1", "2M", "1024", std::string("count=1024") + Uneven + "1"},
    {"1", "1", "1024", std::string("count=1024") + Uneven + "512"},
};

TEST(Layout, MessageNamesValueAndReason) {
  for (const auto &c : RefusedLayouts) {
    const Answer answer = parse(c.start, c.size, c.count);
    EXPECT_EQ(answer.err, -EINVAL)
        << c.start << ' ' << c.size << ' ' << c.count;
    EXPECT_EQ(answer.text, c.text);
  }
}

TEST(Ranges, MessageNamesRangeAndValue) {
  // the same values as the second range
  for (const auto &c : RefusedLayouts) {
    if (std::strchr(c.size, '@'))
      continue;
    const std::string item =
        std::string(c.size) + '@' + c.start + '/' + c.count;
    const Answer answer = parseRanges("1@4," + item);
    EXPECT_EQ(answer.err, -EINVAL) << item;
    EXPECT_EQ(answer.text, "ranges=" + item + ": " + c.text);
  }
}

TEST(Ranges, MessageNamesTheExpectedForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {",", ""},
      {"32G", "32G"},
      {"32G/4", "32G/4"},
      {"32G/4@32G", "32G/4@32G"},
      {"/@", "/@"},
      {"1@4,", ""},
      {"1@4,,1@8", ""},
      {",1@4", ""},
      {"1@4,32G", "32G"},
      {"automatic", "automatic"},
      {"auto ", "auto "},
      {"Auto", "Auto"},
      {"1@4,1", "1"},
      {std::string(60, '1'), std::string(48, '1')},
      // longer than 48 characters, and a range if cut off there
      {std::string(40, '0') + "32@000032/1000",
       std::string(40, '0') + "32@00003"},
  };
  for (const auto &[ranges, quoted] : cases) {
    const Answer answer = parseRanges(ranges);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, "ranges=" + quoted + NoForm);
  }
}

TEST(Ranges, MessageNamesTheWrongPart) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"@", std::string("ranges=@: start=") + NoAmount},
      {"1@", std::string("ranges=1@: start=") + NoAmount},
      {"@1", std::string("ranges=@1: size=") + NoAmount},
      {"1@4@8", std::string("ranges=1@4@8: start=4@8") + NoAmount},
      {"1@4;1@8", std::string("ranges=1@4;1@8: start=4;1@8") + NoAmount},
      {"auto@4", std::string("ranges=auto@4: size=auto") + NoAmount},
      {"1@auto", std::string("ranges=1@auto: start=auto") + NoAmount},
      {"auto/", std::string("ranges=auto/: count=") + NoCount},
      {"auto/0", std::string("ranges=auto/0: count=0") + NoCount},
      {"auto/2/2", std::string("ranges=auto/2/2: count=2/2") + NoCount},
      {"auto/x,1@4", std::string("ranges=auto/x: count=x") + NoCount},
      {"1@4/", std::string("ranges=1@4/: count=") + NoCount},
      {"1@4/2/2", std::string("ranges=1@4/2/2: count=2/2") + NoCount},
      {"1@4/2 ", std::string("ranges=1@4/2 : count=2 ") + NoCount},
      {"1@4:", std::string("ranges=1@4:") + NoType},
      {"1@4:DAX", std::string("ranges=1@4:DAX") + NoType},
      {"1@4/2:dax:dax", std::string("ranges=1@4/2:dax:dax") + NoType},
      {"1@4:dax/2", std::string("ranges=1@4:dax/2") + NoType},
      {"auto:x", std::string("ranges=auto:x") + NoType},
      {"1@4/x:dax", std::string("ranges=1@4/x:dax: count=x") + NoCount},
  };
  for (const auto &[ranges, text] : cases) {
    const Answer answer = parseRanges(ranges);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, text);
  }
}

TEST(Ranges, NumbersDevicesInTheOrderOfRanges) {
  const Answer answer = checkRanges("32G@64G/4,2M@16G,6M@32G/3", 128 * GiB);
  ASSERT_EQ(answer.err, 0) << answer.text;
  EXPECT_EQ(answer.text, Untouched);
  EXPECT_EQ(answer.layout.nr, 3U);
  EXPECT_EQ(pmem_layout_count(&answer.layout), 8U);
  expectTiled(answer.layout);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 3).start, 88 * GiB);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 4).start, 16 * GiB);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 5).start, 32 * GiB);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 7).start, 32 * GiB + 4 * MiB);
}

TEST(Ranges, OneRangeEqualsThreeParameters) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; i++) {
    const std::string start = format((1 + random() % 4096) * 2 * MiB);
    const std::string size = format((1 + random() % 64) * 2 * MiB);
    const std::string count = std::to_string(1 + random() % 8);
    const Answer one = parse(start, size, count);
    const Answer other = parseRanges(size + '@' + start + '/' + count);
    EXPECT_EQ(one.err, other.err);
    if (one.err)
      continue;
    EXPECT_EQ(one.layout.nr, other.layout.nr);
    EXPECT_EQ(one.layout.shares[0].range.start,
              other.layout.shares[0].range.start);
    EXPECT_EQ(one.layout.shares[0].range.size,
              other.layout.shares[0].range.size);
    EXPECT_EQ(one.layout.shares[0].count, other.layout.shares[0].count);
  }
}

TEST(Ranges, AreAtMost32) {
  const Answer most = checkRanges(manyRanges(32), 8 * GiB);
  EXPECT_EQ(most.err, 0) << most.text;
  EXPECT_EQ(most.layout.nr, 32U);
  EXPECT_EQ(pmem_layout_count(&most.layout), 32U);
  expectTiled(most.layout);

  const Answer more = parseRanges(manyRanges(33));
  EXPECT_EQ(more.err, -EINVAL);
  EXPECT_EQ(more.text, std::string("2M@4224M") + TooMany);
}

TEST(Ranges, MakeAtMost1024Devices) {
  const Answer most = checkRanges("64G@64G/512,64G@256G/512", 512 * GiB);
  EXPECT_EQ(most.err, 0) << most.text;
  EXPECT_EQ(pmem_layout_count(&most.layout), 1024U);
  expectTiled(most.layout);

  const std::vector<std::pair<const char *, std::string>> cases = {
      {"64G@64G/512,64G@256G/512,2M@512G", "2M@524288M"},
      {"128G@64G/1024,2M@512G", "2M@524288M"},
      {"128G@64G/1024,128G@512G/1024", "131072M@524288M"}};
  for (const auto &[ranges, range] : cases) {
    const Answer more = parseRanges(ranges);
    EXPECT_EQ(more.err, -EINVAL) << ranges;
    EXPECT_EQ(more.text, range + TooMany);
  }
}

TEST(Auto, LeavesTheRangesToTheCaller) {
  for (const auto &[text, count] :
       std::vector<std::pair<const char *, unsigned>>{
           {"auto", 1}, {"auto/1", 1}, {"auto/4", 4}, {"auto/1024", 1024}}) {
    const Answer answer = parseRanges(text);
    EXPECT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(answer.text, Untouched);
    EXPECT_EQ(answer.layout.auto_count, count);
    EXPECT_EQ(answer.layout.nr, 0U);
    EXPECT_EQ(pmem_layout_count(&answer.layout), 0U);
  }
  EXPECT_EQ(parseRanges("1@4").layout.auto_count, 0U);
}

TEST(Auto, IsAlone) {
  for (const std::string ranges :
       {"auto,1G@4G", "1G@4G,auto", "1G@4G,auto/4,2G@8G", "auto,auto", "auto,",
        "auto/2,x", "1G@4G,auto,"}) {
    const Answer answer = parseRanges(ranges);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, "ranges=" + ranges + NotAlone);
  }
  const Answer answer = parseRanges(manyRanges(32) + ",auto");
  EXPECT_EQ(answer.text, "ranges=" + manyRanges(32).substr(0, 48) + NotAlone);
}

TEST(DevDax, IsChosenForEachRange) {
  const Answer answer =
      checkRanges("16G@32G/2,16G@48G:dax,2M@16G,6M@8G/3:dax", 128 * GiB);
  ASSERT_EQ(answer.err, 0) << answer.text;
  EXPECT_EQ(answer.text, Untouched);
  const std::vector<bool> expected{false, false, true, false, true, true, true};
  ASSERT_EQ(pmem_layout_count(&answer.layout), expected.size());
  for (unsigned i = 0; i < expected.size(); i++)
    EXPECT_EQ(pmem_layout_is_dev_dax(&answer.layout, i), expected[i]) << i;
  expectTiled(answer.layout);
  const Answer one = parse("1", "1", "1");
  EXPECT_FALSE(pmem_layout_is_dev_dax(&one.layout, 0));
}

TEST(DevDax, IsChosenForAllThatAutoFinds) {
  const Answer disks = parseRanges("auto/2"),
               chosen = parseRanges("auto/2:dax");
  EXPECT_EQ(chosen.err, 0) << chosen.text;
  EXPECT_EQ(chosen.layout.auto_count, 2U);
  for (const Answer *from : {&disks, &chosen}) {
    const Answer answer = add(from->layout, 4 * GiB, GiB, 2);
    ASSERT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(pmem_layout_is_dev_dax(&answer.layout, 1), from == &chosen);
  }
}

TEST(DevDax, IsNotReadOnly) {
  const Answer answer =
      checkRanges("1G@4G,2G@8G:dax", 64 * GiB, PMEM_MAP_MEM, true);
  EXPECT_EQ(answer.err, -EINVAL);
  EXPECT_EQ(answer.text,
            "2048M@8192M:dax: device DAX cannot be read-only; load "
            "without ro=1, or remove :dax for disks");
  EXPECT_EQ(checkRanges("1G@4G", 64 * GiB, PMEM_MAP_MEM, true).err, 0);
}

TEST(DevDax, IsRefusedByADriverWithoutIt) {
  pmem_tests_dev_dax = false;
  const Answer answer = parseRanges("1G@4G:dax");
  const Answer disk = parseRanges("1G@4G");
  pmem_tests_dev_dax = true;
  EXPECT_EQ(answer.err, -EINVAL);
  EXPECT_EQ(answer.text,
            "ranges=1G@4G:dax: this driver was built without device DAX; "
            "build it with CONFIG_DEV_DAX, or remove :dax for disks");
  EXPECT_EQ(disk.err, 0) << disk.text;
}

TEST(Add, AppendsRanges) {
  Answer answer = parseRanges("auto/2");
  answer = add(answer.layout, 4 * GiB, GiB, 2);
  EXPECT_EQ(answer.err, 0) << answer.text;
  EXPECT_EQ(answer.text, Untouched);
  answer = add(answer.layout, 16 * GiB, 2 * MiB, 1);
  EXPECT_EQ(answer.err, 0) << answer.text;
  EXPECT_EQ(answer.layout.nr, 2U);
  EXPECT_EQ(answer.layout.auto_count, 2U);
  EXPECT_EQ(pmem_layout_count(&answer.layout), 3U);
  expectTiled(answer.layout);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 1).start, 4608 * MiB);
  EXPECT_EQ(pmem_layout_device(&answer.layout, 2).start, 16 * GiB);
}

TEST(Add, LeavesOutWhatDoesNotDivide) {
  struct Case {
    std::uint64_t start, size;
    unsigned count;
    std::uint64_t firstStart, allSize;
  };
  for (const auto &c : std::vector<Case>{
           {4 * GiB, GiB, 3, 4 * GiB, 1020 * MiB},
           {4 * GiB, 2 * MiB, 1, 4 * GiB, 2 * MiB},
           {4 * GiB, 4 * MiB - 4 * KiB, 1, 4 * GiB, 2 * MiB},
           {4 * GiB, 8 * MiB - 4 * KiB, 2, 4 * GiB, 4 * MiB},
           {4 * GiB + 4 * KiB, 6 * MiB, 1, 4098 * MiB, 4 * MiB},
           {4 * GiB + 4 * KiB, 6 * MiB, 2, 4098 * MiB, 4 * MiB},
           {4 * GiB - 4 * KiB, 2 * MiB + 4 * KiB, 1, 4 * GiB, 2 * MiB},
           {0, 2 * MiB, 1, 0, 2 * MiB},
       }) {
    const Answer answer =
        add(parseRanges("auto").layout, c.start, c.size, c.count);
    ASSERT_EQ(answer.err, 0) << answer.text;
    EXPECT_EQ(answer.layout.shares[0].range.start, c.firstStart);
    EXPECT_EQ(answer.layout.shares[0].range.size, c.allSize);
    expectTiled(answer.layout);
  }
}

TEST(Add, RefusesWhatIsTooSmall) {
  const auto tooSmall = [](const std::string &range, unsigned count) {
    return range + ": less than 2 MiB for each of " + std::to_string(count) +
           " devices; reserve more, or use a smaller count";
  };
  const pmem_layout layout = parseRanges("auto").layout;
  for (const auto &[start, size, count, text] : std::vector<
           std::tuple<std::uint64_t, std::uint64_t, unsigned, std::string>>{
           {4 * GiB, 2 * MiB - 4 * KiB, 1, "[mem 0x100000000-0x1001fefff]"},
           {4 * GiB, 4 * KiB, 1, "[mem 0x100000000-0x100000fff]"},
           {4 * GiB + 4 * KiB, 4 * KiB, 1, "[mem 0x100001000-0x100001fff]"},
           {4 * GiB + 4 * KiB, 2 * MiB, 1, "[mem 0x100001000-0x100200fff]"},
           {4 * GiB, 6 * MiB, 4, "[mem 0x100000000-0x1005fffff]"},
           {4 * GiB, GiB, 1024, "[mem 0x100000000-0x13fffffff]"}}) {
    const Answer answer = add(layout, start, size, count);
    EXPECT_EQ(answer.err, -EINVAL);
    EXPECT_EQ(answer.text, tooSmall(text, count));
    EXPECT_EQ(answer.layout.nr, 0U);
  }
}

TEST(Add, KeepsTheLimits) {
  Answer answer = add(parseRanges(manyRanges(32)).layout, 64 * GiB, GiB, 1);
  EXPECT_EQ(answer.err, -EINVAL);
  EXPECT_EQ(answer.text, std::string("1024M@65536M") + TooMany);
  EXPECT_EQ(answer.layout.nr, 32U);
  answer = add(parseRanges("2046M@4G/1023").layout, 64 * GiB, GiB, 2);
  EXPECT_EQ(answer.err, -EINVAL);
  answer = add(parseRanges("2046M@4G/1023").layout, 64 * GiB, GiB, 1);
  EXPECT_EQ(answer.err, 0) << answer.text;
  answer = add(answer.layout, 128 * GiB, GiB, 1);
  EXPECT_EQ(answer.err, -EINVAL);
  EXPECT_EQ(answer.text, std::string("1024M@131072M") + TooMany);
}

TEST(Check, RefusesRangesAboveTheLimit) {
  for (const char *ranges : {"4G@4G", "2M@4G,2M@8190M", "8190M@2M", "2M@8190M"})
    EXPECT_EQ(checkRanges(ranges, 8 * GiB).err, 0) << ranges;

  const std::string rest = ", the physical address limit of this machine; use "
                           "a smaller start or size";
  const std::vector<std::tuple<const char *, std::uint64_t, std::string>>
      cases = {
          {"4G@4G", 8 * GiB - 2 * MiB, "4096M@4096M: ends above 7G"},
          {"2M@4G,4G@4098M", 8 * GiB, "4096M@4098M: ends above 8G"},
          {"2M@8G", 8 * GiB, "2M@8192M: ends above 8G"},
          {"2M@1T", 8 * GiB, "2M@1048576M: ends above 8G"},
          {"16G@2M", 8 * GiB, "16384M@2M: ends above 8G"},
          {"2M@4096T", 4096 * TiB, "2M@4294967296M: ends above 4194304G"},
          {"4096T@4096T", 64 * TiB,
           "4294967296M@4294967296M: ends above 65536G"},
      };
  for (const auto &[ranges, limit, text] : cases) {
    const Answer answer = checkRanges(ranges, limit);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, text + rest);
  }
}

TEST(Check, RefusesOverlapsInBothOrders) {
  struct Case {
    const char *one, *other;
    /// where the second range could start instead
    const char *afterOne, *afterOther;
  };
  for (const auto &c : std::vector<Case>{
           {"4096M@4096M", "4096M@4096M", "8192M", "8192M"},
           {"4096M@4096M", "4096M@6144M", "8192M", "10240M"},
           {"4096M@4096M", "4096M@8190M", "8192M", "12286M"},
           {"8192M@4096M", "2M@6144M", "12288M", "6146M"},
           {"8192M@4096M", "2M@4096M", "12288M", "4098M"},
           {"8192M@4096M", "2M@12286M", "12288M", "12288M"},
       }) {
    const std::string one(c.one), other(c.other);
    const Answer after = checkRanges(one + ',' + other, 64 * GiB);
    EXPECT_EQ(after.err, -EINVAL);
    EXPECT_EQ(after.text, other + ": overlaps " + one + "; start it at " +
                              c.afterOne + " or remove it");
    const Answer before = checkRanges(other + ',' + one, 64 * GiB);
    EXPECT_EQ(before.err, -EINVAL);
    EXPECT_EQ(before.text, one + ": overlaps " + other + "; start it at " +
                               c.afterOther + " or remove it");
    // with other ranges between them
    EXPECT_EQ(checkRanges(one + ",2M@32G,2M@33G," + other, 64 * GiB).text,
              after.text);
    EXPECT_EQ(checkRanges("2M@32G," + other + ",2M@33G," + one, 64 * GiB).text,
              before.text);
  }
}

TEST(Check, AcceptsAdjacentRanges) {
  for (const char *ranges : {"4G@4G,4G@8G", "4G@8G,4G@4G", "2M@4G,2M@4098M",
                             "2M@4G,2M@4100M,2M@4098M"})
    EXPECT_EQ(checkRanges(ranges, 64 * GiB).err, 0) << ranges;
}

TEST(Check, MapDevNeedsSpaceForData) {
  const std::string rest = "; use at least 6M for each device, or map=mem";
  for (const auto &[ranges, each] :
       std::vector<std::pair<const char *, std::string>>{
           {"2M@4G", "2M"},
           {"4M@4G", "4M"},
           {"1G@4G/512", "2M"},
           {"32G@32G,4M@4G/2", "2M"}}) {
    EXPECT_EQ(checkRanges(ranges, 64 * GiB, PMEM_MAP_MEM).err, 0) << ranges;
    const Answer answer = checkRanges(ranges, 64 * GiB, PMEM_MAP_DEV);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text,
              "map=dev: no space for data in a device of " + each + rest);
  }
  for (const char *ranges : {"6M@4G", "12M@4G/2", "1G@4G/128"})
    EXPECT_EQ(checkRanges(ranges, 64 * GiB, PMEM_MAP_DEV).err, 0) << ranges;
}

TEST(DataOffset, LeavesSpaceForStructPages) {
  // every size first, then in growing steps
  std::uint64_t before = 0;
  for (std::uint64_t size = 2 * MiB; size <= 64 * TiB;
       size += std::max(2 * MiB, size / 512 / MiB * MiB * 2)) {
    ASSERT_EQ(size % PMEM_ALIGN, 0U);
    EXPECT_EQ(pmem_data_offset(size, PMEM_MAP_MEM), 0U);
    const std::uint64_t offset = pmem_data_offset(size, PMEM_MAP_DEV);
    EXPECT_EQ(offset % PMEM_ALIGN, 0U) << size;
    EXPECT_GE(offset, 2 * MiB + size / 4096 * 64) << size;
    // and wastes less than one alignment unit
    EXPECT_LT(offset, 4 * MiB + size / 4096 * 64) << size;
    EXPECT_GE(offset, before) << size;
    before = offset;
  }
  EXPECT_EQ(pmem_data_offset(8 * GiB, PMEM_MAP_DEV), 130 * MiB);
  EXPECT_EQ(pmem_data_offset(128 * MiB, PMEM_MAP_DEV), 4 * MiB);
  EXPECT_EQ(pmem_data_offset(130 * MiB, PMEM_MAP_DEV), 6 * MiB);
  EXPECT_EQ(pmem_data_offset(Top, PMEM_MAP_DEV), (Top >> 6) + 2 * MiB);
}

/// The values that a message proposes at its end: "use A", "use A or B".
std::vector<std::string> proposals(const std::string &text) {
  std::vector<std::string> values;
  const std::string before = "; use ";
  const std::size_t at = text.rfind(before);
  if (at == std::string::npos)
    return values;
  std::istringstream words(text.substr(at + before.size()));
  for (std::string word; words >> word;)
    if (std::isdigit(static_cast<unsigned char>(word[0])))
      values.push_back(word);
  return values;
}

TEST(Proposals, AreAccepted) {
  std::mt19937_64 random(3);
  unsigned followed = 0;
  for (int i = 0; i < 20000; i++) {
    const std::string good[] = {"4G", "8G", "1"};
    std::string values[] = {good[0], good[1], good[2]};
    const unsigned which = random() % 3;
    if (which == 2)
      values[2] = std::to_string(random() >> (random() % 64));
    else
      values[which] = std::to_string(random() >> (24 + random() % 40)) + 'K';

    const Answer answer = parse(values[0], values[1], values[2]);
    for (const std::string &proposal : proposals(answer.text)) {
      std::string again[] = {values[0], values[1], values[2]};
      again[which] = proposal;
      const Answer other = parse(again[0], again[1], again[2]);
      EXPECT_EQ(other.err, 0) << answer.text << " -> " << other.text;
      followed++;
    }
  }
  EXPECT_GT(followed, 10000U);
}

TEST(Proposals, LeadToALayoutOrToTheLimit) {
  // The proposed start may overlap a third range, at a higher address.
  std::mt19937_64 random(4);
  const std::regex overlap("^(\\S+)@(\\S+): overlaps .*; start it at (\\S+) "
                           "or remove it$");
  unsigned accepted = 0;
  for (int i = 0; i < 500; i++) {
    std::vector<std::pair<std::string, std::string>> items;
    for (unsigned n = 0; n < 2 + random() % 7; n++)
      items.emplace_back(format((1 + random() % 8) * 2 * MiB),
                         format((1 + random() % 32) * 2 * MiB));
    Answer answer;
    std::smatch match;
    unsigned steps = 0;
    do {
      std::string ranges;
      for (const auto &[size, start] : items)
        ranges += (ranges.empty() ? "" : ",") + size + '@' + start;
      answer = checkRanges(ranges, 256 * MiB);
      if (!std::regex_match(answer.text, match, overlap))
        break;
      // the message means the later of two equal ranges
      const auto at = std::find(items.rbegin(), items.rend(),
                                std::pair(match[1].str(), match[2].str()));
      ASSERT_NE(at, items.rend()) << answer.text;
      at->second = match[3];
    } while (++steps < 100);
    EXPECT_TRUE(answer.err == 0 ||
                answer.text.find("ends above") != std::string::npos)
        << answer.text;
    accepted += answer.err == 0;
  }
  EXPECT_GT(accepted, 400U);
}

TEST(Proposals, SmallestSizeHasSpaceForData) {
  for (std::uint64_t size = 6 * MiB; size < 4 * GiB; size += 2 * MiB)
    EXPECT_LT(pmem_data_offset(size, PMEM_MAP_DEV), size) << size;
}

TEST(Message, IsOneLineThatFits) {
  const std::string odd("\n\r\t\v\x1b[2J\x7f\n");
  for (const std::string &what :
       {odd, std::string(2000, '1'), std::string(2000, 'x'),
        std::string(2000, '\n'), std::string(100, '%') + "s"}) {
    pmem_message map{};
    pmem_mode mode{};
    EXPECT_EQ(pmem_parse_map(what.c_str(), &mode, &map), -EINVAL);
    for (const std::string &text :
         {parse(what, "1", "1").text, parse("1", what, "1").text,
          parse("1", "1", what).text, parseRanges(what).text,
          parseRanges("1@" + what).text, parseRanges(what + "@1").text,
          parseRanges("1@1/" + what).text, parseRanges("auto/" + what).text,
          parseRanges("auto," + what).text,
          parseRanges(what + '@' + what + '/' + what).text,
          parseRanges(manyRanges(32) + ',' + what).text,
          std::string(map.text)}) {
      EXPECT_NE(text, Untouched);
      EXPECT_NE(text, "");
      EXPECT_LT(text.size(), sizeof(pmem_message::text) - 1) << text;
      EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) {
        return std::iscntrl(static_cast<unsigned char>(c));
      })) << text;
    }
  }
}

TEST(Layout, DevicesCoverTheirRanges) {
  std::mt19937_64 random(5);
  unsigned accepted = 0;
  for (int i = 0; i < 2000; i++) {
    std::string ranges;
    for (unsigned n = 0; n < 1 + random() % 6; n++)
      ranges += (ranges.empty() ? "" : ",") +
                format((1 + random() % 24) * 2 * MiB) + '@' +
                format((1 + random() % 4096) * 2 * MiB) + '/' +
                std::to_string(1 + random() % 4);
    const Answer answer = checkRanges(ranges, 8 * GiB);
    if (answer.err)
      continue;
    accepted++;
    expectTiled(answer.layout);
    // no two devices overlap
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (unsigned n = 0; n < pmem_layout_count(&answer.layout); n++) {
      const pmem_range device = pmem_layout_device(&answer.layout, n);
      all.emplace_back(device.start, device.start + device.size);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t n = 1; n < all.size(); n++)
      EXPECT_LE(all[n - 1].second, all[n].first) << ranges;
    EXPECT_LE(all.back().second, 8 * GiB);
  }
  EXPECT_GT(accepted, 200U);
}

} // namespace
