// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of apply and undo: what is written for each boot loader, and that undo leaves
/// the files as they were.
#include "apply.hpp"

#include "recorded_machine.hpp"
#include "setup.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

std::vector<ino_t> synced_directories;

} // namespace

/// Stands in for that of the C library, and notes the directories.
extern "C" int fsync(int fd) {
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
    synced_directories.push_back(status.st_ino);
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace pmemctl {
namespace {

namespace fs = std::filesystem;

constexpr char Grub[] = "# comment\nGRUB_DEFAULT=0\n"
                        "GRUB_CMDLINE_LINUX=\"console=ttyS0 a\\\\\\$b\"\n";
constexpr char FstabText[] =
    "# <file system> \xe9\n/dev/sda1 / ext4 defaults 0 1";

class Apply : public testing::Test {
protected:
  Apply() { files.put("etc/fstab", FstabText); }

  void add_grub(bool has_drop_ins) {
    files.put("etc/default/grub", Grub);
    files.put("usr/sbin/grub-mkconfig",
              has_drop_ins
                  ? "for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n"
                  : "if test -f ${sysconfdir}/default/grub ; then\n");
    files.put("usr/sbin/update-grub", "");
  }

  Work apply(const std::string &range, const std::string &mount = "") {
    const Work work =
        work_to_apply(files.root(), {parse_range(range), mount, "ext4"});
    do_work(files.root(), work);
    return work;
  }

  void undo() { do_work(files.root(), work_to_undo(files.root())); }

  /// All files with contents and permissions, and all directories.
  std::map<std::string, std::string> snapshot() const {
    std::map<std::string, std::string> contents;
    for (const auto &entry :
         fs::recursive_directory_iterator(files.directory)) {
      const std::string path = fs::relative(entry.path(), files.directory);
      struct stat status {};
      stat(entry.path().c_str(), &status);
      contents[path] = std::to_string(status.st_mode) +
                       (entry.is_regular_file() ? files.text_of(path) : "");
    }
    return contents;
  }

  std::string error(const std::string &range, const std::string &mount = "") {
    try {
      work_to_apply(files.root(), {parse_range(range), mount, "ext4"});
      return "";
    } catch (const std::exception &error) {
      return error.what();
    }
  }

  /// What a shell script prints in the directory of the files.
  std::string shell(const std::string &script) const {
    const std::string command =
        "cd " + files.directory.string() + " && sh -c '" + script + "'";
    std::string text;
    FILE *pipe = popen(command.c_str(), "r");
    for (int c; (c = std::fgetc(pipe)) != EOF;)
      text += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0);
    return text;
  }

  /// The words of a line as GRUB's parser reads them: a backslash quotes a character.
  static std::string parsed_by_grub(const std::string &line) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); i++) {
      EXPECT_NE(line[i], '$') << "GRUB expands a variable in " << line;
      text += line[i] == '\\' ? line[++i] : line[i];
    }
    return text;
  }

  RecordedMachine files;
};

TEST_F(Apply, DropInGivesTheKernelTheDollarSign) {
  add_grub(true);
  // sets the variable without its earlier value, as cloud images do
  files.put("etc/default/grub.d/serial.cfg",
            "GRUB_CMDLINE_LINUX=\"console=ttyS0 a\\\\\\$b\"\n");
  const Work work = apply("32G@32G/4");
  EXPECT_EQ(files.text_of("etc/default/grub"), Grub);
  // as grub-mkconfig reads both, and writes the value into grub.cfg
  const std::string value =
      shell(". ./etc/default/grub; for x in ./etc/default/grub.d/*.cfg; do . "
            "\"$x\"; done; printf %s \"$GRUB_CMDLINE_LINUX\"");
  EXPECT_EQ(value, "console=ttyS0 a\\$b memmap=32G\\$32G");
  EXPECT_EQ(parsed_by_grub(value), "console=ttyS0 a$b memmap=32G$32G");
  EXPECT_EQ(work.commands, std::vector<std::string>{"update-grub"});
}

TEST_F(Apply, DropInIsEnoughForGrubWithoutItsMainFile) {
  add_grub(true);
  fs::remove(files.directory / "etc/default/grub");
  // GRUB's programs alone are no boot loader
  EXPECT_THROW(apply("32G@32G"), std::runtime_error);
  files.put("boot/grub/grub.cfg", "menuentry a {\n}\n");
  apply("32G@32G");
  EXPECT_NE(files.text_of("etc/default/grub.d/zz-pmem.cfg").find("memmap=32G"),
            std::string::npos);
  EXPECT_FALSE(files.root().has("etc/default/grub"));
}

TEST_F(Apply, OnlyOneAtATime) {
  std::optional<dax::Descriptor> first(lock(files.root()));
  EXPECT_THROW(lock(files.root()), std::runtime_error);
  first.reset();
  EXPECT_NO_THROW(lock(files.root()));
}

