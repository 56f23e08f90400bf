// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of what is read from /proc, /sys and the kernel log.
#include "machine.hpp"

#include "recorded_machine.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace pmemctl {
namespace {

namespace fs = std::filesystem;

TEST(Iomem, HasDepthAndName) {
  const auto resources = parse_iomem("00001000-0009fbff : System RAM\n"
                                     "100000000-1ffffffff : System RAM\n"
                                     "  101000000-101ffffff : Kernel code\n");
  ASSERT_EQ(resources.size(), 3U);
  EXPECT_EQ(resources[0].range, (Range{0x1000, 0x9fc00}));
  EXPECT_EQ(resources[0].depth, 0U);
  EXPECT_EQ(resources[2].depth, 1U);
  EXPECT_EQ(resources[2].name, "Kernel code");
}

TEST(Iomem, WithoutAddressesAsksForRoot) {
  try {
    parse_iomem(
        "00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n");
    FAIL();
  } catch (const std::runtime_error &error) {
    EXPECT_NE(std::string(error.what()).find("run as root"), std::string::npos);
  }
}

TEST(Log, HasRamInTheWordsOfAllKernels) {
  EXPECT_EQ(firmware_ram_in("[    0.000000] BIOS-e820: [mem 0x0000000000100000-"
                            "0x00000000bfffffff] usable\n"
                            "6,1,0,-;BIOS-e820: [mem 0x0000000100000000-"
                            "0x00000001ffffffff]  System RAM\n"
                            "BIOS-e820: [gap 0x00000000c0000000-"
                            "0x00000000ffffffff]\n"
                            "BIOS-e820: [mem 0x0000000200000000-"
                            "0x00000002ffffffff] reserved\n"
                            "user: [mem 0x0000000300000000-"
                            "0x00000003ffffffff] usable\n"),
            (Ranges{{0x100000, 0xc0000000}, {4 * GiB, 8 * GiB}}));
}

TEST(BootParams, HaveTheRamDiskAboveFourGiB) {
  std::string data(4096, '\0');
  EXPECT_FALSE(initrd_in_boot_params(data));
  const auto put = [&](std::size_t offset, std::uint32_t value) {
    std::memcpy(data.data() + offset, &value, sizeof(value));
  };
  put(0x218, 0x7f000000);
  put(0x21c, 0x1000000);
  EXPECT_EQ(initrd_in_boot_params(data), (Range{0x7f000000, 0x80000000}));
  put(0x0c0, 2);
  EXPECT_EQ(initrd_in_boot_params(data), (Range{0x27f000000, 0x280000000}));
  EXPECT_FALSE(initrd_in_boot_params("short"));
}

TEST(BootParams, HaveTheMapOfFirmware) {
  std::string data(4096, '\0'), more;
  EXPECT_EQ(firmware_ram_in_boot_params(data, ""), Ranges{});
  EXPECT_EQ(firmware_ram_in_boot_params("short", ""), Ranges{});
  const auto entry = [](std::uint64_t start, std::uint64_t size, char type) {
    std::string text(20, type);
    std::memcpy(text.data(), &start, sizeof(start));
    std::memcpy(text.data() + 8, &size, sizeof(size));
    return text.replace(17, 3, 3, '\0');
  };
  data[0x1e8] = 3;
  data.replace(0x2d0, 60,
               entry(MiB, 2 * GiB, 1) + entry(GiB, MiB, 2) +
                   entry(4 * GiB, GiB, 1) +
                   // not counted
                   entry(32 * GiB, GiB, 1),
               0, 60);
  EXPECT_EQ(firmware_ram_in_boot_params(data, entry(8 * GiB, GiB, 1) + "x"),
            (Ranges{{MiB, GiB},
                    {GiB + MiB, 2 * GiB + MiB},
                    {4 * GiB, 5 * GiB},
                    {8 * GiB, 9 * GiB}}));
}

TEST(Machine, HasNoMemoryThatWasAddedAfterTheBoot) {
  const RecordedMachine files;
  files.put("proc/iomem", "100000000-2ffffffff : System RAM\n");
  for (const auto &[name, range] :
       {std::pair{"0", Range{4 * GiB, 8 * GiB}}, {"1", {8 * GiB, 12 * GiB}}}) {
    const std::string folder = "sys/firmware/memmap/" + std::string(name);
    files.put(folder + "/start", hex(range.start));
    files.put(folder + "/end", hex(range.end - 1));
    files.put(folder + "/type", "System RAM\n");
  }
  const Ranges all = {{4 * GiB, 12 * GiB}}, first = {{4 * GiB, 8 * GiB}};
  EXPECT_EQ(read_machine(files.root()).firmware_ram, all);
  std::string data(4096, '\0');
  data[0x1e8] = 1;
  data[0x2d0 + 4] = 1; // 4 GiB at 4 GiB
  data[0x2d0 + 12] = 1;
  data[0x2d0 + 16] = 1;
  files.put("sys/kernel/boot_params/data", data);
  EXPECT_EQ(read_machine(files.root()).firmware_ram, first);
  // a long map goes on there
  data[0x2d0 + 4] = 2;
  files.put("sys/kernel/boot_params/setup_data/0/type", "0x1\n");
  files.put("sys/kernel/boot_params/setup_data/0/data", data.substr(0x2d0, 20));
  EXPECT_EQ(read_machine(files.root()).firmware_ram, all);
  fs::remove_all(files.directory / "sys/firmware");
  EXPECT_EQ(read_machine(files.root()).firmware_ram, all);
}

TEST(Machine, ComesFromSysIfThatHasAll) {
  const RecordedMachine files;
  files.put("proc/iomem", "00001000-7fffffff : System RAM\n"
                          "100000000-47fffffff : System RAM\n");
  files.put("proc/cmdline", "ro nokaslr crashkernel=512M memmap=1M$4M,2M$8M\n");
  files.put(
      "proc/cpuinfo",
      "flags\t: la57\naddress sizes\t: 39 bits physical, 48 bits virtual\n");
  files.put("proc/sys/kernel/osrelease", "6.12.3-amd64\n");
  files.put("sys/firmware/memmap/0/start", "0x1000\n");
  files.put("sys/firmware/memmap/0/end", "0x7fffffff\n");
  files.put("sys/firmware/memmap/0/type", "System RAM\n");
  files.put("sys/firmware/memmap/1/start", "0x100000000\n");
  files.put("sys/firmware/memmap/1/end", "0x47fffffff\n");
  files.put("sys/firmware/memmap/1/type", "System RAM\n");
  files.put("sys/firmware/memmap/2/start", "0xfec00000\n");
  files.put("sys/firmware/memmap/2/end", "0xfec00fff\n");
  files.put("sys/firmware/memmap/2/type", "Reserved\n");
  files.put("sys/devices/system/memory/block_size_bytes", "8000000\n");
  for (const char *block :
       {"node0/memory0", "node0/memory15", "node1/memory32", "node1/memory33"})
    files.put("sys/devices/system/node/" + std::string(block) + "/state", "");

  const Machine machine = read_machine(files.root());
  EXPECT_TRUE(machine.has_firmware_map);
  EXPECT_EQ(machine.firmware_ram,
            (Ranges{{0x1000, 2 * GiB}, {4 * GiB, 18 * GiB}}));
  EXPECT_EQ(machine.limit, 1ULL << 39);
  EXPECT_FALSE(machine.has_kaslr());
  EXPECT_EQ(machine.parameter("crashkernel"), "512M");
  EXPECT_EQ(machine.memmap_count(), 2U);
  EXPECT_EQ(machine.node_numbers(), (std::vector<int>{0, 1}));
  EXPECT_EQ(machine.node_of({4 * GiB, 4 * GiB + 256 * MiB}), 1);
  EXPECT_EQ(machine.node_of({1920 * MiB, 2 * GiB}), 0);
  EXPECT_EQ(machine.node_of({0, 5 * GiB}), std::nullopt);
}

TEST(Machine, WithMemoryMapsNeedsFiveLevelsForMoreThan64TiB) {
  const RecordedMachine files;
  files.put("proc/iomem", "00001000-7fffffff : System RAM\n");
  files.put("proc/cpuinfo",
            "address sizes\t: 52 bits physical, 48 bits virtual\n");
  EXPECT_EQ(read_machine(files.root()).limit, 1ULL << 46);
  files.put("proc/cpuinfo",
            "address sizes\t: 52 bits physical, 57 bits virtual\n");
  EXPECT_EQ(read_machine(files.root()).limit, 1ULL << 52);
}

TEST(Memmap, IsParsedAsTheKernelParsesIt) {
  const auto memmaps = parse_memmap({"ro", "memmap=32G$32G", "memmap=exactmap",
                                     "memmap=0x10M!1G,64K#3584K", "memmap=8G"});
  ASSERT_EQ(memmaps.size(), 4U);
  EXPECT_EQ(memmaps[0].kind, '$');
  EXPECT_EQ(memmaps[0].range, (Range{32 * GiB, 64 * GiB}));
  EXPECT_EQ(memmaps[1].kind, '!');
  EXPECT_EQ(memmaps[1].range, (Range{GiB, GiB + 16 * MiB}));
  EXPECT_EQ(memmaps[2].kind, '#');
  EXPECT_EQ(memmaps[3].kind, 0);
}

TEST(Memmap, CountsWhatKaslrKeepsOutOf) {
  Machine machine;
  machine.cmdline = {"memmap=exactmap",    "memmap=640K@0,3G@1M",
                     "memmap=64G",         "memmap=1M%4M-1+2",
                     "memmap=4G$8G,1M#4M", "memmap=1G!16G"};
  EXPECT_EQ(machine.memmap_count(), 3U);
}

TEST(Machine, EfiStubTrapIsInLinux6_6To6_9) {
  Machine machine;
  machine.is_efi = true;
  for (const auto &[release, is_trap] :
       std::vector<std::pair<const char *, bool>>{{"6.5.0", false},
                                                  {"6.6.1", true},
                                                  {"6.9.12-amd64", true},
                                                  {"6.10.0", false},
                                                  {"5.10.0", false},
                                                  {"7.3.4", false},
                                                  {"", false}}) {
    machine.release = release;
    EXPECT_EQ(machine.has_efi_stub_trap(), is_trap) << release;
  }
  machine.release = "6.8.0";
  machine.cmdline = {"nokaslr"};
  EXPECT_FALSE(machine.has_efi_stub_trap());
}

TEST(Machine, AllRecordedOnesAreRead) {
  for (const std::string &name : RecordedMachine::names()) {
    const RecordedMachine files(name);
    const Machine machine = read_machine(files.root());
    EXPECT_FALSE(machine.firmware_ram.empty()) << name;
    EXPECT_FALSE(machine.system_ram().empty()) << name;
    EXPECT_FALSE(machine.release.empty()) << name;
  }
  EXPECT_EQ(read_machine(RecordedMachine("server-opteron").root())
                .node_numbers()
                .size(),
            8U);
}

} // namespace
} // namespace pmemctl
