// SPDX-License-Identifier: GPL-2.0
/// @file
/// The driver's layout logic: from the text of the parameters to devices.
#include "layout.h"

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
/// The highest address that a range can begin or end at.
constexpr std::uint64_t Top = 0xffffffffffe00000;

/// What a function said, and what it filled in where it said yes.
struct Answer {
  int err = 0;
  std::string text;
  pmem_layout layout;
};

/// What is left in a complaint by who does not complain.
constexpr char Untouched[] = "untouched";

pmem_complaint untouched() {
  pmem_complaint complaint{};
  std::strcpy(complaint.text, Untouched);
  return complaint;
}

Answer parse(const std::string &start, const std::string &size,
             const std::string &count) {
  Answer answer{};
  pmem_complaint complaint = untouched();
  answer.err = pmem_layout_parse(&answer.layout, start.c_str(), size.c_str(),
                                 count.c_str(), &complaint);
  answer.text = complaint.text;
  return answer;
}

Answer parseRanges(const std::string &ranges) {
  Answer answer{};
  pmem_complaint complaint = untouched();
  answer.err =
      pmem_layout_parse_ranges(&answer.layout, ranges.c_str(), &complaint);
  answer.text = complaint.text;
  return answer;
}

/// Parses and checks, as the driver does.
Answer checkRanges(const std::string &ranges, std::uint64_t limit,
                   pmem_map_mode map = PMEM_MAP_MEM) {
  Answer answer = parseRanges(ranges);
  if (answer.err)
    return answer;
  pmem_complaint complaint = untouched();
  answer.err = pmem_layout_check(&answer.layout, limit, map, &complaint);
  answer.text = complaint.text;
  return answer;
}

std::string format(std::uint64_t bytes) {
  char text[24];
  return pmem_format_size(text, sizeof(text), bytes);
}

/// NR ranges of 2 MiB each, with a gap behind each, from 4 GiB on.
std::string manyRanges(unsigned nr, const std::string &count = "") {
  std::string ranges;
  for (unsigned i = 0; i < nr; i++)
    ranges +=
        (i ? "," : "") + ("2M@" + std::to_string(4096 + 4 * i) + "M") + count;
  return ranges;
}

TEST(ParseSize, ReadsNumbersAndUnits) {
  const std::vector<std::pair<const char *, std::uint64_t>> cases = {
      {"0", 0},
      {"32", 32 * GiB},
      {"032", 32 * GiB},
      {"32G", 32 * GiB},
      {"32g", 32 * GiB},
      {"4K", 4096},
      {"4k", 4096},
      {"2M", 2 * MiB},
      {"2m", 2 * MiB},
      {"1T", TiB},
      {"1t", TiB},
      {"17179869183", 17179869183 * GiB},
      {"16777215T", 16777215 * TiB},
      {"18014398509481983K", 18014398509481983 * KiB},
  };
  for (const auto &[text, expected] : cases) {
    __u64 bytes = 1;
    EXPECT_EQ(pmem_parse_size(text, &bytes), 0) << text;
    EXPECT_EQ(bytes, expected) << text;
  }
}

TEST(ParseSize, RefusesWhatIsNoAmount) {
  for (const char *text : {"", " ", "G", "-1", "+1", "0x10", "1 G", " 1", "1 ",
                           "1GB", "1GiB", "1E", "1P", "1.5G", "32\n", "abc",
                           "1/", "1:", "18446744073709551615P"}) {
    __u64 bytes;
    EXPECT_EQ(pmem_parse_size(text, &bytes), -EINVAL) << '"' << text << '"';
  }
}

TEST(ParseSize, RefusesWhatDoesNotFit) {
  for (const char *text : {"17179869184", "16777216T", "18014398509481984K",
                           "18446744073709551615", "18446744073709551615M",
                           "18446744073709551616K", "18446744073709551620K",
                           "99999999999999999999999999"}) {
    __u64 bytes;
    EXPECT_EQ(pmem_parse_size(text, &bytes), -ERANGE) << text;
  }
}

