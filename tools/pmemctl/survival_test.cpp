// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the pattern, of the judgement of pages, and of a device that is a file.
#include "survival_io.hpp"
#include "survival_report.hpp"

#include "descriptor.hpp"
#include "random.hpp"
#include "recorded_machine.hpp"
#include "signature.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace pmemctl {
namespace {

using Words = std::array<std::uint64_t, PageSize / 8>;

Words pattern(std::uint64_t seed, std::uint64_t address) {
  Words words;
  fill_page({seed, address}, words);
  return words;
}

TEST(Pattern, DiffersBySeedAndAddress) {
  const Words one = pattern(1, 4 * GiB);
  EXPECT_EQ(judge(one, {1, 4 * GiB}), Fate::survived);
  EXPECT_EQ(judge(one, {2, 4 * GiB}), Fate::stale);
  EXPECT_EQ(judge(one, {1, 4 * GiB + PageSize}), Fate::stale);
  std::size_t same = 0;
  for (std::size_t i = 4; i < one.size(); i++)
    same += one[i] == pattern(1, 4 * GiB + PageSize)[i];
  EXPECT_EQ(same, 0U);
}

TEST(Pattern, IsStableBetweenVersions) {
  // a new version has to judge what an old one wrote before the reboot
  const Words page = pattern(1, 4 * GiB);
  EXPECT_EQ(std::memcmp(page.data(), "pmemctl1", 8), 0);
  std::uint64_t sum = 0;
  for (const std::uint64_t word : page)
    sum = sum * 31 + word;
  EXPECT_EQ(sum, 6768153944447884976U);
}

TEST(Judge, SeesEachChangedBit) {
  const PatternName name{7, 32 * GiB};
  dax::Random random(1);
  for (int i = 0; i < 2000; i++) {
    Words page = pattern(name.seed, name.address);
    page[random.below(page.size())] ^= 1ULL << random.below(64);
    EXPECT_EQ(judge(page, name), Fate::partial);
    EXPECT_FALSE(whole_pattern(page));
  }
}

TEST(Judge, TellsZeroesFromOther) {
  const PatternName name{7, 32 * GiB};
  Words page{};
  EXPECT_EQ(judge(page, name), Fate::zeroes);
  page.back() = 1;
  EXPECT_EQ(judge(page, name), Fate::other);
  page = pattern(name.seed, name.address);
  std::fill(page.begin() + page.size() / 8, page.end(), 0);
  EXPECT_EQ(judge(page, name), Fate::partial);
  std::fill(page.begin() + page.size() / 8 - 1, page.end(), 1);
  EXPECT_EQ(judge(page, name), Fate::other);
}

TEST(Survival, JoinsNeighboursWithTheSameFate) {
  Survival survival(4 * GiB, 8);
  for (const Fate fate :
       {Fate::survived, Fate::zeroes, Fate::zeroes, Fate::other, Fate::survived,
        Fate::other, Fate::other, Fate::survived})
    survival.add(fate);
  EXPECT_EQ(survival.lost(),
            (std::vector<LostRun>{{4 * GiB + PageSize, 2, Fate::zeroes},
                                  {4 * GiB + 3 * PageSize, 1, Fate::other},
                                  {4 * GiB + 5 * PageSize, 2, Fate::other}}));
  EXPECT_EQ(survival.count(Fate::survived), 3U);
  EXPECT_EQ(survival.map(), ".00x.xx.");
  EXPECT_FALSE(survival.is_whole());
}

TEST(Survival, MapMarksEachPartWithALostPage) {
  for (const std::uint64_t pages : {64ULL, 65ULL, 100ULL, 512ULL, 1000ULL}) {
    for (std::uint64_t lost = 0; lost < pages; lost++) {
      Survival survival(0, pages);
      for (std::uint64_t page = 0; page < pages; page++)
        survival.add(page == lost ? Fate::zeroes : Fate::survived);
      std::string expected(64, '.');
      expected[lost * 64 / pages] = '0';
      EXPECT_EQ(survival.map(), expected) << lost << '/' << pages;
    }
    Survival all(0, pages);
    for (std::uint64_t page = 0; page < pages; page++)
      all.add(Fate::other);
    EXPECT_EQ(all.map(), std::string(64, 'x'));
  }
}

/// A file in place of a device.
class OnFile : public testing::Test {
protected:
  OnFile() {
    if (ftruncate(file.get(), static_cast<off_t>(memory.size())))
      dax::fail(name);
    write_pattern(device, memory, Seed, [](std::uint64_t) {});
  }
  void overwrite(std::uint64_t offset, const std::string &text) {
    ASSERT_EQ(pwrite(file.get(), text.data(), text.size(),
                     static_cast<off_t>(offset)),
              static_cast<ssize_t>(text.size()));
  }

