// SPDX-License-Identifier: GPL-2.0
#include "signature.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

namespace pmemctl {

namespace {

/// Bytes at a fixed offset.
struct Magic {
  std::size_t offset;
  std::string_view bytes;
  const char *name;
};

using namespace std::string_view_literals;

constexpr std::string_view RaidMagic = "\xfc\x4e\x2b\xa9"sv;

/// A filesystem comes before a partition table: boot sectors end like an MBR.
constexpr Magic Magics[] = {
    {0, "XFSB"sv, "xfs"},
    {0, "LUKS\xba\xbe"sv, "crypto_LUKS"},
    {0, "hsqs"sv, "squashfs"},
    {3, "NTFS    "sv, "ntfs"},
    {3, "EXFAT   "sv, "exfat"},
    {3, "-FVE-FS-"sv, "BitLocker"},
    {54, "FAT"sv, "vfat"},
    {82, "FAT32"sv, "vfat"},
    {0x18, "LVM2 001"sv, "LVM2_member"},
    {0x218, "LVM2 001"sv, "LVM2_member"},
    {0x418, "LVM2 001"sv, "LVM2_member"},
    {0x618, "LVM2 001"sv, "LVM2_member"},
    {0x400, "\x10\x20\xf5\xf2"sv, "f2fs"},
    {0x400, "\xe2\xe1\xf5\xe0"sv, "erofs"},
    {4086, "SWAPSPACE2"sv, "swap"},
    {0x406, "\x34\x34"sv, "nilfs2"},
    {0, RaidMagic, "linux_raid_member"},
    {0x1000, RaidMagic, "linux_raid_member"},
    {0x1018, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca"sv, "bcache"},
    {0x1018, "\xc6\x85\x73\xf6\x66\xce\x90\xa9"sv, "bcachefs"},
    {0x8000, "JFS1"sv, "jfs"},
    {0x8001, "CD001"sv, "iso9660"},
    {0x10000, "\x01\x16\x19\x70"sv, "gfs2"},
    {0x10034, "ReIsErFs"sv, "reiserfs"},
    {0x10034, "ReIsEr2Fs"sv, "reiserfs"},
    {0x10040, "_BHRfS_M"sv, "btrfs"},
    {512, "EFI PART"sv, "gpt"},
    {4096, "EFI PART"sv, "gpt"},
    {510, "\x55\xaa"sv, "dos"},
};

/// ext2, ext3 and ext4 have the same magic; features of the superblock tell them
/// apart (Documentation/filesystems/ext4/super.rst of Linux).
const char *ext_name(std::string_view head) {
  constexpr std::size_t Super = 1024;
  constexpr std::uint32_t HasJournal = 0x4, Extents = 0x40;
  const auto field = [&](std::size_t offset) {
    std::uint32_t value;
    std::memcpy(&value, head.data() + Super + offset, sizeof(value));
    return value;
  };
  if (field(0x60) & Extents)
    return "ext4";
  return field(0x5c) & HasJournal ? "ext3" : "ext2";
}

bool has_bytes(std::string_view text, std::size_t offset,
               std::string_view bytes) {
  return offset <= text.size() && text.substr(offset).starts_with(bytes);
}

/// Whether one of the uberblocks in a label of ZFS is there; any of them may be.
bool has_uberblock(std::string_view head) {
  constexpr std::size_t First = 128 << 10, Step = 1 << 10;
  for (std::size_t at = First; at < head.size(); at += Step)
    if (has_bytes(head, at, "\x0c\xb1\xba\0\0\0\0\0"sv))
      return true;
  return false;
}

} // namespace

std::string signature_in(std::string_view head) {
  if (head.size() >= 2048 && head.substr(0x438, 2) == "\x53\xef"sv)
    return ext_name(head);
  // before partition tables, which a disk of ZFS has, too
  if (has_uberblock(head))
    return "zfs_member";
  for (const Magic &magic : Magics)
    if (has_bytes(head, magic.offset, magic.bytes))
      return magic.name;
  return "";
}

std::string signature_at_end(std::string_view tail, std::uint64_t size) {
  // Linux: include/uapi/linux/raid/md_p.h, and super_1_load() of drivers/md/md.c
  constexpr std::uint64_t Old = 64 << 10, New = 8 << 10;
  std::vector<std::uint64_t> offsets;
  if (size >= Old)
    offsets.push_back(size / Old * Old - Old);
  if (size >= New)
    offsets.push_back((size - New) / 4096 * 4096);
  const std::uint64_t start = size - tail.size();
  for (const std::uint64_t offset : offsets)
    if (offset >= start && has_bytes(tail, offset - start, RaidMagic))
      return "linux_raid_member";
  return "";
}

} // namespace pmemctl
