// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of daxmap's output: it has every number and reason.
#include "report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

namespace dax {
namespace {

using nlohmann::json;

constexpr std::uint64_t M = 1 << 20;

/// Device 0 is at 1 GiB; device 1 has no known address; device 2 has one for its
/// first 2 MiB.
Device device(dev_t number) {
  switch (number) {
  case 0:
    return {"pmem0", InMemory{1 << 30}};
  case 1:
    return {"ram0", Unknown{"no address; use pmem"}};
  default:
    return {"dm-0 (a)",
            Table{{0, 4096, "linear", "0:0 0"}, {4096, 8192, "error", ""}}};
  }
}

FileReport on(dev_t number, const std::string &name, const Layout &layout,
              const Mapped &mapped = {}) {
  MemoryMap memory(device);
  return report_on(name, layout, number, memory, mapped);
}

/// 5 MiB: a PMD range in one extent, one that is half allocated, and a tail.
FileReport fragmented(const Mapped &mapped = {}) {
  return on(0, "/mnt/a", {true, 5 * M, {{0, 0, 3 * M, 0}}}, mapped);
}

/// 2 MiB, all of it mappable.
FileReport whole(const Mapped &mapped = {}) {
  return on(0, "/mnt/b", {true, 2 * M, {{0, 0, 2 * M, 0}}}, mapped);
}

FileReport cached() { return on(1, "/mnt/c", {false, 3 * M, {}}); }

/// 4 MiB, of which the first half has a known address.
FileReport half() { return on(2, "/mnt/d", {true, 4 * M, {{0, 0, 4 * M, 0}}}); }

std::string table(const std::vector<FileReport> &files, const Style &style) {
  std::ostringstream out;
  write_table(out, files, style);
  return out.str();
}

json parsed(const std::vector<FileReport> &files, pid_t pid) {
  std::ostringstream out;
  write_json(out, files, pid);
  return json::parse(out.str());
}

TEST(Table, HasALineForEachFileAndTheTotal) {
  EXPECT_EQ(table({fragmented(), cached()}, {false, 0}),
            "           bytes           2 MiB           1 GiB  file\n"
            "         5242880         2097152               0  /mnt/a (eof "
            "1048576, extent 2097152)\n"
            "         3145728               0               0  /mnt/c (not DAX "
            "3145728)\n"
            "         8388608         2097152               0  total\n");
}

TEST(Table, NamesUnknownRanges) {
  EXPECT_EQ(table({half()}, {true, 0}),
            "           bytes           2 MiB           1 GiB  file\n"
            "         4194304         2097152               0  /mnt/d (unknown "
            "2097152)\n"
            "    not in 2 MiB: 2097152 bytes at 2097152, unknown\n"
            "    not in 1 GiB: 4194304 bytes at 0, eof\n"
            "         4194304         2097152               0  total\n");
}

TEST(Table, HasColumnsForAProcess) {
  EXPECT_EQ(table({fragmented({2 * M, 4096}), whole({0, 8192})}, {false, 1}),
            "           bytes           2 MiB           1 GiB       2 MiB now"
            "       4 KiB now  file\n"
            "         5242880         2097152               0         2097152"
            "            4096  /mnt/a (eof 1048576, extent 2097152)\n"
            "         2097152         2097152               0               0"
            "            8192  /mnt/b\n"
            "         7340032         4194304               0         2097152"
            "           12288  total\n");
}

TEST(Table, ListsRangesWithVerbose) {
  EXPECT_EQ(table({fragmented()}, {true, 0}),
            "           bytes           2 MiB           1 GiB  file\n"
            "         5242880         2097152               0  /mnt/a (eof "
            "1048576, extent 2097152)\n"
            "    not in 2 MiB: 2097152 bytes at 2097152, extent\n"
            "    not in 2 MiB: 1048576 bytes at 4194304, eof\n"
            "    not in 1 GiB: 5242880 bytes at 0, eof\n"
            "         5242880         2097152               0  total\n");
}

TEST(Json, HasAllMembersOfAFile) {
  const json file = parsed({fragmented()}, 0)["files"][0];
  EXPECT_EQ(file, json::parse(R"({
    "name": "/mnt/a", "dax": true, "start": 1073741824, "size": 5242880,
    "pages": [
      {"page_size": 2097152, "whole": 4194304, "mappable": 2097152,
       "not_mappable": [
         {"offset": 2097152, "length": 2097152, "reason": "extent"},
         {"offset": 4194304, "length": 1048576, "reason": "eof"}]},
      {"page_size": 1073741824, "whole": 0, "mappable": 0,
       "not_mappable": [
         {"offset": 0, "length": 5242880, "reason": "eof"}]}]})"));
}

TEST(Json, HasTheTotal) {
  const json all = parsed({fragmented(), whole(), cached()}, 0);
  EXPECT_EQ(all["files"].size(), 3);
  EXPECT_EQ(all["total"], json::parse(R"({
    "size": 10485760,
    "pages": [
      {"page_size": 2097152, "whole": 8388608, "mappable": 4194304},
      {"page_size": 1073741824, "whole": 0, "mappable": 0}]})"));
  EXPECT_FALSE(all.contains("pid"));
}

TEST(Json, HasTheProcess) {
  const json all = parsed({fragmented({2 * M, 4096}), whole({0, 8192})}, 42);
  EXPECT_EQ(all["pid"], 42);
  EXPECT_EQ(all["files"][0]["mapped"], json::parse(R"([
    {"page_size": 4096, "bytes": 4096},
    {"page_size": 2097152, "bytes": 2097152}])"));
  EXPECT_EQ(all["total"]["mapped"], json::parse(R"([
    {"page_size": 4096, "bytes": 12288},
    {"page_size": 2097152, "bytes": 2097152}])"));
}

TEST(Json, NamesUnknownRangesAndTheirDevices) {
  const json all = parsed({half(), cached(), whole()}, 0);
  EXPECT_EQ(
      all["files"][0]["unknown"],
      json::array({"dm-0 (a): target error is not supported; use linear or "
                   "striped targets"}));
  EXPECT_FALSE(all["files"][0].contains("start"));
  EXPECT_EQ(all["files"][0]["pages"][0]["mappable"], 2097152);
  EXPECT_EQ(all["files"][0]["pages"][0]["not_mappable"], json::parse(R"([
    {"offset": 2097152, "length": 2097152, "reason": "unknown"}])"));
  // no range of these is unknown
  EXPECT_EQ(all["files"][1]["dax"], false);
  EXPECT_FALSE(all["files"][1].contains("unknown"));
  EXPECT_FALSE(all["files"][2].contains("unknown"));
  EXPECT_EQ(all["files"][2]["start"], 1 << 30);
}

TEST(Report, NamesNoDeviceIfNoRangeIsUnknown) {
  // no extent holds the only range
  const FileReport file = on(1, "a", {true, 2 * M, {{0, 0, M, 0}}});
  EXPECT_EQ(bytes_of(file.huge, Verdict::extent), 2 * M);
  EXPECT_TRUE(file.unknown.empty());
}

TEST(Json, OfNoFileIsValid) {
  EXPECT_EQ(parsed({}, 0)["files"], json::array());
  EXPECT_EQ(parsed({}, 0)["total"]["size"], 0);
}

TEST(Json, EscapesNames) {
  FileReport file = whole();
  file.name = "a\n\"\\\xff";
  EXPECT_EQ(parsed({file}, 0)["files"][0]["name"], "a\n\"\\\uFFFD");
}

TEST(Sums, CountOneGiBPages) {
  std::vector<Extent> extents;
  for (std::uint64_t at = 0; at < 2ULL << 30; at += 128 * M)
    extents.push_back({at, at, 128 * M, 0});
  const FileReport file = on(0, "a", {true, (1 << 30) + M, extents});
  EXPECT_EQ(file.sums.in_pud_ranges, 1 << 30);
  EXPECT_EQ(file.sums.giant, 1 << 30);
  EXPECT_EQ(file.sums.huge, 1 << 30);
}

} // namespace
} // namespace dax