TEST(Lock, CannotBeHeldByAUserWhoLocksTheRootDirectory) {
  const dax::Descriptor user("/", O_RDONLY | O_DIRECTORY);
  flock(user.get(), LOCK_EX | LOCK_NB);
  try {
    const dax::Descriptor first = lock(Root());
    struct stat status {};
    ASSERT_EQ(fstat(first.get(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0600U);
    EXPECT_THROW(lock(Root()), std::runtime_error);
  } catch (const std::system_error &error) {
    // those who are not root cannot open it
    EXPECT_EQ(error.code().value(), EACCES) << error.what();
  }
}

TEST_F(Apply, NamesTheMenuThatLacksTheParameter) {
  EXPECT_EQ(menu_without(Files(files.root()), "memmap=1G$4G"), "");
  files.put("boot/grub/grub.cfg", "linux /vmlinuz ro memmap=1G\\$4G\n");
  EXPECT_EQ(menu_without(Files(files.root()), "memmap=1G$4G"), "");
  EXPECT_EQ(menu_without(Files(files.root()), "memmap=1G$5G"),
            "boot/grub/grub.cfg");
  // GRUB takes this dollar sign for a variable
  files.put("boot/grub/grub.cfg", "linux /vmlinuz ro memmap=1G$4G\n");
  EXPECT_EQ(menu_without(Files(files.root()), "memmap=1G$4G"),
            "boot/grub/grub.cfg");
}

TEST_F(Apply, WithoutDropInsGrubsFileIsExtended) {
  add_grub(false);
  apply("32G@32G");
  EXPECT_FALSE(files.root().has("etc/default/grub.d"));
  EXPECT_EQ(shell(". ./etc/default/grub; printf %s \"$GRUB_CMDLINE_LINUX\""),
            "console=ttyS0 a\\$b memmap=32G\\$32G");
}

TEST_F(Apply, SystemdBootsEntriesAndKernelInstallNeedNoEscape) {
  files.put("boot/loader/loader.conf", "timeout 3\n");
  files.put("boot/loader/entries/a.conf",
            "title A\nlinux /a\noptions root=/dev/sda1 ro\n");
  files.put("boot/loader/entries/b.conf",
            "options\troot=/dev/sda1\noptions ro\ninitrd /b");
  files.put("boot/loader/entries/README", "options a\n");
  files.put("etc/kernel/cmdline", "root=/dev/sda1 ro");
  apply("4G@8G");
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"),
            "title A\nlinux /a\noptions root=/dev/sda1 ro memmap=4G$8G\n");
  EXPECT_EQ(files.text_of("boot/loader/entries/b.conf"),
            "options\troot=/dev/sda1\noptions ro memmap=4G$8G\ninitrd /b");
  EXPECT_EQ(files.text_of("boot/loader/entries/README"), "options a\n");
  EXPECT_EQ(files.text_of("etc/kernel/cmdline"),
            "root=/dev/sda1 ro memmap=4G$8G");
}

TEST_F(Apply, ImagesAreBuiltWithWhatKernelInstallHas) {
  files.put("etc/kernel/cmdline", "root=/dev/sda1 ro\n");
  files.put("boot/EFI/Linux/a.efi", "");
  files.put("usr/bin/kernel-install", "add remove inspect");
  Work work = apply("4G@8G");
  EXPECT_EQ(work.commands, std::vector<std::string>{});
  EXPECT_EQ(work.notes,
            std::vector<std::string>{
                "run kernel-install add for each kernel; add-all is not known "
                "here"});
  EXPECT_EQ(work_to_undo(files.root()).notes, work.notes);
  undo();
  files.put("usr/bin/kernel-install", "add add-all remove inspect");
  work = apply("4G@8G");
  EXPECT_EQ(work.commands, std::vector<std::string>{"kernel-install add-all"});
  EXPECT_EQ(work.notes, std::vector<std::string>{});
}

TEST_F(Apply, ExtendedBootPartitionHasItsEntriesExtended) {
  // beside the EFI system partition, which has the other file
  files.put("efi/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options ro\n");
  apply("4G@8G");
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"),
            "options ro memmap=4G$8G\n");
  undo();
  fs::remove_all(files.directory / "efi");
  files.put("boot/loader/entries.srel", "type1\n");
  apply("4G@8G");
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"),
            "options ro memmap=4G$8G\n");
}

TEST_F(Apply, KernelInstallHasToRunWhereNothingElseHasTheParameter) {
  files.put("etc/kernel/cmdline", "ro\n");
  files.put("usr/bin/kernel-install", "add-all");
  EXPECT_EQ(apply("4G@8G").commands,
            std::vector<std::string>{"kernel-install add-all"});
  undo();
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options ro\n");
  EXPECT_EQ(apply("4G@8G").commands, std::vector<std::string>{});
}

