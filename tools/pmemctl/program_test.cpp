// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the command line: each bad input is refused with one line that names it,
/// and changes nothing.
#include "program.hpp"

#include "recorded_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pmemctl {
namespace {

class Program : public testing::Test {
protected:
  Program() {
    const std::string folder = "sys/class/block/";
    files.put(folder + "pmem0/dev", "259:0\n");
    files.put(folder + "pmem0/size", "8388608\n");
    files.put(folder + "pmem0/ro", "0\n");
    files.put(folder + "pmem0/pmem/data_start", "0x100000000\n");
    files.put(folder + "pmem1/dev", "259:1\n");
    files.put(folder + "pmem1/size", "8388608\n");
    files.put(folder + "pmem1/pmem/data_start", "0x200000000\n");
    files.put("proc/self/mountinfo", "30 25 259:1 / /mnt/mem rw - ext4 x rw\n");
    files.put("sys/class/block/sda/dev", "8:0\n");
    files.put("dev/pmem0", "a file");
    files.put("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
    files.put("etc/fstab", "/dev/sdb1 /mnt/used ext4 defaults 0 2\n");
  }

  /// Runs it on the recorded machine.
  /// @return its exit status; its output is in out and error
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"pmemctl", "--root", files.directory.string()});
    std::vector<char *> pointers;
    for (std::string &argument : arguments)
      pointers.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status =
        run_program(static_cast<int>(pointers.size()), pointers.data());
    out = testing::internal::GetCapturedStdout();
    error = testing::internal::GetCapturedStderr();
    return status;
  }

  /// All files with their contents.
  std::map<std::string, std::string> snapshot() const {
    std::map<std::string, std::string> contents;
    namespace fs = std::filesystem;
    for (const auto &entry :
         fs::recursive_directory_iterator(files.directory)) {
      const std::string path = fs::relative(entry.path(), files.directory);
      contents[path] = entry.is_regular_file() ? files.text_of(path) : "";
    }
    return contents;
  }

  RecordedMachine files{"vm-two-nodes"};
  std::string out, error;
};