TEST(ParseCount, ReadsNumbers) {
  const std::vector<std::pair<const char *, unsigned>> cases = {
      {"0", 0}, {"4", 4}, {"004", 4}, {"4294967295", 4294967295}};
  for (const auto &[text, expected] : cases) {
    unsigned count = 1;
    EXPECT_EQ(pmem_parse_count(text, &count), 0) << text;
    EXPECT_EQ(count, expected) << text;
  }
}

TEST(ParseCount, RefusesTheRest) {
  unsigned count;
  for (const char *text : {"4294967296", "18446744073709551615",
                           "18446744073709551616", "18446744073709551617"})
    EXPECT_EQ(pmem_parse_count(text, &count), -ERANGE) << text;
  for (const char *text : {"", "-1", "4G", "four", "4 ", " 4", "0x4"})
    EXPECT_EQ(pmem_parse_count(text, &count), -EINVAL) << text;
}

TEST(ParseMap, KnowsTwoPlaces) {
  pmem_complaint complaint = untouched();
  pmem_map_mode map = PMEM_MAP_DEV;
  EXPECT_EQ(pmem_parse_map("mem", &map, &complaint), 0);
  EXPECT_EQ(map, PMEM_MAP_MEM);
  EXPECT_EQ(pmem_parse_map("dev", &map, &complaint), 0);
  EXPECT_EQ(map, PMEM_MAP_DEV);
  EXPECT_STREQ(complaint.text, Untouched);
}

TEST(ParseMap, RefusesTheRest) {
  const std::string many(100, 'x');
  for (const std::string text :
       {"", "me", "memo", "MEM", "dev ", "0", "device", many.c_str()}) {
    pmem_complaint complaint = untouched();
    pmem_map_mode map;
    EXPECT_EQ(pmem_parse_map(text.c_str(), &map, &complaint), -EINVAL);
    EXPECT_EQ(complaint.text, "map=" + text.substr(0, 48) +
                                  " is no place for page descriptors; write "
                                  "map=mem or map=dev");
  }
}

TEST(FormatSize, TakesTheLargestUnit) {
  const std::vector<std::pair<std::uint64_t, const char *>> cases = {
      {0, "0K"},
      {KiB, "1K"},
      {1023 * KiB, "1023K"},
      {1025 * KiB, "1025K"},
      {MiB, "1M"},
      {1022 * MiB, "1022M"},
      {GiB, "1G"},
      {1025 * MiB, "1025M"},
      {TiB, "1T"},
      {1024 * TiB, "1024T"},
      {Top, "17592186044414M"},
      {18014398509481983 * KiB, "18014398509481983K"},
  };
  for (const auto &[bytes, expected] : cases)
    EXPECT_EQ(format(bytes), expected);
}

TEST(FormatSize, StaysInItsRoom) {
  char text[8] = {'.', '.', '.', '.', '.', '.', '.', '.'};
  EXPECT_EQ(pmem_format_size(text, 4, 1023 * KiB), text);
  EXPECT_EQ(std::string(text, sizeof(text)), std::string("102\0....", 8));
}

TEST(FormatSize, IsReadBackAsItWas) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; i++) {
    const std::uint64_t bytes = random() >> (random() % 64) << 10;
    __u64 again = ~bytes;
    EXPECT_EQ(pmem_parse_size(format(bytes).c_str(), &again), 0) << bytes;
    EXPECT_EQ(again, bytes) << format(bytes);
    EXPECT_LT(format(bytes).size(), 24U);
  }
}

/// A layout's devices, and what they should be: each range in turn, cut evenly.
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

