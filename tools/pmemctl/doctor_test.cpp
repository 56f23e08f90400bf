// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the doctor: each fault is found and has a remedy, and none is found on a
/// system without one.
#include "doctor.hpp"

#include "recorded_machine.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pmemctl {
namespace {

/// A machine of 16 GiB with memmap=8G$8G and one mounted device.
class Doctor : public testing::Test {
protected:
  Doctor() {
    files.put("proc/cmdline", "ro memmap=8G$8G\n");
    files.put("proc/iomem", "00001000-0009fbff : System RAM\n"
                            "00100000-bffdbfff : System RAM\n"
                            "  2a600000-2b5fffff : Kernel code\n"
                            "100000000-1ffffffff : System RAM\n"
                            "200000000-3ffffffff : Reserved\n"
                            "  200000000-3ffffffff : pmem0\n"
                            "400000000-43fffffff : System RAM\n");
    put("pmem0/dev", "259:0\n");
    put("pmem0/size", "16777216\n");
    put("pmem0/pmem/data_start", "0x200000000\n");
    put("pmem0/pmem/map", "mem\n");
    put("pmem0/pmem/ramdisk", "0\n");
    put("pmem0/dax/write_cache", "1\n");
    files.put("proc/self/mountinfo",
              "30 25 259:0 / /mnt rw - ext4 /dev/pmem0 rw,dax=always\n");
    files.put("sys/fs/ext4/pmem0/mb_dax_pmd", "1\n");
    files.put("proc/vmstat", "dax_fault_pte 0\ndax_fault_pmd 32\n"
                             "dax_fault_pmd_fallback 0\n");
    files.put("proc/mtrr", "reg00: base=0x000000000 (    0MB), size= 2048MB, "
                           "count=1: write-back\n"
                           "reg01: base=0x0c0000000 ( 3072MB), size= 1024MB, "
                           "count=1: uncachable\n");
  }

  void put(const std::string &file, const std::string &text) {
    files.put("sys/class/block/" + file, text);
  }

  std::vector<Finding> findings() const {
    std::vector<Finding> all =
        check_memory(files.root(), read_machine(files.root()));
    for (const Finding &finding :
         check_disks(files.root(), find_disks(files.root()),
                     find_dax_devices(files.root())))
      all.push_back(finding);
    return all;
  }

  /// The findings that are not ok, as "CHECK LEVEL" each.
  std::vector<std::string> faults() const {
    std::vector<std::string> list;
    for (const Finding &finding : findings()) {
      EXPECT_EQ(finding.remedy.empty(), finding.level == Level::ok)
          << finding.text;
      if (finding.level != Level::ok)
        list.push_back(finding.check +
                       (finding.level == Level::error ? " error" : " warning"));
    }
    return list;
  }

  using Faults = std::vector<std::string>;

