// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of disks that users name: which are refused, and why.
#include "target.hpp"

#include "recorded_machine.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pmemctl {
namespace {

class Disks : public testing::Test {
protected:
  Disks() {
    const std::string folder = "sys/class/block/";
    files.put(folder + "pmem0/dev", "259:0\n");
    files.put(folder + "pmem0/size", "8388608\n");
    files.put(folder + "pmem0/ro", "0\n");
    files.put(folder + "pmem0/pmem/data_start", "0x100000000\n");
    files.put(folder + "pmem0/pmem/ramdisk", "0\n");
    files.put(folder + "sda/dev", "8:0\n");
    files.put(folder + "sda/size", "8388608\n");
  }

  /// Gives the disk a partition.
  void add_partition() {
    files.put("sys/class/block/pmem0/pmem0p1/partition", "1\n");
    files.put("sys/class/block/pmem0p1/partition", "1\n");
    files.put("sys/class/block/pmem0p1/dev", "259:1\n");
  }

  std::string error(const std::function<void()> &action) {
    try {
      action();
      return "";
    } catch (const std::invalid_argument &error) {
      return error.what();
    }
  }

  Target pmem0() { return find_target(files.root(), "pmem0"); }

  RecordedMachine files;
};

TEST_F(Disks, AreFoundByNameAndPath) {
  for (const char *text : {"pmem0", "/dev/pmem0"}) {
    const Target target = find_target(files.root(), text);
    EXPECT_EQ(target.name, "pmem0");
    EXPECT_EQ(target.numbers, "259:0");
    EXPECT_EQ(target.memory, (Range{4 * GiB, 8 * GiB}));
  }
}

TEST_F(Disks, OtherNamesAreRefused) {
  const Root root = files.root();
  for (const char *text : {"pmem1", "", ".", "..", "/", "../pmem0/dev"})
    EXPECT_EQ(error([&] { find_target(root, text); }),
              std::string(text) + ": no such block device; see pmemctl list");
  EXPECT_EQ(error([&] { find_target(root, "sda"); }),
            "sda: is not in memory at a known address; name a pmem device");
  add_partition();
  EXPECT_EQ(error([&] { find_target(root, "pmem0p1"); }),
            "pmem0p1: is a partition; name the whole disk");
}

TEST_F(Disks, OtherFilesWithTheirNameAreRefused) {
  namespace fs = std::filesystem;
  const Root root = files.root();
  fs::create_directories(files.directory / "mnt/pmem0");
  files.put("srv/pmem0", "an image");
  files.put("dev/shm/pmem0", "an image");
  files.put("dev/pmem0", "");
  fs::create_directories(files.directory / "dev/disk/by-path");
  fs::create_symlink("../../../mnt/pmem0",
                     files.directory / "dev/disk/by-path/other");
  for (const char *text :
       {"/mnt/pmem0", "/mnt/pmem0/", "/srv/pmem0", "srv/pmem0", "./pmem0",
        "/dev/shm/pmem0", "/dev/disk/by-path/other", "/none/pmem0",
        "/dev/none/pmem0"})
    EXPECT_EQ(error([&] { find_target(root, text); }),
              std::string(text) + ": no such block device; see pmemctl list");
  fs::create_symlink("../../pmem0", files.directory / "dev/disk/by-path/ours");
  for (const char *text :
       {"/dev/pmem0", "/dev/disk/by-path/ours", "/mnt/../dev/pmem0"})
    EXPECT_EQ(find_target(root, text).name, "pmem0") << text;
}

TEST_F(Disks, TheirNodeHasToBeABlockDevice) {
  files.put("dev/pmem0", "");
  for (const std::string &path :
       {(files.directory / "dev/pmem0").string(), std::string("/dev/null")})
    EXPECT_EQ(error([&] { check_node(path, pmem0()); }),
              "/dev/pmem0: is not block device 259:0; remove it, and load the "
              "driver again");
  EXPECT_THROW(check_node("/dev/none", pmem0()), std::system_error);
}

TEST_F(Disks, MountedOnesAreRefused) {
  EXPECT_EQ(error([&] { check_unused(files.root(), pmem0()); }), "");
  files.put("proc/self/mountinfo",
            "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
            "30 25 259:0 / /mnt/my\\040mem rw - ext4 /dev/pmem0 rw,dax\n");
  EXPECT_EQ(error([&] { check_unused(files.root(), pmem0()); }),
            "pmem0: is mounted at /mnt/my mem; unmount it first");
}

TEST_F(Disks, WithAMountedPartitionAreRefused) {
  add_partition();
  files.put("proc/self/mountinfo",
            "30 25 259:1 / /mnt rw - ext4 /dev/pmem0p1 rw,dax\n");
  EXPECT_EQ(error([&] { check_unused(files.root(), pmem0()); }),
            "pmem0p1: is mounted at /mnt; unmount it first");
}

TEST_F(Disks, SwapSpaceIsRefused) {
  files.put("proc/swaps", "Filename Type Size Used Priority\n"
                          "/dev/pmem0 partition 4194300 0 -2\n");
  EXPECT_EQ(error([&] { check_unused(files.root(), pmem0()); }),
            "pmem0: is swap space; swapoff it first");
}

TEST_F(Disks, UnderAnotherDeviceAreRefused) {
  files.put("sys/class/block/pmem0/holders/dm-0/dev", "");
  EXPECT_EQ(error([&] { check_unused(files.root(), pmem0()); }),
            "pmem0: is in use by dm-0; remove that first");
}

TEST_F(Disks, ThatTheKernelHasOpenWithoutAHolderAreRefused) {
  const auto message = [&] {
    return error([&] { check_unused(files.root(), pmem0()); });
  };
  files.put("dev/pmem0", "");
  files.put("dev/pmem0p1", "");
  add_partition();
  const std::string loop = "sys/class/block/loop3/loop/backing_file";
  files.put(loop, "/dev/pmem0p1\n");
  EXPECT_EQ(message(), "pmem0: is in use by loop3; losetup --detach "
                       "/dev/loop3 first");
  files.put(loop, "/srv/pmem0\n");
  EXPECT_EQ(message(), "");

  const std::string space = "sys/kernel/config/nvmet/subsystems/a/namespaces/2";
  std::filesystem::create_directories(files.directory / "dev/disk");
  std::filesystem::create_symlink("../pmem0", files.directory / "dev/disk/a");
  files.put(space + "/device_path", "/dev/disk/a\n");
  files.put(space + "/enable", "1\n");
  EXPECT_EQ(message(), "pmem0: is in use by NVMe target a; disable its "
                       "namespace 2 first");
  files.put(space + "/enable", "0\n");
  EXPECT_EQ(message(), "");

  files.put("sys/kernel/config/target/core/fileio_0/a/udev_path",
            "/dev/pmem0\n");
  EXPECT_EQ(message(), "pmem0: is in use by SCSI target a; remove it with "
                       "targetcli first");
  std::filesystem::remove_all(files.directory / "sys/kernel/config/target");
  EXPECT_EQ(message(), "");

  const std::string function =
      "sys/kernel/config/usb_gadget/g/functions/mass_storage.0/";
  files.put(function + "stall", "1\n");
  files.put(function + "lun.0/file", "/dev/pmem0p1\n");
  EXPECT_EQ(message(), "pmem0: is in use by USB gadget g; empty its "
                       "mass_storage.0/lun.0/file first");
}

TEST_F(Disks, AreFoundInProcesses) {
  namespace fs = std::filesystem;
  add_partition();
  files.put("proc/77/comm", "qemu\n");
  for (const std::string folder : {"fd", "map_files"}) {
    const fs::path open = files.directory / "proc/77" / folder / "3";
    fs::create_directories(open.parent_path());
    fs::create_symlink("/dev/pmem01", open);
    EXPECT_EQ(process_on(files.root(), pmem0()), "");
    for (const char *node : {"/dev/pmem0", "/dev/pmem0p1"}) {
      fs::remove(open);
      fs::create_symlink(node, open);
      EXPECT_EQ(process_on(files.root(), pmem0()), "77 (qemu)");
    }
    fs::remove(open);
  }
}

TEST_F(Disks, AreFoundInProcessesUnderAnyName) {
  namespace fs = std::filesystem;
  add_partition();
  files.put("proc/77/comm", "qemu\n");
  for (const std::string folder : {"fd", "map_files"}) {
    const fs::path open = files.directory / "proc/77" / folder / "3";
    fs::create_directories(open.parent_path());
    // as in a container, and of a node that was made again since
    for (const char *text : {"/dev/disk0", "/dev/pmem0 (deleted)"}) {
      fs::create_symlink(text, open);
      for (const char *numbers : {"259:0", "259:1", "259:2", ""}) {
        const auto numbers_of = [&](const std::string &path) {
          EXPECT_EQ(path, open);
          return std::string(numbers);
        };
        const bool is_ours =
            numbers == std::string("259:0") || numbers == std::string("259:1");
        EXPECT_EQ(process_on(files.root(), pmem0(), numbers_of),
                  is_ours ? "77 (qemu)" : "")
            << text << ' ' << numbers;
      }
      fs::remove(open);
    }
    // and not another disk that has its name in a container
    fs::create_symlink("/dev/pmem0", open);
    EXPECT_EQ(process_on(files.root(), pmem0(),
                         [](const std::string &) { return "8:0"; }),
              "");
    fs::remove(open);
  }
}

TEST_F(Disks, HaveTheNumbersOfTheirNode) {
  EXPECT_EQ(numbers_of_node("/dev/null"), "");
  EXPECT_EQ(numbers_of_node("/dev/none"), "");
  const auto node = files.directory / "disk0";
  if (mknod(node.c_str(), S_IFBLK | 0600, makedev(259, 7)))
    GTEST_SKIP() << "no block device can be made";
  EXPECT_EQ(numbers_of_node(node), "259:7");
  std::filesystem::create_symlink(node, files.directory / "link");
  EXPECT_EQ(numbers_of_node(files.directory / "link"), "259:7");
}

TEST_F(Disks, AreNotInUseByTheProcessItself) {
  const auto folder =
      files.directory / "proc" / std::to_string(getpid()) / "fd";
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink("/dev/pmem0", folder / "3");
  EXPECT_EQ(process_on(files.root(), pmem0()), "");
}

TEST_F(Disks, AreWaitedForAsLongAsPromised) {
  using namespace std::chrono_literals;
  namespace fs = std::filesystem;
  files.put("proc/77/comm", "qemu\n");
  files.put("proc/77/fd/2", "");
  const fs::path open = files.directory / "proc/77/fd/3";
  // each look at the processes takes as long
  for (const auto look : {1ms, 700ms, 10000ms}) {
    std::chrono::milliseconds now = 1h;
    std::chrono::milliseconds told_at{};
    std::ostringstream log;
    const Clock clock{[&] { return now += look; },
                      [&](std::chrono::milliseconds time) {
                        if (told_at == 0ms && !log.str().empty())
                          told_at = now - 1h - look;
                        now += time;
                      }};
    fs::create_symlink("/dev/pmem0", open);
    EXPECT_EQ(
        error([&] { check_processes(files.root(), pmem0(), log, clock); }),
        "pmem0: is open in process 77 (qemu); end that first");
    EXPECT_LE(now - 1h, 5050ms + 2 * look);
    if (look < 1s) {
      EXPECT_EQ(log.str(), "pmemctl: waiting up to 5 s until process 77 (qemu) "
                           "closes pmem0\n");
      EXPECT_GE(told_at, 1s);
      EXPECT_LE(told_at, 1050ms + look);
    }
    fs::remove(open);
    // nor is a moment worth a line
    log.str("");
    fs::create_symlink("/dev/pmem0", open);
    const Clock closing{[&] { return now; },
                        [&](std::chrono::milliseconds) { fs::remove(open); }};
    EXPECT_NO_THROW(check_processes(files.root(), pmem0(), log, closing));
    EXPECT_EQ(log.str(), "");
  }
}

TEST_F(Disks, ThatGetAUserBeforeTheAnswerAreRefused) {
  const auto message = [&](const std::function<bool()> &ask) {
    std::ostringstream log;
    std::chrono::milliseconds now{};
    const Clock clock{[&] { return now; },
                      [&](std::chrono::milliseconds time) { now += time; }};
    return error([&] { is_confirmed(files.root(), "pmem0", ask, log, clock); });
  };
  EXPECT_FALSE(is_confirmed(files.root(), "pmem0", [] { return false; }));
  EXPECT_TRUE(is_confirmed(files.root(), "pmem0", [] { return true; }));
  EXPECT_EQ(message([&] {
              files.put("sys/class/block/pmem0/holders/dm-0/dev", "");
              return true;
            }),
            "pmem0: is in use by dm-0; remove that first");
  std::filesystem::remove_all(files.directory /
                              "sys/class/block/pmem0/holders");
  EXPECT_EQ(message([&] {
              files.put("proc/77/comm", "qemu\n");
              files.put("proc/77/fd/2", "");
              std::filesystem::create_symlink("/dev/pmem0",
                                              files.directory / "proc/77/fd/3");
              return true;
            }),
            "pmem0: is open in process 77 (qemu); end that first");
}

TEST_F(Disks, HaveContentsThatOnlyUdevKnows) {
  EXPECT_EQ(contents_in_udev(files.root(), pmem0()), "");
  for (const std::string property : {"ID_FS_TYPE", "ID_PART_TABLE_TYPE"}) {
    files.put("run/udev/data/b259:0", "S:disk/a\nE:" + property + "=a\n");
    EXPECT_EQ(contents_in_udev(files.root(), pmem0()), "a in udev's database");
  }
}

TEST_F(Disks, WithContentsNeedForce) {
  EXPECT_EQ(error([&] { check_overwrite(pmem0(), "", false); }), "");
  EXPECT_EQ(error([&] { check_overwrite(pmem0(), "ext4", false); }),
            "pmem0: holds ext4; --force overwrites it");
  EXPECT_EQ(error([&] { check_overwrite(pmem0(), "ext4", true); }), "");
  add_partition();
  EXPECT_EQ(error([&] { check_overwrite(pmem0(), "", false); }),
            "pmem0: has partitions (pmem0p1); --force overwrites them");
  files.put("sys/class/block/pmem0/ro", "1\n");
  EXPECT_EQ(error([&] { check_overwrite(pmem0(), "", true); }),
            "pmem0: is read-only; load the driver without ro=1");
}

} // namespace
} // namespace pmemctl