TEST(Layout, ReachesItsLimits) {
  // the end of 64 bits, the start of memory, the most and the smallest devices
  for (const auto &[start, size, count] :
       std::vector<std::tuple<const char *, const char *, const char *>>{
           {"17179869183", "1022M", "511"},
           {"17592186044412M", "2M", "1"},
           {"0", "2M", "1"},
           {"0", "17592186044414M", "1"},
           {"1", "128G", "65536"},
           {"1", "8M", "4"}}) {
    const Answer answer = parse(start, size, count);
    EXPECT_EQ(answer.err, 0) << answer.text;
    expectTiled(answer.layout);
  }
  const Answer top = parse("17179869183", "1022M", "511");
  const pmem_range last = pmem_layout_device(&top.layout, 510);
  EXPECT_EQ(last.start + last.size, Top);
}

constexpr char NoAmount[] = " is not an amount of memory; write a number of "
                            "GiB, or a number with K, M, G or T";
constexpr char NoNumber[] =
    " is not a number of devices; write a number from 1 up";
constexpr char TooMany[] = " is too many devices; write 65536 at most";
constexpr char NotIn64[] = " does not fit in 64 bits; write a smaller number";
constexpr char PastEnd[] =
    " from start on reaches past 64 bits; write a smaller start or size";
constexpr char Odd[] = " is not a multiple of 2 MiB; write ";
constexpr char Uneven[] =
    " does not divide the size into multiples of 2 MiB; write ";

struct RefusedLayout {
  const char *start, *size, *count;
  int err;
  std::string text;
};

/// Each refusal that a single range can meet.
const std::vector<RefusedLayout> RefusedLayouts = {
    {"x", "1", "1", -EINVAL, std::string("start=x") + NoAmount},
    {"", "1", "1", -EINVAL, std::string("start=") + NoAmount},
    {"1", "x", "1", -EINVAL, std::string("size=x") + NoAmount},
    {"1", "-1", "1", -EINVAL, std::string("size=-1") + NoAmount},
    {"1", "1@2", "1", -EINVAL, std::string("size=1@2") + NoAmount},
    {"1", "1", "x", -EINVAL, std::string("count=x") + NoNumber},
    {"1", "1", "", -EINVAL, std::string("count=") + NoNumber},
    {"1", "1", "0", -EINVAL, std::string("count=0") + NoNumber},
    {"1", "1", "-4", -EINVAL, std::string("count=-4") + NoNumber},
    {"1", "1", "4G", -EINVAL, std::string("count=4G") + NoNumber},
    {"1", "0", "1", -EINVAL,
     "size=0 is nothing; write the size that memmap= sets aside"},
    {"1", "0K", "1", -EINVAL,
     "size=0K is nothing; write the size that memmap= sets aside"},
    {"1K", "1", "1", -EINVAL, std::string("start=1K") + Odd + "2M"},
    {"1M", "1", "1", -EINVAL, std::string("start=1M") + Odd + "2M"},
    {"3M", "1", "1", -EINVAL, std::string("start=3M") + Odd + "2M or 4M"},
    {"1", "1M", "1", -EINVAL, std::string("size=1M") + Odd + "2M"},
    {"1", "3M", "1", -EINVAL, std::string("size=3M") + Odd + "2M or 4M"},
    {"1", "1023M", "1", -EINVAL,
     std::string("size=1023M") + Odd + "1022M or 1G"},
    {"17592186044413M", "1", "1", -EINVAL,
     std::string("start=17592186044413M") + Odd +
         "17592186044412M or 17592186044414M"},
    {"17592186044415M", "1", "1", -EINVAL,
     std::string("start=17592186044415M") + Odd + "17592186044414M"},
    {"18014398509481983K", "1", "1", -EINVAL,
     std::string("start=18014398509481983K") + Odd + "17592186044414M"},
    {"1", "1", "3", -EINVAL, std::string("count=3") + Uneven + "2"},
    {"1", "6M", "2", -EINVAL, std::string("count=2") + Uneven + "1"},
    {"1", "8M", "8", -EINVAL, std::string("count=8") + Uneven + "4"},
    {"1", "2M", "65536", -EINVAL, std::string("count=65536") + Uneven + "1"},
    {"1", "1", "65536", -EINVAL, std::string("count=65536") + Uneven + "512"},
    {"1", "1", "65537", -ERANGE, std::string("count=65537") + TooMany},
    {"1", "1", "4294967295", -ERANGE,
     std::string("count=4294967295") + TooMany},
    {"1", "1", "4294967296", -ERANGE,
     std::string("count=4294967296") + TooMany},
    {"1", "1", "18446744073709551617", -ERANGE,
     std::string("count=18446744073709551617") + TooMany},
    {"17179869184", "1", "1", -ERANGE,
     std::string("start=17179869184") + NotIn64},
    {"1", "17179869184", "1", -ERANGE,
     std::string("size=17179869184") + NotIn64},
    {"1", "18446744073709551616K", "1", -ERANGE,
     std::string("size=18446744073709551616K") + NotIn64},
    {"17179869183", "1", "1", -ERANGE, std::string("size=1") + PastEnd},
    {"17592186044414M", "2M", "1", -ERANGE, std::string("size=2M") + PastEnd},
    {"2M", "17592186044414M", "1", -ERANGE,
     std::string("size=17592186044414M") + PastEnd},
};