TEST_F(Apply, ProxmoxCopiesTheCommandLine) {
  add_grub(true);
  files.put("etc/kernel/cmdline", "root=ZFS=a boot=zfs\n");
  files.put("etc/kernel/proxmox-boot-uuids", "ABCD-0123\n");
  const std::vector<std::string> commands = {"update-grub",
                                             "proxmox-boot-tool refresh"};
  EXPECT_EQ(apply("4G@8G").commands, commands);
  EXPECT_EQ(files.text_of("etc/kernel/cmdline"),
            "root=ZFS=a boot=zfs memmap=4G$8G\n");
  EXPECT_EQ(work_to_undo(files.root()).commands, commands);
}

TEST_F(Apply, MkinitcpioBuildsItsImages) {
  const std::vector<std::string> commands = {"mkinitcpio -P"};
  files.put("etc/mkinitcpio.d/linux.preset",
            "PRESETS=(default)\n default_uki=/efi/EFI/Linux/arch.efi\n");
  files.put("efi/EFI/Linux/arch.efi", "");
  files.put("usr/bin/kernel-install", "add-all");
  files.put("etc/kernel/cmdline", "ro\n");
  EXPECT_EQ(apply("4G@8G").commands, commands);
  EXPECT_EQ(files.text_of("etc/kernel/cmdline"), "ro memmap=4G$8G\n");
  undo();
  fs::remove(files.directory / "etc/kernel/cmdline");
  files.put("etc/cmdline.d/root.conf", "ro\n");
  EXPECT_EQ(apply("4G@8G").commands, commands);
  EXPECT_EQ(files.text_of("etc/cmdline.d/zz-pmem.conf"), "memmap=4G$8G\n");
  EXPECT_EQ(work_to_undo(files.root()).commands, commands);
  undo();
  EXPECT_FALSE(files.root().has("etc/cmdline.d/zz-pmem.conf"));
  // without images, it reads none of these files
  files.put("etc/mkinitcpio.d/linux.preset", "#default_uki=/efi/a.efi\n");
  fs::remove_all(files.directory / "efi");
  EXPECT_NE(error("4G@8G"), "");
}

TEST_F(Apply, MkinitcpioCanHaveAnotherCommandLine) {
  const std::string preset = "etc/mkinitcpio.d/linux.preset";
  const std::string images = "default_uki=\"/efi/EFI/Linux/arch.efi\"\n";
  const std::string note =
      "/efi/EFI/Linux has unified kernel images, whose command lines pmemctl "
      "does not change; add memmap=4G$8G where they are built from, build them "
      "again, and check /proc/cmdline after the boot";
  files.put("etc/kernel/cmdline", "ro\n");
  for (const char *options :
       {"default_options=\"--cmdline /etc/other --splash /a\"\n",
        "default_options=(--splash /a '--cmdline=/etc/other')\n",
        "default_options=--no-cmdline\n"}) {
    files.put(preset, images + options);
    EXPECT_EQ(error("4G@8G"), note) << options;
  }
  for (const char *options :
       {"default_options=\"--splash /a\"\n",
        "default_options=\"--cmdline /etc/kernel/cmdline\"\n",
        "#default_options=--no-cmdline\n",
        // of a preset that makes no unified image
        "fallback_options=--no-cmdline\n"}) {
    files.put(preset, images + options);
    const Work work = apply("4G@8G");
    EXPECT_EQ(work.commands, std::vector<std::string>{"mkinitcpio -P"});
    EXPECT_EQ(work.notes, std::vector<std::string>{}) << options;
    undo();
  }
  // one of two
  files.put(preset, images + "fallback_uki=/efi/EFI/Linux/fallback.efi\n"
                             "fallback_options=\"--cmdline /etc/other\"\n");
  const Work work = apply("4G@8G");
  EXPECT_EQ(work.commands, std::vector<std::string>{"mkinitcpio -P"});
  EXPECT_EQ(work.notes, std::vector<std::string>{note});
  EXPECT_EQ(files.text_of("etc/kernel/cmdline"), "ro memmap=4G$8G\n");
}

TEST_F(Apply, ImagesWithAnUnknownCommandLineAreNamed) {
  files.put("efi/EFI/Linux/arch.efi", "");
  const std::string note =
      "/efi/EFI/Linux has unified kernel images, whose command lines pmemctl "
      "does not change; add memmap=4G$8G where they are built from, build them "
      "again, and check /proc/cmdline after the boot";
  EXPECT_EQ(error("4G@8G"), note);
  add_grub(true);
  EXPECT_EQ(apply("4G@8G").notes, std::vector<std::string>{note});
  EXPECT_EQ(work_to_undo(files.root()).notes, std::vector<std::string>{});
}

