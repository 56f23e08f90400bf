// SPDX-License-Identifier: GPL-2.0
#include "file.hpp"

#include "descriptor.hpp"

#include <cstddef>
#include <new>

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace dax {

namespace {

/// The number of extents per call of FIEMAP.
constexpr std::uint32_t Batch = 1024;

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

bool is_dax(int fd, const std::string &name) {
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH, 0, &status))
    fail(name);
  return status.stx_attributes & STATX_ATTR_DAX;
}

Layout layout_of(int fd, const std::string &name) {
  struct stat status;
  if (fstat(fd, &status))
    fail(name);
  Layout layout{is_dax(fd, name), std::uint64_t(status.st_size), {}};
  if (layout.is_dax)
    layout.extents = extents_of(fd, name);
  return layout;
}

} // namespace dax