TEST(Layout, SaysWhatIsWrong) {
  for (const auto &c : RefusedLayouts) {
    const Answer answer = parse(c.start, c.size, c.count);
    EXPECT_EQ(answer.err, c.err) << c.start << ' ' << c.size << ' ' << c.count;
    EXPECT_EQ(answer.text, c.text);
  }
}

TEST(Ranges, SaysWhatIsWrongWithOneRange) {
  // The same values, as one range behind a good one.
  for (const auto &c : RefusedLayouts) {
    if (std::strchr(c.size, '@'))
      continue;
    const std::string item =
        std::string(c.size) + '@' + c.start + '/' + c.count;
    const Answer answer = parseRanges("1@4," + item);
    EXPECT_EQ(answer.err, c.err) << item;
    EXPECT_EQ(answer.text, "ranges=" + item.substr(0, 48) + ": " + c.text);
  }
}

TEST(Ranges, SaysWhatIsWrongWithTheForm) {
  const std::string rest = " is not SIZE@START or SIZE@START/COUNT; write for "
                           "example 32G@32G/4";
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
      {std::string(60, '1'), std::string(48, '1')},
  };
  for (const auto &[ranges, quoted] : cases) {
    const Answer answer = parseRanges(ranges);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, "ranges=" + quoted + rest);
  }
}

TEST(Ranges, SaysWhichPartIsWrong) {
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {"@", -EINVAL, std::string("ranges=@: start=") + NoAmount},
      {"1@", -EINVAL, std::string("ranges=1@: start=") + NoAmount},
      {"@1", -EINVAL, std::string("ranges=@1: size=") + NoAmount},
      {"1@4@8", -EINVAL, std::string("ranges=1@4@8: start=4@8") + NoAmount},
      {"1@4;1@8", -EINVAL,
       std::string("ranges=1@4;1@8: start=4;1@8") + NoAmount},
      {"1@4/", -EINVAL, std::string("ranges=1@4/: count=") + NoNumber},
      {"1@4/2/2", -EINVAL, std::string("ranges=1@4/2/2: count=2/2") + NoNumber},
      {"1@4/2 ", -EINVAL, std::string("ranges=1@4/2 : count=2 ") + NoNumber},
  };
  for (const auto &[ranges, err, text] : cases) {
    const Answer answer = parseRanges(ranges);
    EXPECT_EQ(answer.err, err) << ranges;
    EXPECT_EQ(answer.text, text);
  }
}