TEST_F(Program, RefusesBadInputsWithOneLineAndChangesNothing) {
  const std::string no_size = ": expected a number of GiB, or one with K, M, G "
                              "or T, from 2M to 4096T";
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{}, "A command is required"},
      {{"fly"}, "fly"},
      {{"plan"}, "SIZE is required"},
      {{"plan", ""}, "SIZE: " + no_size},
      {{"plan", "0"}, "SIZE: 0" + no_size},
      {{"plan", "x"}, "SIZE: x" + no_size},
      {{"plan", "1.5G"}, "SIZE: 1.5G" + no_size},
      {{"plan", "1GB"}, "SIZE: 1GB" + no_size},
      {{"plan", "0x10"}, "SIZE: 0x10" + no_size},
      {{"plan", "1M"}, "SIZE: 1M" + no_size},
      {{"plan", "4097T"}, "SIZE: 4097T" + no_size},
      {{"plan", "18446744073709551616K"},
       "SIZE: 18446744073709551616K" + no_size},
      {{"plan", "1\n2"}, "SIZE: 1?2" + no_size},
      {{"plan", "3M"}, "SIZE: 3M: must be a multiple of 2 MiB; use 2M or 4M"},
      {{"plan", "1G", "2G"}, "2G"},
      {{"plan", "1G", "--count", "0"},
       "--count: 0: expected a number from 1 to 1024"},
      {{"plan", "1G", "--count", "1025"},
       "--count: 1025: expected a number from 1 to 1024"},
      {{"plan", "1G", "--count", "two"},
       "--count: two: expected a number from 1 to 1024"},
      {{"plan", "1G", "--count", "3"},
       "--count: 3: must divide 1G into multiples of 2 MiB; use 2"},
      {{"plan", "1G", "--node", "2"},
       "--node: 2: no such node with memory; use one of 0, 1"},
      {{"plan", "1G", "--node", "-1"},
       "--node: -1: expected a number from 0 to 1023"},
      {{"plan", "1G", "--node", "1024"},
       "--node: 1024: expected a number from 0 to 1023"},
      {{"plan", "1G", "--nod"}, "--nod"},
      {{"apply"}, "RANGE is required"},
      {{"apply", "32G"}, "32G: expected SIZE@START[/COUNT], such as 32G@32G/4"},
      {{"apply", "4G$16G"},
       "4G$16G: expected SIZE@START[/COUNT], such as 32G@32G/4"},
      {{"apply", "4G@16G/3"},
       "4G@16G/3: count: 3: must divide 4G into multiples of 2 MiB; use 2"},
      {{"apply", "3M@16G"}, "3M: must be a multiple of 2 MiB; use 2M or 4M"},
      {{"apply", "4G@2G"}, "4G@2G: not all of it is RAM"},
      {{"apply", "4G@63G"}, "4G@63G: not all of it is RAM"},
      {{"apply", "4G@64T"},
       "4G@64T: ends above 64T, the physical address limit"},
      {{"apply", "4G@16G", "--mount", "mem"},
       "--mount: mem: expected the absolute path of a directory"},
      {{"apply", "4G@16G", "--mount", "/mnt/used"},
       "--mount: /mnt/used: /etc/fstab has /dev/sdb1 there already"},
      {{"apply", "4G@16G", "--type", "vfat"},
       "--type: vfat: expected ext4 or xfs, which have DAX"},
      {{"apply", "4G@16G", "--update"},
       "--update: runs commands on the running system; leave out --root"},
      {{"undo", "now"}, "now"},
      {{"survival"}, "A command is required"},
      {{"survival", "write"}, "DEVICE is required"},
      {{"survival", "erase", "pmem0"}, "erase"},
      {{"survival", "write", "pmem9", "--yes"},
       "pmem9: no such block device; see pmemctl list"},
      {{"survival", "write", "sda", "--yes"},
       "sda: is not in memory at a known address; name a pmem device"},
      {{"survival", "write", "/etc/passwd", "--yes"},
       "/etc/passwd: no such block device; see pmemctl list"},
      {{"survival", "write", "pmem1", "--yes"},
       "pmem1: is mounted at /mnt/mem; unmount it first"},
      {{"survival", "write", "pmem0", "--yes", "--force"},
       "/dev/pmem0: is not block device 259:0; remove it, and load the driver"},
      {{"survival", "check", "pmem1"},
       "pmem1: is mounted at /mnt/mem; unmount it first"},
      {{"survival", "check", "pmem0", "--seed", "-1"},
       "--seed: -1: expected a number from 0 to 18446744073709551615"},
      {{"survival", "check", "pmem0", "--yes"}, "--yes"},
  };
  EXPECT_GE(cases.size(), 30U);
  const auto before = snapshot();
  for (const Case &bad : cases) {
    EXPECT_EQ(run(bad.arguments), 2) << bad.message;
    EXPECT_EQ(out, "");
    EXPECT_TRUE(error.starts_with("pmemctl: ")) << error;
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
    EXPECT_NE(error.find(bad.message), error.npos)
        << error << " lacks " << bad.message;
    EXPECT_EQ(snapshot(), before);
  }
}

TEST_F(Program, PlanHasTheSameAnswerAsTextAndJson) {
  EXPECT_EQ(run({"plan", "16G", "--count", "4", "--node", "1"}), 0) << error;
  EXPECT_EQ(error, "");
  EXPECT_NE(out.find("kernel command line: memmap=16G$"), out.npos) << out;
  const std::size_t at = out.find("memmap=");
  const std::string memmap = out.substr(at, out.find('\n', at) - at);

  for (const std::vector<std::string> &arguments :
       {std::vector<std::string>{"--json", "plan", "16G", "-c4", "-n1"},
        std::vector<std::string>{"plan", "16G", "-c4", "-n1", "--json"}}) {
    EXPECT_EQ(run(arguments), 0) << error;
    const auto object = nlohmann::json::parse(out);
    EXPECT_EQ(object["proposal"]["memmap"], memmap);
    EXPECT_EQ(object["proposal"]["node"], 1);
    EXPECT_EQ(object["proposal"]["count"], 4);
    EXPECT_GT(object["candidates"].size(), 3U);
  }
}

