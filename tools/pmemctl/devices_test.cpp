// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the list of devices, on a recorded sysfs.
#include "devices.hpp"

#include "recorded_machine.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <system_error>

namespace pmemctl {
namespace {

class Devices : public testing::Test {
protected:
  Devices() {
    disk("pmem0", "259:0", "8388608", "0x100000000");
    disk("pmem10", "259:2", "8388608", "0x300000000");
    disk("pmem2", "259:1", "8388608", "0x200000000");
    put("pmem0/device/numa_node", "1\n");
    put("pmem0/badblocks", "8 8\n100 1\n");
    put("pmem2/ro", "1\n");
    put("pmem2/pmem/map", "dev\n");
    files.put("run/udev/data/b259:0", "S:disk/a\nE:ID_FS_TYPE=ext4\n");
    files.put("proc/self/mountinfo",
              "30 25 259:0 / /mnt/my\\040mem rw,noatime shared:1 - ext4 "
              "/dev/pmem0 rw,dax=always\n"
              "31 25 259:1 / /mnt/b ro - xfs /dev/pmem2 ro\n"
              "32 25 8:1 / / rw - ext4 /dev/sda1 rw\n");
    put("sda/dev", "8:0\n");
    // of drivers/nvdimm
    put("pmem3/dev", "259:9\n");
    put("pmem3/size", "2048\n");
    put("pmem3/device/resource", "0x500000000\n");
    put("pmem3/device/mode", "fsdax\n");
  }

  void put(const std::string &file, const std::string &text) {
    files.put("sys/class/block/" + file, text);
  }

  void disk(const std::string &name, const std::string &numbers,
            const std::string &sectors, const std::string &start) {
    put(name + "/dev", numbers + "\n");
    put(name + "/size", sectors + "\n");
    put(name + "/ro", "0\n");
    put(name + "/pmem/data_start", start + "\n");
    put(name + "/pmem/map", "mem\n");
    put(name + "/pmem/ramdisk", "0\n");
  }

  RecordedMachine files;
};

TEST_F(Devices, AreListedByNumber) {
  std::string names;
  for (const DiskInfo &disk : find_disks(files.root()))
    names += disk.name + ' ';
  EXPECT_EQ(names, "pmem0 pmem2 pmem3 pmem10 ");
}

TEST_F(Devices, HaveTheirAttributes) {
  const auto disks = find_disks(files.root());
  ASSERT_EQ(disks.size(), 4U);
  const DiskInfo &first = disks[0];
  EXPECT_EQ(first.memory, (Range{4 * GiB, 8 * GiB}));
  EXPECT_EQ(first.node, 1);
  EXPECT_EQ(first.mode, "mem");
  EXPECT_EQ(first.filesystem, "ext4");
  EXPECT_EQ(first.bad, 9 * 512U);
  ASSERT_EQ(first.mounts.size(), 1U);
  EXPECT_EQ(first.mounts[0].directory, "/mnt/my mem");
  EXPECT_TRUE(first.mounts[0].is_dax);

  EXPECT_TRUE(disks[1].is_read_only);
  EXPECT_EQ(disks[1].mode, "dev");
  EXPECT_FALSE(disks[1].node);
  EXPECT_FALSE(disks[1].mounts.at(0).is_dax);
  EXPECT_EQ(disks[1].filesystem, "");
  EXPECT_EQ(disks[2].memory, (Range{20 * GiB, 20 * GiB + MiB}));
  EXPECT_EQ(disks[2].mode, "fsdax");
}

TEST_F(Devices, MountPointsCanHaveAnyCharacter) {
  files.put("proc/self/mountinfo",
            "30 25 259:0 / /a\\040\\012\\134\r\v\xff rw - ext4 /dev/pmem0 "
            "rw,dax=always\n");
  const Mount mount = find_disks(files.root())[0].mounts.at(0);
  EXPECT_EQ(mount.directory, "/a \n\\\r\v\xff");
  EXPECT_EQ(mount.filesystem, "ext4");
  EXPECT_TRUE(mount.is_dax);
}

TEST_F(Devices, OfTheDaxBusHaveTheModesOfDaxctl) {
  namespace fs = std::filesystem;
  const auto dax = [&](const std::string &name, const std::string &driver) {
    const std::string folder = "sys/bus/dax/devices/" + name + "/";
    files.put(folder + "size", "4294967296\n");
    files.put(folder + "resource", "0x100000000\n");
    files.put(folder + "target_node", "1\n");
    if (!driver.empty())
      fs::create_symlink("../../drivers/" + driver,
                         files.directory / (folder + "driver"));
  };
  dax("dax10.0", "kmem");
  dax("dax2.0", "device_dax");
  dax("dax2.1", "");
  const auto devices = find_dax_devices(files.root());
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].name, "dax2.0");
  EXPECT_EQ(devices[0].mode, "devdax");
  EXPECT_EQ(devices[0].memory, (Range{4 * GiB, 8 * GiB}));
  EXPECT_EQ(devices[0].node, 1);
  EXPECT_EQ(devices[1].mode, "disabled");
  EXPECT_EQ(devices[2].name, "dax10.0");
  EXPECT_EQ(devices[2].mode, "system-ram");
  EXPECT_EQ(find_disks(files.root()).size(), 4U);
}

TEST_F(Devices, WithoutUdevTheContentsAreLookedAt) {
  std::string head(4096, '\0');
  head.replace(0, 4, "XFSB");
  files.put("dev/pmem2", head);
  EXPECT_EQ(find_disks(files.root())[1].filesystem, "xfs");
}

TEST_F(Devices, AWalkOfFilesOutlivesItsDirectories) {
  namespace fs = std::filesystem;
  const fs::path top = files.directory / "top";
  for (const char *folder : {"a", "b", "c"})
    files.put(std::string("top/") + folder + "/deep/file", "");
  fs::create_directory_symlink(top, top / "link");
  std::set<std::string> visited;
  const auto visit = [&](const std::string &path, const struct stat &status) {
    EXPECT_TRUE(S_ISREG(status.st_mode));
    visited.insert(fs::relative(path, top));
  };
  for_each_file(top, visit);
  EXPECT_EQ(visited, (std::set<std::string>{"a/deep/file", "b/deep/file",
                                            "c/deep/file"}));
  // at the first file, the other directories are listed already, and vanish
  visited.clear();
  for_each_file(top, [&](const std::string &path, const struct stat &status) {
    visit(path, status);
    const std::string first = fs::relative(path, top);
    for (const char *folder : {"a", "b", "c"})
      if (!first.starts_with(folder))
        fs::remove_all(top / folder);
  });
  EXPECT_EQ(visited.size(), 1U);
  EXPECT_THROW(for_each_file(top / "none", visit), std::system_error);
}

TEST_F(Devices, PartitionsAreBelowTheirDisk) {
  put("pmem0/pmem0p1/partition", "1\n");
  put("pmem0p1/partition", "1\n");
  put("pmem0p1/dev", "259:8\n");
  put("pmem0p1/start", "4096\n");
  put("pmem0p1/size", "2048\n");
  const auto disks = find_disks(files.root());
  ASSERT_EQ(disks.size(), 4U);
  ASSERT_EQ(disks[0].partitions.size(), 1U);
  EXPECT_EQ(disks[0].partitions[0].name, "pmem0p1");
  EXPECT_EQ(disks[0].partitions[0].memory,
            (Range{4 * GiB + 2 * MiB, 4 * GiB + 3 * MiB}));
}

} // namespace
} // namespace pmemctl