TEST(Ranges, NumbersDevicesInTheirOrder) {
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

TEST(Ranges, OneMeansTheSameAsThreeParameters) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; i++) {
    const std::string start = format((random() % 4096) * 2 * MiB);
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

TEST(Ranges, MayBe32) {
  const Answer most = checkRanges(manyRanges(32), 8 * GiB);
  EXPECT_EQ(most.err, 0) << most.text;
  EXPECT_EQ(most.layout.nr, 32U);
  EXPECT_EQ(pmem_layout_count(&most.layout), 32U);
  expectTiled(most.layout);

  const std::string what = "ranges= has more than 32 ranges; leave out what "
                           "begins with ";
  const Answer more = parseRanges(manyRanges(33));
  EXPECT_EQ(more.err, -E2BIG);
  EXPECT_EQ(more.text, what + "2M@4224M");
  // even if it is no range
  EXPECT_EQ(parseRanges(manyRanges(32) + ",").text, what);
  EXPECT_EQ(parseRanges(manyRanges(32) + "," + std::string(60, 'x')).text,
            what + std::string(48, 'x'));
}

TEST(Ranges, Make65536DevicesTogether) {
  const Answer most = checkRanges("64G@64G/32768,64G@256G/32768", 512 * GiB);
  EXPECT_EQ(most.err, 0) << most.text;
  EXPECT_EQ(pmem_layout_count(&most.layout), 65536U);
  expectTiled(most.layout);

  for (const char *ranges :
       {"64G@64G/32768,64G@256G/32768,2M@512G", "128G@64G/65536,2M@512G",
        "128G@64G/65536,128G@512G/65536"}) {
    const Answer more = parseRanges(ranges);
    EXPECT_EQ(more.err, -E2BIG) << ranges;
    EXPECT_EQ(more.text,
              "ranges= makes more than 65536 devices; write smaller counts");
  }
}

TEST(Check, LimitIsTheEndOfTheLastDevice) {
  for (const char *ranges : {"4G@4G", "2M@4G,2M@8190M", "8G@0", "2M@8190M"})
    EXPECT_EQ(checkRanges(ranges, 8 * GiB).err, 0) << ranges;

  const std::string rest = ", where physical addresses end on this machine; "
                           "write a smaller start or size";
  const std::vector<std::tuple<const char *, std::uint64_t, std::string>>
      cases = {
          {"4G@4G", 8 * GiB - 2 * MiB, "4G@4G ends past 8190M"},
          {"2M@4G,4G@4098M", 8 * GiB, "4G@4098M ends past 8G"},
          {"2M@8G", 8 * GiB, "2M@8G ends past 8G"},
          {"2M@1T", 8 * GiB, "2M@1T ends past 8G"},
          {"16G@0", 8 * GiB, "16G@0K ends past 8G"},
          {"2M@17592186044412M", 64 * TiB, "2M@17592186044412M ends past 64T"},
          {"17592186044414M@0", 64 * TiB, "17592186044414M@0K ends past 64T"},
      };
  for (const auto &[ranges, limit, text] : cases) {
    const Answer answer = checkRanges(ranges, limit);
    EXPECT_EQ(answer.err, -ERANGE) << ranges;
    EXPECT_EQ(answer.text, text + rest);
  }
}

TEST(Check, RefusesOverlapsInBothOrders) {
  struct Case {
    const char *one, *other;
    /// where the one could start that comes second
    const char *behindOne, *behindOther;
  };
  for (const auto &c : std::vector<Case>{
           {"4G@4G", "4G@4G", "8G", "8G"},
           {"4G@4G", "4G@6G", "8G", "10G"},
           {"4G@4G", "4G@8190M", "8G", "12286M"},
           {"8G@4G", "2M@6G", "12G", "6146M"},
           {"8G@4G", "2M@4G", "12G", "4098M"},
           {"8G@4G", "2M@12286M", "12G", "12G"},
       }) {
    const std::string one(c.one), other(c.other);
    const Answer behind = checkRanges(one + ',' + other, 64 * GiB);
    EXPECT_EQ(behind.err, -EINVAL);
    EXPECT_EQ(behind.text, other + " overlaps " + one + "; let it start at " +
                               c.behindOne + " or leave it out");
    const Answer before = checkRanges(other + ',' + one, 64 * GiB);
    EXPECT_EQ(before.err, -EINVAL);
    EXPECT_EQ(before.text, one + " overlaps " + other + "; let it start at " +
                               c.behindOther + " or leave it out");
    // with others in between
    EXPECT_EQ(checkRanges(one + ",2M@32G,2M@33G," + other, 64 * GiB).text,
              behind.text);
    EXPECT_EQ(checkRanges("2M@32G," + other + ",2M@33G," + one, 64 * GiB).text,
              before.text);
  }
}

TEST(Check, AllowsNeighbours) {
  for (const char *ranges : {"4G@4G,4G@8G", "4G@8G,4G@4G", "2M@4G,2M@4098M",
                             "2M@4G,2M@4100M,2M@4098M"})
    EXPECT_EQ(checkRanges(ranges, 64 * GiB).err, 0) << ranges;
}

TEST(Check, MapDevNeedsRoom) {
  const std::string rest = " has no room left after its page descriptors; give "
                           "each 6M at least, or write map=mem";
  for (const auto &[ranges, each] :
       std::vector<std::pair<const char *, std::string>>{
           {"2M@4G", "2M"},
           {"4M@4G", "4M"},
           {"1G@4G/512", "2M"},
           {"32G@32G,4M@4G/2", "2M"}}) {
    EXPECT_EQ(checkRanges(ranges, 64 * GiB, PMEM_MAP_MEM).err, 0) << ranges;
    const Answer answer = checkRanges(ranges, 64 * GiB, PMEM_MAP_DEV);
    EXPECT_EQ(answer.err, -EINVAL) << ranges;
    EXPECT_EQ(answer.text, "a device of " + each + rest);
  }
  for (const char *ranges : {"6M@4G", "12M@4G/2", "1G@4G/128"})
    EXPECT_EQ(checkRanges(ranges, 64 * GiB, PMEM_MAP_DEV).err, 0) << ranges;
}

TEST(DataOffset, LeavesRoomForDescriptors) {
  // every size at first, then larger and larger steps
  std::uint64_t before = 0;
  for (std::uint64_t size = 2 * MiB; size <= 64 * TiB;
       size += std::max(2 * MiB, size / 512 / MiB * MiB * 2)) {
    ASSERT_EQ(size % PMEM_ALIGN, 0U);
    EXPECT_EQ(pmem_data_offset(size, PMEM_MAP_MEM), 0U);
    const std::uint64_t offset = pmem_data_offset(size, PMEM_MAP_DEV);
    EXPECT_EQ(offset % PMEM_ALIGN, 0U) << size;
    EXPECT_GE(offset, 2 * MiB + size / 4096 * 64) << size;
    // and no more of it than the alignment costs
    EXPECT_LT(offset, 4 * MiB + size / 4096 * 64) << size;
    EXPECT_GE(offset, before) << size;
    before = offset;
  }
  EXPECT_EQ(pmem_data_offset(8 * GiB, PMEM_MAP_DEV), 130 * MiB);
  EXPECT_EQ(pmem_data_offset(128 * MiB, PMEM_MAP_DEV), 4 * MiB);
  EXPECT_EQ(pmem_data_offset(130 * MiB, PMEM_MAP_DEV), 6 * MiB);
  EXPECT_EQ(pmem_data_offset(Top, PMEM_MAP_DEV), (Top >> 6) + 2 * MiB + 32768);
}

/// The values that a complaint ends with: "write A", "write A or B", "write A
/// at most".
std::vector<std::string> proposals(const std::string &text) {
  std::vector<std::string> values;
  const std::string before = "; write ";
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
      values[which] = format(random() >> (10 + random() % 54) << 10);
    // what starts high can only be small
    if (which == 0)
      values[1] = "2M";
    if (which == 1)
      values[0] = "0";

    const Answer answer = parse(values[0], values[1], values[2]);
    for (const std::string &proposal : proposals(answer.text)) {
      std::string again[] = {values[0], values[1], values[2]};
      again[which] = proposal;
      // 65536 is a limit, which this size has to be large enough for
      if (answer.err == -ERANGE && which == 2)
        again[1] = "128G";
      // the last 2 MiB begin too late for any size
      if (which == 0 && proposal == format(Top))
        continue;
      const Answer other = parse(again[0], again[1], again[2]);
      EXPECT_EQ(other.err, 0) << answer.text << " -> " << other.text;
      followed++;
    }
  }
  EXPECT_GT(followed, 10000U);
}

