// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the identification of block devices.
#include "block_device.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>

#include <sys/sysmacros.h>

namespace dax {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t G = 1 << 30;

/// A temporary folder with the files of sysfs that block_device() reads.
class Sysfs : public testing::Test {
protected:
  Sysfs() { fs::create_directories(root / "dev/block"); }
  ~Sysfs() override { fs::remove_all(root); }

  /// Makes the device with a number.
  void device(const char *number, const std::string &folder) {
    fs::create_directories(root / folder);
    fs::create_symlink("../../" + folder, root / "dev/block" / number);
  }

  /// Writes a file.
  void put(const std::string &file, const std::string &text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }

  /// The device with a number, which must not have a table.
  Device device_of(unsigned minor_number) {
    return block_device(makedev(259, minor_number), root, [](dev_t) -> Table {
      throw std::logic_error("asked for a table");
    });
  }

  /// The address of a device; 1 if it is unknown.
  std::uint64_t address(unsigned minor_number) {
    const Device device = device_of(minor_number);
    const auto *memory = std::get_if<InMemory>(&device.what);
    return memory ? memory->address : 1;
  }

  /// Why a device is unknown; empty if it is not.
  std::string unknown(unsigned minor_number) {
    const Device device = device_of(minor_number);
    const auto *unknown = std::get_if<Unknown>(&device.what);
    return unknown ? unknown->reason : "";
  }

  const fs::path root =
      fs::path(testing::TempDir()) /
      (std::string("sysfs.") +
       testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Sysfs, FindsTheAddressOfPmem) {
  device("259:0", "devices/virtual/block/pmem0");
  put("devices/virtual/block/pmem0/pmem/start", "0x100000000\n");
  put("devices/virtual/block/pmem0/pmem/data_start", "0x104000000\n");
  EXPECT_EQ(device_of(0).name, "pmem0");
  EXPECT_EQ(address(0), 0x104000000);
}

TEST_F(Sysfs, FindsThePartition) {
  device("259:0", "devices/virtual/block/pmem0");
  device("259:1", "devices/virtual/block/pmem0/pmem0p1");
  put("devices/virtual/block/pmem0/dev", "259:0\n");
  put("devices/virtual/block/pmem0/pmem0p1/partition", "1\n");
  put("devices/virtual/block/pmem0/pmem0p1/start", "2048\n");
  const Device device = device_of(1);
  EXPECT_EQ(device.name, "pmem0p1");
  ASSERT_TRUE(std::holds_alternative<Partition>(device.what));
  EXPECT_EQ(std::get<Partition>(device.what).disk, makedev(259, 0));
  EXPECT_EQ(std::get<Partition>(device.what).start, 1 << 20);
  for (const char *text : {"", "259", "259:", ":0", "259:x", "259:0:0"}) {
    put("devices/virtual/block/pmem0/dev", text);
    EXPECT_NE(unknown(1).find("expected MAJOR:MINOR"), std::string::npos)
        << text;
  }
}

TEST_F(Sysfs, FindsTheAddressOfNvdimm) {
  device("259:0", "devices/region0/namespace0.0/block/pmem0");
  put("devices/region0/namespace0.0/resource", "0x180000000\n");
  fs::create_symlink("../../../namespace0.0",
                     root / "devices/region0/namespace0.0/block/pmem0/device");
  EXPECT_EQ(address(0), 6 * G);
}

TEST_F(Sysfs, FindsATable) {
  device("259:0", "devices/virtual/block/dm-0");
  put("devices/virtual/block/dm-0/dm/name", "vg-lv\n");
  const Device device =
      block_device(makedev(259, 0), root, [](dev_t number) -> Table {
        EXPECT_EQ(number, makedev(259, 0));
        return {{0, 8, "linear", "259:1 0"}};
      });
  EXPECT_EQ(device.name, "dm-0 (vg-lv)");
  ASSERT_TRUE(std::holds_alternative<Table>(device.what));
  EXPECT_EQ(std::get<Table>(device.what).at(0).type, "linear");
}

TEST_F(Sysfs, ReportsWhyATableCannotBeRead) {
  device("259:0", "devices/virtual/block/dm-0");
  put("devices/virtual/block/dm-0/dm/name", "vg-lv\n");
  const auto reason = [&](int error) {
    const Device device =
        block_device(makedev(259, 0), root, [&](dev_t) -> Table {
          throw std::system_error(error, std::generic_category(), "ioctl");
        });
    return device.name + ": " + std::get<Unknown>(device.what).reason;
  };
  EXPECT_EQ(
      reason(EACCES),
      "dm-0 (vg-lv): cannot read its device-mapper table: Permission denied; "
      "run as root");
  EXPECT_EQ(reason(EPERM),
            "dm-0 (vg-lv): cannot read its device-mapper table: Operation not "
            "permitted; run as root");
  EXPECT_EQ(
      reason(ENXIO),
      "dm-0 (vg-lv): cannot read its device-mapper table: No such device or "
      "address; see what \"dmsetup table\" prints");
}

TEST(DeviceMapper, ReportsTheSameErrorEachTime) {
  // no device has this number; without device-mapper or without permission, no
  // other table can be read either
  const auto error = [] {
    try {
      dm_table(makedev(253, (1 << 20) - 1));
      return 0;
    } catch (const std::system_error &problem) {
      return problem.code().value();
    }
  };
  const int first = error();
  EXPECT_NE(first, 0);
  EXPECT_EQ(error(), first);
}

TEST_F(Sysfs, DoesNotKnowOtherDisks) {
  device("259:0", "devices/virtual/block/ram0");
  EXPECT_EQ(device_of(0).name, "ram0");
  EXPECT_EQ(unknown(0), "sysfs has no address of its memory; use a filesystem "
                        "on a pmem device");
}

TEST_F(Sysfs, DoesNotKnowFilesystemsWithoutADisk) {
  EXPECT_EQ(device_of(35).name, "device 259:35");
  EXPECT_EQ(unknown(35),
            "not a block device; use a filesystem on a pmem device");
}

TEST_F(Sysfs, RefusesInvalidNumbers) {
  device("259:0", "devices/virtual/block/pmem0");
  for (const char *text : {"", "\n", "0x", "x", "-1\n", "0x1 0x2\n", "1\n2\n",
                           "0x10000000000000000\n"}) {
    put("devices/virtual/block/pmem0/pmem/data_start", text);
    EXPECT_NE(unknown(0).find("data_start: \""), std::string::npos) << text;
    EXPECT_TRUE(unknown(0).ends_with("\": expected a number")) << text;
  }
  for (const char *text : {"4294967296", "4294967296\n", "0x100000000"}) {
    put("devices/virtual/block/pmem0/pmem/data_start", text);
    EXPECT_EQ(address(0), 4 * G) << text;
  }
}

TEST_F(Sysfs, ReportsFilesThatCannotBeRead) {
  device("259:0", "devices/virtual/block/pmem0");
  // a directory cannot be read, not even by root
  fs::create_directories(root / "devices/virtual/block/pmem0/pmem/data_start");
  EXPECT_NE(unknown(0).find("data_start: Is a directory"), std::string::npos)
      << unknown(0);
}

} // namespace
} // namespace dax