TEST_F(Apply, KernelInstallsWordIsNotPutIntoAComment) {
  files.put("etc/kernel/cmdline", "# for all kernels\nroot=/dev/sda1 ro\n\n");
  apply("4G@8G");
  EXPECT_EQ(files.text_of("etc/kernel/cmdline"),
            "# for all kernels\nroot=/dev/sda1 ro memmap=4G$8G\n\n");
}

TEST_F(Apply, TheWordComesBeforeACarriageReturn) {
  const std::string entry = "title A\r\noptions ro\r\n";
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", entry);
  apply("4G@8G");
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"),
            "title A\r\noptions ro memmap=4G$8G\r\n");
  undo();
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"), entry);
}

TEST_F(Apply, EntriesThatGrubReadsAreLeftAlone) {
  files.put("etc/kernel/cmdline", "root=/dev/sda1 ro\n");
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options root=/dev/sda1 ro\n");
  for (const char *line :
       {"GRUB_ENABLE_BLSCFG=true", "GRUB_ENABLE_BLSCFG=\"true\"",
        "GRUB_ENABLE_BLSCFG='true' # as on Fedora",
        "export GRUB_ENABLE_BLSCFG=true"}) {
    files.put("etc/default/grub", std::string(line) + '\n');
    EXPECT_NE(error("4G@8G").find("add memmap=4G$8G with grubby"),
              std::string::npos)
        << line;
  }
  files.put("etc/default/grub", "#GRUB_ENABLE_BLSCFG=true\n");
  EXPECT_EQ(error("4G@8G"), "");
}

TEST_F(Apply, EntriesThatAMenuOfGrubReadsAreLeftAlone) {
  files.put("etc/kernel/cmdline", "root=/dev/sda1 ro\n");
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries.srel", "type1\n");
  files.put("boot/loader/entries/a.conf", "options root=/dev/sda1 ro\n");
  const std::string remedy = "add memmap=4G$8G with grubby";
  for (const char *menu :
       {"boot/grub/grub.cfg", "boot/grub2/grub.cfg", "boot/EFI/fedora/grub.cfg",
        "efi/EFI/fedora/grub.cfg", "efi/grub2/grub.cfg",
        "boot/efi/EFI/BOOT/grub.cfg"}) {
    files.put(menu, "set timeout=1\n# blscfg is below\n");
    EXPECT_EQ(error("4G@8G"), "") << menu;
    files.put(menu, "set timeout=1\nif true; then\n\tblscfg\nfi\n");
    EXPECT_NE(error("4G@8G").find(remedy), std::string::npos) << menu;
    fs::remove(files.directory / menu);
  }
  // nor is a configuration changed that nothing reads
  add_grub(true);
  files.put("boot/grub2/grub.cfg", "insmod blscfg\nblscfg\n");
  EXPECT_NE(error("4G@8G").find(remedy), std::string::npos);
}

TEST_F(Apply, EntriesThatGrubReadsOnOpenSuseAreLeftAlone) {
  files.put("etc/kernel/cmdline", "root=/dev/sda1 ro\n");
  files.put("boot/efi/loader/loader.conf", "");
  files.put("boot/efi/loader/entries/a.conf", "options ro\n");
  const auto is_left_alone = [&] {
    return error("4G@8G").find("run sdbootutil update-all-entries") !=
           std::string::npos;
  };
  EXPECT_FALSE(is_left_alone());
  files.put("usr/share/grub2/x86_64-efi/grubbls.efi", "");
  EXPECT_TRUE(is_left_alone());
  // both are installed
  files.put("etc/sysconfig/bootloader", "LOADER_TYPE=\"systemd-boot\"\n");
  EXPECT_FALSE(is_left_alone());
  fs::remove_all(files.directory / "usr");
  files.put("etc/sysconfig/bootloader", "LOADER_TYPE=\"grub2-bls\"\n");
  EXPECT_TRUE(is_left_alone());
  // even with a menu that an earlier GRUB had
  add_grub(true);
  EXPECT_TRUE(is_left_alone());
}

TEST_F(Apply, ExtlinuxHasEachEntryExtended) {
  files.put("boot/extlinux/extlinux.conf",
            "LABEL a\n  LINUX /a\n  APPEND root=/dev/sda1\n"
            "label b\n\tappend root=/dev/sda1 single\n");
  apply("4G@8G");
  EXPECT_EQ(files.text_of("boot/extlinux/extlinux.conf"),
            "LABEL a\n  LINUX /a\n  APPEND root=/dev/sda1 memmap=4G$8G\n"
            "label b\n\tappend root=/dev/sda1 single memmap=4G$8G\n");
  undo();
  files.put("etc/update-extlinux.conf", "default_kernel_opts=\"quiet\"\n");
  const Work work = apply("4G@8G");
  EXPECT_EQ(shell(". ./etc/update-extlinux.conf; printf %s "
                  "\"$default_kernel_opts\""),
            "quiet memmap=4G$8G");
  EXPECT_EQ(work.commands, std::vector<std::string>{"update-extlinux"});
}

