// SPDX-License-Identifier: GPL-2.0
#include "signature.hpp"

#include <cstdint>
#include <cstring>

namespace pmemctl {

namespace {

/// Bytes at a fixed offset.
struct Magic {
  std::size_t offset;
  std::string_view bytes;
  const char *name;
};

using namespace std::string_view_literals;

/// A filesystem comes before a partition table: boot sectors end like an MBR.
constexpr Magic Magics[] = {
    {0, "XFSB"sv, "xfs"},
    {0, "LUKS\xba\xbe"sv, "crypto_LUKS"},
    {0, "hsqs"sv, "squashfs"},
    {3, "NTFS    "sv, "ntfs"},
    {3, "EXFAT   "sv, "exfat"},
    {54, "FAT"sv, "vfat"},
    {82, "FAT32"sv, "vfat"},
    {0x18, "LVM2 001"sv, "LVM2_member"},
    {0x218, "LVM2 001"sv, "LVM2_member"},
    {0x418, "LVM2 001"sv, "LVM2_member"},
    {0x618, "LVM2 001"sv, "LVM2_member"},
    {0x400, "\x10\x20\xf5\xf2"sv, "f2fs"},
    {0x400, "\xe2\xe1\xf5\xe0"sv, "erofs"},
    {4086, "SWAPSPACE2"sv, "swap"},
    {0x1000, "\xfc\x4e\x2b\xa9"sv, "linux_raid_member"},
    {0x1018, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca"sv, "bcache"},
    {0x1018, "\xc6\x85\x73\xf6\x66\xce\x90\xa9"sv, "bcachefs"},
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

} // namespace

std::string signature_in(std::string_view head) {
  if (head.size() >= 2048 && head.substr(0x438, 2) == "\x53\xef"sv)
    return ext_name(head);
  for (const Magic &magic : Magics)
    if (magic.offset + magic.bytes.size() <= head.size() &&
        head.substr(magic.offset, magic.bytes.size()) == magic.bytes)
      return magic.name;
  return "";
}

} // namespace pmemctl