TEST_F(Program, PlanFailsIfNothingFits) {
  EXPECT_EQ(run({"plan", "1T"}), 1);
  EXPECT_EQ(error, "pmemctl: SIZE: 1T: no range is large enough; use at most "
                   "32G\n");
  EXPECT_NE(out.find("too small"), out.npos);
  EXPECT_EQ(run({"plan", "1T", "--json"}), 1);
  EXPECT_TRUE(nlohmann::json::parse(out)["proposal"].is_null());
}

TEST_F(Program, DryRunShowsADiffAndChangesNothing) {
  const auto before = snapshot();
  EXPECT_EQ(run({"apply", "4G@16G/2", "--mount", "/mnt/new", "--dry-run"}), 0)
      << error;
  EXPECT_EQ(snapshot(), before);
  EXPECT_NE(out.find("+++ /etc/modprobe.d/pmem.conf\n@@ -0,0 +1,2 @@\n"),
            out.npos)
      << out;
  EXPECT_NE(out.find("\n+GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX "
                     "memmap=4G\\\\\\$16G\"\n"),
            out.npos)
      << out;

  EXPECT_EQ(run({"apply", "4G@16G/2", "--mount", "/mnt/new"}), 0) << error;
  EXPECT_NE(out.find("next: grub-mkconfig -o /boot/grub/grub.cfg && reboot"),
            out.npos)
      << out;
  const auto after = snapshot();
  EXPECT_NE(after, before);
  EXPECT_EQ(run({"apply", "4G@16G/2", "--mount", "/mnt/new"}), 0) << error;
  EXPECT_EQ(out, "nothing to do\n");
  EXPECT_EQ(snapshot(), after);

  EXPECT_EQ(run({"undo", "--dry-run", "--json"}), 0) << error;
  EXPECT_EQ(nlohmann::json::parse(out)["files"].size(), 4U);
  EXPECT_EQ(snapshot(), after);
  EXPECT_EQ(run({"undo"}), 0) << error;
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(run({"undo"}), 0) << error;
  EXPECT_EQ(out, "nothing to do\n");
}

TEST_F(Program, ApplyWarnsOfTheRamDiskEachTime) {
  for (const char *last : {"reboot\n", "nothing to do\n"}) {
    EXPECT_EQ(run({"apply", "32M@832M"}), 0) << error;
    EXPECT_NE(out.find("note: the boot loader put the initial RAM disk into "
                       "this range"),
              out.npos)
        << out;
    EXPECT_TRUE(out.ends_with(last)) << out;
  }
}

TEST_F(Program, ApplyHasTheNotesOfPlan) {
  const std::string note =
      "note: Linux 6.6.0 started by UEFI can place itself in memmap= ranges";
  for (const std::vector<std::string> &arguments :
       {std::vector<std::string>{"plan", "4G"},
        std::vector<std::string>{"apply", "4G@16G", "--dry-run"}}) {
    std::filesystem::remove_all(files.directory / "sys/firmware/efi");
    EXPECT_EQ(run(arguments), 0) << error;
    EXPECT_EQ(out.find(note), out.npos) << out;
    files.put("sys/firmware/efi/fw_platform_size", "64\n");
    EXPECT_EQ(run(arguments), 0) << error;
    EXPECT_NE(out.find(note), out.npos) << out;
  }
}

TEST_F(Program, ListHasALineForEachDevice) {
  files.put("proc/self/mountinfo",
            "30 25 259:1 / /a\\012\xff rw - ext4 x rw\n");
  EXPECT_EQ(run({"list"}), 0) << error;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << out;
  EXPECT_EQ(run({"list", "--json"}), 0) << error;
  const auto devices = nlohmann::json::parse(out)["devices"];
  EXPECT_EQ(devices[1]["mounts"][0]["directory"], "/a\n\xef\xbf\xbd");
}

TEST_F(Program, HelpOfEachCommandNamesIt) {
  for (const char *command : {"plan", "apply", "undo", "survival"}) {
    EXPECT_EQ(run({command, "--help"}), 0);
    EXPECT_NE(out.find(std::string("pmemctl ") + command), out.npos) << out;
  }
}

} // namespace
} // namespace pmemctl