TEST_F(Apply, LoadsAndMounts) {
  add_grub(true);
  apply("32G@40G/4", "/mnt/my mem");
  EXPECT_EQ(files.text_of("etc/modprobe.d/pmem.conf"),
            "# written by pmemctl\noptions pmem ranges=32G@40G/4\n");
  EXPECT_EQ(files.text_of("etc/modules-load.d/pmem.conf"),
            "# written by pmemctl\npmem\n");
  EXPECT_EQ(files.text_of("etc/fstab"),
            std::string(FstabText) +
                "\n# pmemctl: \"pmemctl undo\" takes this out\n"
                "/dev/disk/by-path/pmem-0xa00000000 /mnt/my\\040mem ext4 "
                "dax,nofail,X-mount.mkdir 0 2\n");
}

TEST_F(Apply, TheRecordHasTheReservedRange) {
  add_grub(true);
  EXPECT_EQ(reserved_by(read_record(files.root())), Ranges{});
  apply("32G@40G/4", "/mnt/mem");
  EXPECT_EQ(reserved_by(read_record(files.root())),
            (Ranges{{40 * GiB, 72 * GiB}}));
}

TEST_F(Apply, UndoLeavesAllAsItWas) {
  add_grub(true);
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options ro");
  files.put("etc/kernel/cmdline", "ro\n");
  chmod((files.directory / "etc/kernel/cmdline").c_str(), 0600);
  const auto before = snapshot();
  apply("32G@32G/4", "/mnt/mem");
  EXPECT_NE(snapshot(), before);
  undo();
  EXPECT_EQ(snapshot(), before);
  undo();
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Apply, UndoHasTheCommandsOfBootLoadersWithoutARecord) {
  add_grub(true);
  files.put("etc/kernel/cmdline", "ro\n");
  files.put("boot/EFI/Linux/a.efi", "");
  files.put("usr/bin/kernel-install", "add-all");
  const Work work = apply("32G@32G");
  EXPECT_EQ(work.commands, (std::vector<std::string>{
                               "update-grub", "kernel-install add-all"}));
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(work_to_undo(files.root()).commands, work.commands);
    undo();
  }
}

