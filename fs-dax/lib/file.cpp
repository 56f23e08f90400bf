// SPDX-License-Identifier: GPL-2.0
#include "file.hpp"

#include "descriptor.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <new>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace dax {

namespace {

/// Of sysfs, in bytes, whatever the disk's is.
constexpr std::uint64_t Sector = 512;

/// How many extents the kernel is asked for at a time.
constexpr std::uint32_t Batch = 1024;

/// The number that is all of a file in sysfs, decimal or with 0x in front.
/// @throws std::system_error when it cannot be read; EINVAL when it is no
/// number
std::uint64_t number_in(const std::filesystem::path &file) {
  char text[64];
  const Descriptor descriptor(file, O_RDONLY);
  const ssize_t length = read(descriptor.get(), text, sizeof(text));
  if (length < 0)
    fail(file);

  std::string_view rest(text, length);
  const bool is_hex = rest.substr(0, 2) == "0x";
  rest.remove_prefix(is_hex ? 2 : 0);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(
      rest.data(), rest.data() + rest.size(), number, is_hex ? 16 : 10);
  rest.remove_prefix(end - rest.data());
  if (error != std::errc() || (rest != "" && rest != "\n")) {
    errno = EINVAL;
    fail(file);
  }
  return number;
}

} // namespace

std::vector<Extent> extents_of(int fd, const std::string &name) {
  std::vector<Extent> extents;
  std::vector<std::byte> buffer(sizeof(fiemap) + Batch * sizeof(fiemap_extent));
  bool last = false;

  while (!last) {
    auto *map = ::new (buffer.data()) fiemap{};
    map->fm_start = extents.empty() ? 0 : extents.back().end();
    map->fm_length = FIEMAP_MAX_OFFSET - map->fm_start;
    map->fm_extent_count = Batch;
    if (ioctl(fd, FS_IOC_FIEMAP, map))
      fail("FIEMAP of " + name);

    last = map->fm_mapped_extents == 0;
    for (std::uint32_t i = 0; i < map->fm_mapped_extents; i++) {
      const fiemap_extent &extent = map->fm_extents[i];
      extents.push_back({extent.fe_logical, extent.fe_physical,
                         extent.fe_length, extent.fe_flags});
      last = extent.fe_flags & FIEMAP_EXTENT_LAST;
    }
  }
  return extents;
}

MemoryStart memory_start(dev_t device, const std::filesystem::path &sysfs) {
  const std::string number =
      std::to_string(major(device)) + ":" + std::to_string(minor(device));
  std::error_code error;
  auto disk = canonical(sysfs / "dev/block" / number, error);
  if (error)
    return {0, "device " + number + " is not a block device"};

  std::uint64_t start = 0;
  try {
    if (exists(disk / "partition")) {
      start = number_in(disk / "start") * Sector;
      disk = disk.parent_path();
    }
    // the second is of drivers/nvdimm: the namespace, or what it is seen
    // through
    for (const auto &file :
         {disk / "pmem/data_start", disk / "device/resource"})
      if (exists(file))
        return {start + number_in(file), {}};
  } catch (const std::system_error &problem) {
    return {start, problem.what()};
  }
  return {start, disk.filename().string() + " does not tell its address"};
}

bool is_dax(int fd, const std::string &name) {
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH, 0, &status))
    fail(name);
  return status.stx_attributes & STATX_ATTR_DAX;
}

Layout layout_of(int fd, const std::string &name, std::uint64_t start) {
  struct stat status;
  if (fstat(fd, &status))
    fail(name);
  Layout layout{is_dax(fd, name), std::uint64_t(status.st_size), start, {}};
  if (layout.is_dax)
    layout.extents = extents_of(fd, name);
  return layout;
}

} // namespace dax