TEST(Proposals, FollowedEndInALayoutOrAtTheLimit) {
  // Where to start instead may be in a third range, but then further up.
  std::mt19937_64 random(4);
  const std::regex overlap("^(\\S+)@(\\S+) overlaps .*; let it start at (\\S+) "
                           "or leave it out$");
  unsigned accepted = 0;
  for (int i = 0; i < 500; i++) {
    std::vector<std::pair<std::string, std::string>> items;
    for (unsigned n = 0; n < 2 + random() % 7; n++)
      items.emplace_back(format((1 + random() % 8) * 2 * MiB),
                         format((random() % 32) * 2 * MiB));
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
      // the later of two that are the same is meant
      const auto at = std::find(items.rbegin(), items.rend(),
                                std::pair(match[1].str(), match[2].str()));
      ASSERT_NE(at, items.rend()) << answer.text;
      at->second = match[3];
    } while (++steps < 100);
    EXPECT_TRUE(answer.err == 0 || answer.err == -ERANGE) << answer.text;
    accepted += answer.err == 0;
  }
  EXPECT_GT(accepted, 400U);
}

TEST(Proposals, RoomIsEnoughForEverySize) {
  for (std::uint64_t size = 6 * MiB; size < 4 * GiB; size += 2 * MiB)
    EXPECT_LT(pmem_data_offset(size, PMEM_MAP_DEV), size) << size;
}