  RecordedMachine files{"vm-cloud-16g"};
};

TEST_F(Doctor, FindsNothingOnAGoodSystem) {
  EXPECT_EQ(faults(), Faults{});
  EXPECT_GE(findings().size(), 8U);
}

TEST_F(Doctor, FindsALostDollarSign) {
  for (const char *cmdline : {"memmap=8G", "memmap=8G\\$8G"}) {
    files.put("proc/cmdline", cmdline);
    EXPECT_EQ(faults(), (Faults{"reservation error", "reservation warning"}));
  }
}

TEST_F(Doctor, FindsAMissingReservation) {
  files.put("proc/cmdline", "ro\n");
  EXPECT_EQ(faults(), Faults{"reservation warning"});
}

TEST_F(Doctor, FindsAReservationThatIsNotWhole) {
  // the kernel uses 1 GiB of it
  files.put("proc/cmdline", "memmap=9G$8G\n");
  EXPECT_EQ(faults(), Faults{"reservation error"});
  // 1 GiB of it is a hole
  files.put("proc/cmdline", "memmap=8G$8G memmap=1G$17G\n");
  EXPECT_EQ(faults(), Faults{"reservation error"});
}

TEST_F(Doctor, FindsAConfigurationThatIsNotInForce) {
  files.put("etc/modprobe.d/pmem.conf", "options pmem ranges=4G@8G,4G@12G/2\n");
  EXPECT_EQ(faults(), Faults{});
  files.put("etc/modprobe.d/pmem.conf", "options pmem ranges=4G@8G,4G@14G\n");
  EXPECT_EQ(faults(), Faults{"configuration error"});
  files.put("etc/modprobe.d/pmem.conf", "options pmem ranges=3M@8G\n");
  EXPECT_EQ(faults(), Faults{"configuration error"});
  files.put("etc/modprobe.d/pmem.conf.old", "options pmem ranges=4G@64G\n");
  files.put("etc/modprobe.d/old/pmem.conf", "options pmem ranges=4G@64G\n");
  files.put("etc/modprobe.d/pmem.conf", "options pmem ranges=auto/2 ro=1\n");
  EXPECT_EQ(faults(), Faults{});
}

TEST_F(Doctor, FindsTheKernelAndTheRamDiskInTheRange) {
  files.put("proc/iomem", files.text_of("proc/iomem") +
                              "  280000000-280ffffff : Kernel code\n");
  files.put("dev/kmsg", files.text_of("dev/kmsg") +
                            "RAMDISK: [mem 0x300000000-0x301ffffff]\n");
  const Faults found = faults();
  EXPECT_EQ(std::count(found.begin(), found.end(), "kernel error"), 1);
  EXPECT_EQ(std::count(found.begin(), found.end(), "initrd error"), 1);
}

TEST_F(Doctor, FindsTheEfiStubTrap) {
  files.put("sys/firmware/efi/fw_platform_size", "64\n");
  files.put("proc/sys/kernel/osrelease", "6.8.0-45-generic\n");
  EXPECT_EQ(faults(), Faults{"kaslr warning"});
  files.put("proc/sys/kernel/osrelease", "6.12.1\n");
  EXPECT_EQ(faults(), Faults{});
}

TEST_F(Doctor, FindsTooManyRangesForKaslr) {
  files.put("proc/cmdline",
            "memmap=8G$8G memmap=1M#1M,1M#2M memmap=1M#3M,1M#4M\n");
  EXPECT_EQ(faults(), Faults{"kaslr warning"});
}

TEST_F(Doctor, FindsThatFirmwareErasesRam) {
  const std::string variable = "sys/firmware/efi/efivars/"
                               "MemoryOverwriteRequestControl-e20939be-32d4-"
                               "41be-a150-897f85d49829";
  files.put("sys/firmware/efi/fw_platform_size", "64\n");
  files.put("proc/sys/kernel/osrelease", "7.3.4\n");
  files.put(variable, std::string("\x07\0\0\0\0", 5));
  EXPECT_EQ(faults(), Faults{});
  files.put("boot/config-7.3.4", "CONFIG_RESET_ATTACK_MITIGATION=y\n");
  EXPECT_EQ(faults(), Faults{"erasure warning"});
  files.put("boot/config-7.3.4",
            "# CONFIG_RESET_ATTACK_MITIGATION is not set\n");
  EXPECT_EQ(faults(), Faults{});
  files.put(variable, std::string("\x07\0\0\0\x01", 5));
  EXPECT_EQ(faults(), Faults{"erasure error"});
}

TEST_F(Doctor, FindsUncachedMemory) {
  files.put("proc/mtrr", "reg02: base=0x200000000 ( 8192MB), size= 1024MB, "
                         "count=1: write-combining\n");
  EXPECT_EQ(faults(), Faults{"caching error"});
}

TEST_F(Doctor, FindsAMisalignedPartition) {
  put("pmem0/pmem0p1/partition", "1\n");
  put("pmem0p1/dev", "259:8\n");
  put("pmem0p1/start", "2048\n");
  EXPECT_EQ(faults(), Faults{"alignment warning"});
  put("pmem0p1/start", "4096\n");
  EXPECT_EQ(faults(), Faults{});
}

TEST_F(Doctor, FindsAMountWithoutDax) {
  files.put("proc/self/mountinfo",
            "30 25 259:0 / /mnt rw - ext4 /dev/pmem0 rw\n");
  EXPECT_EQ(faults(), Faults{"dax warning"});
}

TEST_F(Doctor, FindsExt4WithoutPlacement) {
  files.put("sys/fs/ext4/pmem0/mb_dax_pmd", "0\n");
  EXPECT_EQ(faults(), Faults{"placement warning"});
  std::filesystem::remove(files.directory / "sys/fs/ext4/pmem0/mb_dax_pmd");
  EXPECT_EQ(faults(), Faults{"placement warning"});
}

TEST_F(Doctor, FindsFallbacksAndTheirReasons) {
  files.put("proc/vmstat", "dax_fault_pte 256\ndax_fault_pmd 32\n"
                           "dax_fault_pmd_fallback 2\n");
  EXPECT_EQ(faults(), Faults{"faults warning"});
  files.put("sys/kernel/tracing/trace",
            "# tracer: nop\n"
            " a-1 [000] ..... 1.0: dax_fault_fallback: dev 259:0 order 9 "
            "reason vma\n"
            " a-1 [000] ..... 1.1: dax_fault_fallback: dev 259:0 order 9 "
            "reason vma\n");
  EXPECT_NE(findings().back().text.find("reasons traced: vma 2"),
            std::string::npos)
      << findings().back().text;
  files.put("proc/vmstat", "nr_free_pages 1\n");
  EXPECT_EQ(faults(), Faults{"faults warning"});
}

TEST_F(Doctor, WarnsOfFilesThatCannotBeRead) {
  // read(2) of a directory fails, for root as well
  const std::vector<std::string> paths = {
      "etc/modprobe.d/pmem.conf/a",
      "proc/mtrr/a",
      "sys/firmware/efi/efivars/MemoryOverwriteRequestControl-a/a",
      "sys/fs/ext4/pmem0/mb_dax_pmd/a",
      "sys/kernel/tracing/trace/a",
  };
  files.put("proc/sys/kernel/osrelease", "7.3.4\n");
  files.put("proc/vmstat", "dax_fault_pte 256\ndax_fault_pmd 32\n"
                           "dax_fault_pmd_fallback 2\n");
  for (const std::string &path : paths) {
    const std::string file = path.substr(0, path.rfind('/'));
    std::filesystem::remove(files.directory / file);
    files.put(path, "");
  }
  EXPECT_EQ(faults(), (Faults{"configuration warning", "erasure warning",
                              "caching warning", "placement warning",
                              "faults warning", "faults warning"}));
  for (const std::string &path : paths) {
    const std::string file = path.substr(0, path.rfind('/'));
    const auto all = findings();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Finding &found) {
      return found.text.find(file) != found.text.npos;
    })) << file;
  }
  // the counts stay
  EXPECT_NE(findings().back().text.find("2 fell back"), std::string::npos);
}

TEST_F(Doctor, FindsBadBlocksAndCaches) {
  put("pmem0/badblocks", "8 8\n");
  put("pmem0/dax/write_cache", "0\n");
  EXPECT_EQ(faults(), (Faults{"bad blocks warning", "write cache warning"}));
}

TEST_F(Doctor, FindsThatThereIsNoDevice) {
  std::filesystem::remove_all(files.directory / "sys/class");
  EXPECT_EQ(faults(), Faults{"devices warning"});
}

} // namespace
} // namespace pmemctl