  Survival check(std::uint64_t seed = Seed) {
    return check_pattern(device, memory, seed, [](std::uint64_t) {});
  }

  static constexpr std::uint64_t Seed = 42;
  /// the last chunk is not a whole one
  const Range memory{4 * GiB, 4 * GiB + 5 * MiB};
  const RecordedMachine files; // a directory of its own
  const std::string name = files.directory / "device";
  const dax::Descriptor file{name, O_RDWR | O_CREAT | O_TRUNC, 0600};
  const OpenDevice device{file.get(), name};
};

TEST_F(OnFile, AllSurvivesIfNothingIsWritten) {
  const Survival survival = check();
  EXPECT_TRUE(survival.is_whole());
  EXPECT_EQ(survival.count(Fate::survived), 1280U);
  EXPECT_EQ(survival.map(), std::string(64, '.'));
  EXPECT_EQ(find_seed(device, memory), Seed);
}

TEST_F(OnFile, NamesExactlyTheOverwrittenPages) {
  overwrite(MiB, std::string(3 * PageSize, '\0'));
  overwrite(4 * MiB + 100, "a few bytes");
  overwrite(5 * MiB - PageSize, std::string(PageSize, 'x'));
  EXPECT_EQ(
      check().lost(),
      (std::vector<LostRun>{{4 * GiB + MiB, 3, Fate::zeroes},
                            {4 * GiB + 4 * MiB, 1, Fate::partial},
                            {4 * GiB + 5 * MiB - PageSize, 1, Fate::other}}));
}

TEST_F(OnFile, AnOlderRunIsStale) {
  EXPECT_EQ(check(Seed + 1).count(Fate::stale), 1280U);
  // the device is at another address than when it was written
  const Survival moved =
      check_pattern(device, {8 * GiB, 8 * GiB + 5 * MiB}, Seed, [](auto) {});
  EXPECT_EQ(moved.count(Fate::stale), 1280U);
  EXPECT_FALSE(find_seed(device, {8 * GiB, 8 * GiB + 5 * MiB}));
}

TEST_F(OnFile, TheSeedIsFoundOnTheLastPageThatHasIt) {
  overwrite(0, std::string(5 * MiB - PageSize, '\xff'));
  EXPECT_EQ(find_seed(device, memory), Seed);
  EXPECT_EQ(check().count(Fate::survived), 1U);
}

TEST_F(OnFile, APatternHidesNoSignatureOnOtherPages) {
  EXPECT_EQ(signature_on(device, memory.size()), "");
  overwrite(0x10000, std::string(PageSize, '\0'));
  overwrite(0x10040, "_BHRfS_M");
  EXPECT_EQ(signature_on(device, memory.size()), "btrfs");
  overwrite(0, std::string(PageSize, '\0'));
  overwrite(0, "XFSB");
  EXPECT_EQ(signature_on(device, memory.size()), "xfs");
  EXPECT_EQ(signature_on(device, PageSize), "xfs");
}

TEST_F(OnFile, RaidIsFoundAtTheEnd) {
  for (const std::uint64_t size : {5 * MiB, 5 * MiB - 4 * KiB}) {
    for (const std::uint64_t offset :
         {(size & ~65535ULL) - 65536, (size - 8192) & ~4095ULL}) {
      write_pattern(device, memory, Seed, [](std::uint64_t) {});
      EXPECT_EQ(signature_on(device, size), "");
      overwrite(offset, "\xfc\x4e\x2b\xa9");
      EXPECT_EQ(signature_on(device, size), "linux_raid_member") << offset;
    }
  }
}

TEST_F(OnFile, APatternIsNoSignature) {
  // a boot sector's mark, in a pattern that happens to have it
  for (std::uint64_t seed = 0;; seed++) {
    const Words page = pattern(seed, memory.start);
    if (page[63] >> 48 != 0xaa55)
      continue;
    overwrite(0, {reinterpret_cast<const char *>(page.data()), PageSize});
    break;
  }
  EXPECT_EQ(signature_on(device, memory.size()), "");
  overwrite(PageSize - 1, "x");
  EXPECT_EQ(signature_on(device, memory.size()), "dos");
}

TEST_F(OnFile, ReportsHaveCountsRunsAndMap) {
  overwrite(MiB, std::string(3 * PageSize, '\0'));
  const Survival survival = check();
  std::ostringstream text, json;
  write_survival(text, "/dev/pmem0", Seed, survival);
  EXPECT_EQ(text.str().substr(0, text.str().find("map")),
            "/dev/pmem0: 1280 pages of 4 KiB at 0x100000000, seed 42\n"
            "FATE     PAGES    SHARE\n"
            "survived  1277 99.766 %\n"
            "zeroes       3  0.234 %\n"
            "\n"
            "LOST        LAST        PAGES NOW\n"
            "0x100100000 0x100102fff     3 zeroes\n"
            "\n");
  write_survival_json(json, "pmem0", Seed, survival);
  const auto object = nlohmann::json::parse(json.str());
  EXPECT_EQ(object["counts"]["survived"], 1277);
  EXPECT_EQ(object["lost"], nlohmann::json::parse(
                                R"([{"address": 4296015872, "pages": 3,
                                     "now": "zeroes"}])"));
  EXPECT_EQ(object["map"].get<std::string>().size(), 64U);
}