TEST(Complaint, IsOneLineThatFits) {
  const std::string odd("\n\r\t\v\x1b[2J\x7f\n");
  for (const std::string &what :
       {odd, std::string(2000, '1'), std::string(2000, 'x'),
        std::string(2000, '\n'), std::string(100, '%') + "s"}) {
    pmem_complaint map{};
    pmem_map_mode mode;
    EXPECT_EQ(pmem_parse_map(what.c_str(), &mode, &map), -EINVAL);
    for (const std::string &text :
         {parse(what, "1", "1").text, parse("1", what, "1").text,
          parse("1", "1", what).text, parseRanges(what).text,
          parseRanges("1@" + what).text, parseRanges(what + "@1").text,
          parseRanges("1@1/" + what).text,
          parseRanges(what + '@' + what + '/' + what).text,
          parseRanges(manyRanges(32) + ',' + what).text,
          std::string(map.text)}) {
      EXPECT_NE(text, Untouched);
      EXPECT_NE(text, "");
      EXPECT_LT(text.size(), sizeof(pmem_complaint::text) - 1) << text;
      EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) {
        return std::iscntrl(static_cast<unsigned char>(c));
      })) << text;
    }
  }
}

TEST(Layout, DevicesTileTheirRanges) {
  std::mt19937_64 random(5);
  unsigned accepted = 0;
  for (int i = 0; i < 2000; i++) {
    std::string ranges;
    for (unsigned n = 0; n < 1 + random() % 6; n++)
      ranges += (ranges.empty() ? "" : ",") +
                format((1 + random() % 24) * 2 * MiB) + '@' +
                format((random() % 4096) * 2 * MiB) + '/' +
                std::to_string(1 + random() % 4);
    const Answer answer = checkRanges(ranges, 8 * GiB);
    if (answer.err)
      continue;
    accepted++;
    expectTiled(answer.layout);
    // and nothing is in two of them
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