TEST_F(Apply, ACommandThatFailsHasItsOwnRemedyInUndo) {
  const auto message = [](const Work &work) {
    try {
      run_commands(work);
      return std::string();
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
  };
  Work work;
  work.commands = {"true", "false"};
  EXPECT_EQ(
      message(work),
      "false: failed; its own messages are above. The files are as before "
      "apply: run \"pmemctl undo --update\" again when the command works");
  work.record.edits.push_back({"a", {}, "b", ""});
  EXPECT_EQ(message(work),
            "false: failed; its own messages are above. The files are changed: "
            "\"pmemctl undo\" takes that back");
  work.commands = {"true"};
  EXPECT_EQ(message(work), "");
}

TEST_F(Apply, TheRecordIsNotForOthers) {
  add_grub(true);
  apply("32G@32G");
  const fs::path record = files.directory / "var/lib/pmemctl/record.json";
  EXPECT_EQ(fs::status(record).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Apply, IsIdempotent) {
  add_grub(false);
  apply("32G@32G/4", "/mnt/mem");
  const auto once = snapshot();
  EXPECT_TRUE(apply("32G@32G/4", "/mnt/mem").replacements.empty());
  EXPECT_EQ(snapshot(), once);
}

TEST_F(Apply, ReplacesAnEarlierSetup) {
  add_grub(false);
  const auto before = snapshot();
  apply("32G@32G/4", "/mnt/mem");
  apply("16G@16G");
  EXPECT_EQ(files.text_of("etc/fstab"), FstabText);
  EXPECT_EQ(shell(". ./etc/default/grub; printf %s \"$GRUB_CMDLINE_LINUX\""),
            "console=ttyS0 a\\$b memmap=16G\\$16G");
  undo();
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Apply, UndoKeepsWhatOthersHaveAddedSince) {
  add_grub(false);
  apply("32G@32G/4", "/mnt/mem");
  files.put("etc/fstab", "# new\n" + files.text_of("etc/fstab") + "# more\n");
  files.put("etc/default/grub", files.text_of("etc/default/grub") + "A=1\n");
  undo();
  EXPECT_EQ(files.text_of("etc/fstab"),
            "# new\n" + std::string(FstabText) + "# more\n");
  EXPECT_EQ(files.text_of("etc/default/grub"), std::string(Grub) + "A=1\n");
}

TEST_F(Apply, UndoRefusesWhatItCannotTellApart) {
  add_grub(true);
  apply("32G@32G");
  files.put("etc/modprobe.d/pmem.conf", "options pmem ranges=auto\n");
  const auto before = snapshot();
  EXPECT_THROW(undo(), std::runtime_error);
  EXPECT_EQ(snapshot(), before);
  fs::remove(files.directory / "etc/modprobe.d/pmem.conf");
  undo();
  EXPECT_FALSE(files.root().has("etc/default/grub.d/zz-pmem.cfg"));
}

TEST_F(Apply, UndoRemovesWhatAnInterruptedApplyHasLeft) {
  add_grub(true);
  const auto before = snapshot();
  apply("32G@32G");
  files.put("etc/modprobe.d/pmem.conf.pmemctl", "# written");
  undo();
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Apply, UndoGoesOnAfterItsRemedy) {
  add_grub(false);
  apply("32G@32G", "/mnt/mem");
  const std::string mine = "/dev/sda1 / ext4 noatime 0 1\n";
  files.put("etc/fstab",
            mine +
                "# pmemctl: \"pmemctl undo\" takes this out\n"
                "/dev/disk/by-path/pmem-0x800000000 /mnt/mem ext4 dax 0 0\n");
  EXPECT_THROW(undo(), std::runtime_error);
  files.put("etc/fstab", mine);
  files.put("etc/default/grub", "A=\"memmap=32G\\\\\\$32G\"\n");
  EXPECT_THROW(undo(), std::runtime_error);
  files.put("etc/default/grub", "A=\n");
  undo();
  EXPECT_EQ(files.text_of("etc/fstab"), mine);
  EXPECT_EQ(files.text_of("etc/default/grub"), "A=\n");
  EXPECT_FALSE(files.root().has("var/lib/pmemctl"));
}

TEST_F(Apply, UndoNeedsNoEntryOfAKernelThatWasRemoved) {
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options ro\n");
  files.put("boot/loader/entries/b.conf", "options ro\n");
  apply("4G@8G");
  fs::remove(files.directory / "boot/loader/entries/a.conf");
  apply("2G@8G");
  undo();
  EXPECT_FALSE(files.root().has("boot/loader/entries/a.conf"));
  EXPECT_EQ(files.text_of("boot/loader/entries/b.conf"), "options ro\n");
  // but a filesystem has to be mounted
  apply("4G@8G");
  fs::rename(files.directory / "boot", files.directory / "unmounted");
  EXPECT_THROW(undo(), std::runtime_error);
  fs::rename(files.directory / "unmounted", files.directory / "boot");
  undo();
  EXPECT_EQ(files.text_of("boot/loader/entries/b.conf"), "options ro\n");
}

TEST_F(Apply, UndoFindsEntriesThatBootCountingHasRenamed) {
  // an entry has a memmap= of its own, which stays
  const std::string entry = "title A\noptions ro memmap=4G$8G\n";
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a+3-0.conf", entry);
  files.put("boot/loader/entries/b+3-0.conf", "options ro\n");
  apply("4G@8G");
  const fs::path folder = files.directory / "boot/loader/entries";
  fs::rename(folder / "a+3-0.conf", folder / "a+2-1.conf");
  fs::rename(folder / "b+3-0.conf", folder / "b.conf");
  files.put("boot/loader/entries/b.conf",
            "#\n" + files.text_of("boot/loader/entries/b.conf"));
  EXPECT_EQ(files.text_of("boot/loader/entries/b.conf"),
            "#\noptions ro memmap=4G$8G\n");
  undo();
  EXPECT_EQ(files.text_of("boot/loader/entries/a+2-1.conf"), entry);
  EXPECT_EQ(files.text_of("boot/loader/entries/b.conf"), "#\noptions ro\n");
  EXPECT_FALSE(files.root().has("boot/loader/entries/a+3-0.conf"));
}

TEST_F(Apply, UndoFindsEntriesOfKernelsThatWereInstalledSince) {
  files.put("boot/loader/loader.conf", "");
  files.put("etc/kernel/cmdline", "ro\n");
  apply("4G@8G");
  files.put("boot/loader/entries/new.conf", "options ro memmap=4G$8G\n");
  // another reservation leaves nothing of the first, either
  apply("2G@8G");
  EXPECT_EQ(files.text_of("boot/loader/entries/new.conf"),
            "options ro memmap=2G$8G\n");
  files.put("boot/loader/entries/newer.conf", "options ro memmap=2G$8G\n");
  undo();
  for (const std::string name : {"new", "newer"})
    EXPECT_EQ(files.text_of("boot/loader/entries/" + name + ".conf"),
              "options ro\n");
}

TEST_F(Apply, EntriesOfOthersKeepLongerWordsAndComments) {
  files.put("boot/loader/loader.conf", "");
  files.put("etc/kernel/cmdline", "ro\n");
  apply("4G@8G");
  const std::string folder = "boot/loader/entries/";
  const std::string longer = "options ro memmap=4G$8G,2G$20G\n",
                    other = "options ro x.memmap=4G$8G\n",
                    comment = "# options memmap=4G$8G\noptions ro\n";
  files.put(folder + "longer.conf", longer);
  files.put(folder + "other.conf", other);
  files.put(folder + "comment.conf", comment);
  files.put(folder + "word.conf", "options\tmemmap=4G$8G memmap=4G$8G\tro");
  const std::vector<std::string> notes = {
      "/boot/loader/entries/longer.conf: has memmap=4G$8G in a longer word, "
      "which pmemctl has not written; see that it is wanted",
      "/boot/loader/entries/other.conf: has memmap=4G$8G in a longer word, "
      "which pmemctl has not written; see that it is wanted"};
  EXPECT_EQ(
      work_to_apply(files.root(), {parse_range("4G@8G"), "", "ext4"}).notes,
      notes);
  EXPECT_EQ(work_to_undo(files.root()).notes, notes);
  undo();
  EXPECT_EQ(files.text_of(folder + "longer.conf"), longer);
  EXPECT_EQ(files.text_of(folder + "other.conf"), other);
  EXPECT_EQ(files.text_of(folder + "comment.conf"), comment);
  EXPECT_EQ(files.text_of(folder + "word.conf"), "options\tro");
}

TEST_F(Apply, UndoFindsEntriesThatAreMountedElsewhere) {
  files.put("efi/loader/loader.conf", "");
  files.put("efi/loader/entries/a.conf", "options ro\n");
  apply("4G@8G");
  fs::rename(files.directory / "efi", files.directory / "boot");
  undo();
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"), "options ro\n");
  EXPECT_FALSE(files.root().has("efi"));
  // the other of two partitions does not stand in for the one that is not mounted
  files.put("efi/loader/loader.conf", "");
  files.put("efi/loader/entries/a.conf", "options ro\n");
  apply("4G@8G");
  fs::rename(files.directory / "efi", files.directory / "unmounted");
  EXPECT_THROW(undo(), std::runtime_error);
}

TEST_F(Apply, UndoNeedsMoreThanTheNameOfAnEntryThatIsMountedElsewhere) {
  files.put("efi/loader/loader.conf", "");
  files.put("efi/loader/entries/a.conf", "options ro\n");
  apply("4G@8G");
  fs::rename(files.directory / "efi", files.directory / "unmounted");
  const std::string moved = "boot/loader/entries/a.conf";
  files.put(moved, "options ro\n");
  EXPECT_THROW(undo(), std::runtime_error);
  // others have changed it since
  files.put(moved, "title A\noptions ro memmap=4G$8G\n");
  undo();
  EXPECT_EQ(files.text_of(moved), "title A\noptions ro\n");
}

TEST_F(Apply, UndoTakesNoPartOfAWord) {
  files.put("boot/loader/loader.conf", "");
  files.put("boot/loader/entries/a.conf", "options ro\n");
  apply("4G@8G");
  const std::string longer = "options ro memmap=4G$8G,2G$40G\n";
  files.put("boot/loader/entries/a.conf", longer);
  EXPECT_THROW(undo(), std::runtime_error);
  EXPECT_EQ(files.text_of("boot/loader/entries/a.conf"), longer);
}

TEST_F(Apply, AFileKeepsItsExtendedAttributes) {
  add_grub(false);
  const std::string path = files.directory / "etc/default/grub";
  const std::string label("label\0", 6);
  // an ACL: version 2, then entries of tag, permissions and identifier
  const std::string acl("\2\0\0\0"
                        "\1\0\6\0\xff\xff\xff\xff"
                        "\2\0\4\0\1\0\0\0"
                        "\4\0\4\0\xff\xff\xff\xff"
                        "\x10\0\4\0\xff\xff\xff\xff"
                        "\x20\0\0\0\xff\xff\xff\xff",
                        44);
  std::map<std::string, std::string> set;
  for (const auto &[name, value] :
       {std::pair<std::string, std::string>{"user.pmem", label},
        {"system.posix_acl_access", acl}})
    if (setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) ==
        0)
      set[name] = value;
  if (set.empty())
    GTEST_SKIP() << "the filesystem has no extended attributes";
  for (const bool is_applied : {true, false}) {
    if (is_applied)
      apply("32G@32G");
    else
      undo();
    for (const auto &[name, value] : set) {
      std::string kept(64, '\0');
      const ssize_t size =
          getxattr(path.c_str(), name.c_str(), kept.data(), kept.size());
      ASSERT_GE(size, 0) << name;
      EXPECT_EQ(kept.substr(0, static_cast<std::size_t>(size)), value) << name;
    }
  }
}

TEST_F(Apply, TheDirectoryOfARemovedFileIsSynced) {
  files.put("etc/a", "");
  synced_directories.clear();
  write_file(files.root(), "etc/a", {});
  struct stat status {};
  ASSERT_EQ(stat((files.directory / "etc").c_str(), &status), 0);
  EXPECT_EQ(synced_directories, std::vector<ino_t>{status.st_ino});
  EXPECT_NO_THROW(write_file(files.root(), "none/a", {}));
}

TEST_F(Apply, NamesOfFilesNeedNotBeUtf8) {
  const std::string entry = "boot/loader/entries/caf\xe9.conf";
  files.put("boot/loader/loader.conf", "");
  files.put(entry, "options ro\n");
  apply("4G@8G");
  EXPECT_EQ(files.text_of(entry), "options ro memmap=4G$8G\n");
  undo();
  EXPECT_EQ(files.text_of(entry), "options ro\n");
}

TEST_F(Apply, AnotherHardLinkKeepsTheOldContents) {
  // of a backup, which cp --link has made
  add_grub(false);
  fs::create_hard_link(files.directory / "etc/default/grub",
                       files.directory / "backup");
  apply("32G@32G");
  EXPECT_NE(files.text_of("etc/default/grub"), Grub);
  EXPECT_EQ(files.text_of("backup"), Grub);
  undo();
  EXPECT_EQ(files.text_of("etc/default/grub"), Grub);
  EXPECT_EQ(files.text_of("backup"), Grub);
}

TEST_F(Apply, ALinkStaysALink) {
  files.put("usr/share/default-grub", Grub);
  fs::create_directories(files.directory / "etc/default");
  fs::create_symlink("../../usr/share/default-grub",
                     files.directory / "etc/default/grub");
  apply("32G@32G");
  EXPECT_TRUE(fs::is_symlink(files.directory / "etc/default/grub"));
  EXPECT_NE(files.text_of("usr/share/default-grub"), Grub);
  undo();
  EXPECT_EQ(files.text_of("usr/share/default-grub"), Grub);
}

TEST_F(Apply, LeavesFilesOutsideOfTheRootAlone) {
  add_grub(true);
  const RecordedMachine outside;
  outside.put("fstab", FstabText);
  fs::remove(files.directory / "etc/fstab");
  fs::create_symlink(outside.directory / "fstab",
                     files.directory / "etc/fstab");
  EXPECT_THROW(apply("32G@32G", "/mnt/mem"), std::runtime_error);
  EXPECT_EQ(outside.text_of("fstab"), FstabText);
  undo();
  EXPECT_FALSE(files.root().has("etc/modprobe.d"));
}

TEST_F(Apply, NamesWhatIsInTheWay) {
  EXPECT_EQ(
      error("32G@32G"),
      "no configuration of GRUB, systemd-boot, kernel-install or extlinux "
      "is in /etc and /boot; add memmap=32G$32G to the kernel command line "
      "by hand");
  add_grub(true);
  EXPECT_EQ(error("32G@32G", "/"),
            "--mount: /: expected the absolute path of a directory, such as "
            "/mnt/mem");
  EXPECT_EQ(error("32G@32G", "//"), error("32G@32G", "/"));
  EXPECT_EQ(error("32G@32G", "/mnt/.."), error("32G@32G", "/"));
  EXPECT_EQ(error("32G@32G", "mnt"),
            "--mount: mnt: expected the absolute path of a directory, such as "
            "/mnt/mem");
  files.put("etc/fstab", "/dev/sdb1 /mnt/mem ext4 defaults 0 2\n");
  EXPECT_EQ(error("32G@32G", "/mnt/mem"),
            "--mount: /mnt/mem: /etc/fstab has /dev/sdb1 there already; choose "
            "another directory");
  EXPECT_EQ(error("32G@32G", "/mnt//mem/"), error("32G@32G", "/mnt/mem"));
  files.put("etc/modprobe.d/pmem.conf", "options pmem start=32\n");
  EXPECT_EQ(error("32G@32G"),
            "/etc/modprobe.d/pmem.conf: is there already, and "
            "not from pmemctl; move it away");
}

TEST(Range, IsReadAsTheDriverReadsIt) {
  EXPECT_EQ(parse_range("32G@32G/4").ranges(), "ranges=32G@32G/4");
  EXPECT_EQ(parse_range("32@32").ranges(), "ranges=32G@32G");
  EXPECT_EQ(parse_range("512M@34816M/1").memmap(), "memmap=512M$34G");
  for (const char *text :
       {"", "32G", "32G@", "@32G", "32G/4", "32G@32G/", "32G@32G/0",
        "32G@32G/1025", "32G@32G/x", "32G@32G/3", "3M@32G", "32G@3M",
        "32G@32G/4/4", "32G@32G@32G", "4096T@4096T", "auto", "32G$32G"})
    EXPECT_THROW(parse_range(text), std::invalid_argument) << text;
}

} // namespace
} // namespace pmemctl
