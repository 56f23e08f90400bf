// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where in memory a filesystem begins, by what sysfs tells.
#include "file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/sysmacros.h>

namespace dax {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t G = 1 << 30;

/// A folder with as much of sysfs as is looked at; gone after the test.
class Sysfs : public testing::Test {
protected:
  Sysfs() { fs::create_directories(root / "dev/block"); }
  ~Sysfs() override { fs::remove_all(root); }

  /// Makes the device of a number, with files that hold texts.
  void device(const char *number, const std::string &folder) {
    fs::create_directories(root / folder);
    fs::create_symlink("../../" + folder, root / "dev/block" / number);
  }

  void put(const std::string &file, const std::string &text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }

  MemoryStart start(unsigned minor_number) {
    return memory_start(makedev(259, minor_number), root);
  }

  const fs::path root =
      fs::path(testing::TempDir()) /
      (std::string("sysfs.") +
       testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Sysfs, TellsTheMemoryOfThisDriver) {
  device("259:0", "devices/virtual/block/pmem0");
  put("devices/virtual/block/pmem0/pmem/start", "0x100000000\n");
  put("devices/virtual/block/pmem0/pmem/data_start", "0x104000000\n");
  EXPECT_EQ(start(0).address, 0x104000000);
  EXPECT_EQ(start(0).unknown, "");
}

TEST_F(Sysfs, TellsThePartition) {
  device("259:0", "devices/virtual/block/pmem0");
  device("259:1", "devices/virtual/block/pmem0/pmem0p1");
  put("devices/virtual/block/pmem0/pmem/data_start", "0x100000000\n");
  put("devices/virtual/block/pmem0/pmem0p1/partition", "1\n");
  put("devices/virtual/block/pmem0/pmem0p1/start", "2048\n");
  EXPECT_EQ(start(1).address, 4 * G + (1 << 20));
  EXPECT_EQ(start(1).unknown, "");
  EXPECT_EQ(start(0).address, 4 * G);
}

TEST_F(Sysfs, TellsTheMemoryOfNvdimm) {
  device("259:0", "devices/region0/namespace0.0/block/pmem0");
  put("devices/region0/namespace0.0/resource", "0x180000000\n");
  fs::create_symlink("../../../namespace0.0",
                     root / "devices/region0/namespace0.0/block/pmem0/device");
  EXPECT_EQ(start(0).address, 6 * G);
  EXPECT_EQ(start(0).unknown, "");
}

TEST_F(Sysfs, DoesNotTellTheMemoryOfOtherDisks) {
  device("259:0", "devices/virtual/block/ram0");
  device("259:1", "devices/virtual/block/ram0/ram0p1");
  put("devices/virtual/block/ram0/ram0p1/partition", "1\n");
  put("devices/virtual/block/ram0/ram0p1/start", "4096\n");
  EXPECT_EQ(start(0).address, 0);
  EXPECT_EQ(start(0).unknown, "ram0 does not tell its address");
  // what is known counts
  EXPECT_EQ(start(1).address, 2 << 20);
  EXPECT_EQ(start(1).unknown, "ram0 does not tell its address");
}

TEST_F(Sysfs, DoesNotKnowFilesystemsWithoutADisk) {
  EXPECT_EQ(start(35).address, 0);
  EXPECT_EQ(start(35).unknown, "device 259:35 is not a block device");
}

TEST_F(Sysfs, MustHaveANumberThere) {
  device("259:0", "devices/virtual/block/pmem0");
  for (const char *text : {"", "\n", "0x", "x", "-1\n", "0x1 0x2\n", "1\n2\n",
                           "0x10000000000000000\n"}) {
    put("devices/virtual/block/pmem0/pmem/data_start", text);
    EXPECT_EQ(start(0).address, 0) << text;
    EXPECT_NE(start(0).unknown.find("data_start: Invalid argument"),
              std::string::npos)
        << text << start(0).unknown;
  }
  for (const char *text : {"4294967296", "4294967296\n", "0x100000000"}) {
    put("devices/virtual/block/pmem0/pmem/data_start", text);
    EXPECT_EQ(start(0).address, 4 * G) << text;
  }
}

} // namespace
} // namespace dax