TEST(Signature, IsFoundAtItsPlace) {
  std::string head(SignatureBytes, '\0');
  EXPECT_EQ(signature_in(head), "");
  const auto with = [&](std::size_t offset, const std::string &bytes) {
    std::string text = head;
    text.replace(offset, bytes.size(), bytes);
    return signature_in(text);
  };
  EXPECT_EQ(with(0, "XFSB"), "xfs");
  EXPECT_EQ(with(0x438, "\x53\xef"), "ext2");
  EXPECT_EQ(with(0x10040, "_BHRfS_M"), "btrfs");
  EXPECT_EQ(with(4086, "SWAPSPACE2"), "swap");
  EXPECT_EQ(with(512, "EFI PART"), "gpt");
  EXPECT_EQ(with(510, "\x55\xaa"), "dos");
  EXPECT_EQ(with(0x218, "LVM2 001"), "LVM2_member");
  EXPECT_EQ(with(0, "\xfc\x4e\x2b\xa9"), "linux_raid_member");
  EXPECT_EQ(with(3, "-FVE-FS-"), "BitLocker");
  EXPECT_EQ(with(0x406, "44"), "nilfs2");
  EXPECT_EQ(with(0x8000, "JFS1"), "jfs");
  EXPECT_EQ(with(0x8001, "CD001"), "iso9660");
  EXPECT_EQ(with(0x10000, "\x01\x16\x19\x70"), "gfs2");
  EXPECT_EQ(with(0x10034, "ReIsErFs"), "reiserfs");
  EXPECT_EQ(with(0x10034, "ReIsEr2Fs"), "reiserfs");
  const std::string uberblock("\x0c\xb1\xba\0\0\0\0\0", 8);
  EXPECT_EQ(with(128 * KiB, uberblock), "zfs_member");
  EXPECT_EQ(with(255 * KiB, uberblock), "zfs_member");
  EXPECT_EQ(with(127 * KiB, uberblock), "");
  EXPECT_EQ(with(255 * KiB + 512, uberblock), "");
  EXPECT_EQ(signature_in("XFSB"), "xfs");
  EXPECT_EQ(signature_in(""), "");
}

} // namespace
} // namespace pmemctl
