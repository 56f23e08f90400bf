// SPDX-License-Identifier: GPL-2.0
/// @file
/// What daxmap writes: nothing is lost between the verdicts and the text.
#include "report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

namespace dax {
namespace {

using nlohmann::json;

constexpr std::uint64_t M = 1 << 20;

/// 5 MiB: a window in phase, one with a hole, a tail.
FileReport fragmented(const Mapped &mapped = {}) {
  const Layout layout{true, 5 * M, 0, {{0, 0, 3 * M, 0}}};
  return report_on("/mnt/a", layout, {1 << 30, ""}, mapped);
}

/// 2 MiB, all of it mappable, on a disk without an address.
FileReport whole(const Mapped &mapped = {}) {
  const Layout layout{true, 2 * M, 0, {{0, 0, 2 * M, 0}}};
  return report_on("/mnt/b", layout, {0, "dm-0 does not tell"}, mapped);
}

FileReport cached() {
  return report_on("/mnt/c", {false, 3 * M, 0, {}}, {0, "sda"}, {});
}

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

TEST(Table, HasALineForEachFileAndForAll) {
  EXPECT_EQ(
      table({fragmented(), cached()}, {false, 0}),
      "           bytes           2 MiB           1 GiB  file\n"
      "         5242880         2097152               0  /mnt/a (too short "
      "1048576, hole 2097152)\n"
      "         3145728               0               0  /mnt/c (not DAX "
      "3145728)\n"
      "         8388608         2097152               0  total\n");
}

TEST(Table, TellsWhatWasTakenForGranted) {
  EXPECT_EQ(table({whole(), whole()}, {false, 0}),
            "           bytes           2 MiB           1 GiB  file\n"
            "         2097152         2097152               0  /mnt/b\n"
            "         2097152         2097152               0  /mnt/b\n"
            "         4194304         4194304               0  total\n"
            "taking a disk to begin at a multiple of 1 GiB in memory: dm-0 "
            "does not tell\n");
}

TEST(Table, TellsWhatAProcessHasMapped) {
  EXPECT_EQ(table({fragmented({2 * M, 4096}), whole({0, 8192})}, {false, 1}),
            "           bytes           2 MiB           1 GiB       2 MiB now"
            "       4 KiB now  file\n"
            "         5242880         2097152               0         2097152"
            "            4096  /mnt/a (too short 1048576, hole 2097152)\n"
            "         2097152         2097152               0               0"
            "            8192  /mnt/b\n"
            "         7340032         4194304               0         2097152"
            "           12288  total\n"
            "taking a disk to begin at a multiple of 1 GiB in memory: dm-0 "
            "does not tell\n");
}

TEST(Table, ListsRanges) {
  EXPECT_EQ(
      table({fragmented()}, {true, 0}),
      "           bytes           2 MiB           1 GiB  file\n"
      "         5242880         2097152               0  /mnt/a (too short "
      "1048576, hole 2097152)\n"
      "    not in 2 MiB: 2097152 bytes at 2097152, hole\n"
      "    not in 2 MiB: 1048576 bytes at 4194304, too short\n"
      "    not in 1 GiB: 5242880 bytes at 0, too short\n"
      "         5242880         2097152               0  total\n");
}

TEST(Json, HasAllOfAFile) {
  const json file = parsed({fragmented()}, 0)["files"][0];
  EXPECT_EQ(file, json::parse(R"({
    "name": "/mnt/a", "dax": true, "start": 1073741824, "size": 5242880,
    "pages": [
      {"page_size": 2097152, "whole": 4194304, "mappable": 2097152,
       "not_mappable": [
         {"offset": 2097152, "length": 2097152, "reason": "hole"},
         {"offset": 4194304, "length": 1048576, "reason": "too short"}]},
      {"page_size": 1073741824, "whole": 0, "mappable": 0,
       "not_mappable": [
         {"offset": 0, "length": 5242880, "reason": "too short"}]}]})"));
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

TEST(Json, TellsWhatWasTakenForGranted) {
  const json all = parsed({whole(), cached()}, 0);
  EXPECT_EQ(all["files"][0]["start_unknown"], "dm-0 does not tell");
  EXPECT_EQ(all["files"][1]["dax"], false);
}

TEST(Json, OfNothingIsJson) {
  EXPECT_EQ(parsed({}, 0)["files"], json::array());
  EXPECT_EQ(parsed({}, 0)["total"]["size"], 0);
}

TEST(Json, TakesAnyName) {
  FileReport file = whole();
  file.name = "a\n\"\\\xff";
  EXPECT_EQ(parsed({file}, 0)["files"][0]["name"], "a\n\"\\\uFFFD");
}

TEST(Sums, CountGiantPages) {
  std::vector<Extent> extents;
  for (std::uint64_t at = 0; at < 2ULL << 30; at += 128 * M)
    extents.push_back({at, at, 128 * M, 0});
  const FileReport file =
      report_on("a", {true, (1 << 30) + M, 0, extents}, {0, ""}, {});
  EXPECT_EQ(file.sums.whole_giant, 1 << 30);
  EXPECT_EQ(file.sums.giant, 1 << 30);
  EXPECT_EQ(file.sums.huge, 1 << 30);
}

} // namespace
} // namespace dax
