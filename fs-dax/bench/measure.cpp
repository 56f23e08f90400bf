// SPDX-License-Identifier: GPL-2.0
#include "measure.hpp"

#include "file.hpp"
#include "windows.hpp"

#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include <linux/fsmap.h>
#include <sys/ioctl.h>

namespace aging {

namespace {

/// How many records the kernel is asked for at a time.
constexpr std::uint32_t Batch = 4096;

} // namespace

double Share::percent() const {
  return all == 0
             ? 100
             : 100.0 * static_cast<double>(good) / static_cast<double>(all);
}

Share in_windows(const std::vector<Run> &free, std::uint64_t start) {
  Share share{0, 0};

  for (std::size_t first = 0, next; first < free.size(); first = next) {
    // what the filesystem tells apart may still adjoin
    std::uint64_t length = free[first].length;
    for (next = first + 1;
         next < free.size() && free[next].begin == free[first].begin + length;
         next++)
      length += free[next].length;

    const std::uint64_t begin = start + free[first].begin;
    const std::uint64_t window =
        (begin + dax::HugePage - 1) / dax::HugePage * dax::HugePage;
    share.all += length;
    if (begin + length > window)
      share.good += (begin + length - window) / dax::HugePage * dax::HugePage;
  }
  return share;
}

std::vector<Run> free_space(int fd) {
  std::vector<std::byte> buffer(fsmap_sizeof(Batch));
  auto *map = ::new (buffer.data()) fsmap_head{};
  std::vector<Run> free;
  bool last = false;

  map->fmh_count = Batch;
  std::memset(&map->fmh_keys[1], 0xff, sizeof(map->fmh_keys[1]));
  std::memset(map->fmh_keys[1].fmr_reserved, 0,
              sizeof(map->fmh_keys[1].fmr_reserved));
  while (!last) {
    if (ioctl(fd, FS_IOC_GETFSMAP, map))
      dax::fail("asking for the free space by GETFSMAP");
    last = map->fmh_entries == 0;
    for (std::uint32_t i = 0; i < map->fmh_entries; i++) {
      const fsmap &record = map->fmh_recs[i];
      if ((record.fmr_flags & FMR_OF_SPECIAL_OWNER) &&
          record.fmr_owner == FMR_OWN_FREE)
        free.push_back({record.fmr_physical, record.fmr_length});
      last = record.fmr_flags & FMR_OF_LAST;
    }
    if (!last)
      fsmap_advance(map);
  }
  return free;
}

Share new_files(Filesystem &filesystem, std::uint64_t size, unsigned count,
                Allocation how, std::uint64_t start) {
  Share share{0, 0};

  for (unsigned i = 0; i < count; i++) {
    const std::string name = "new" + std::to_string(i);
    const dax::Descriptor file = filesystem.create(name, size, how, MiB);
    const dax::Layout layout = dax::layout_of(file.get(), name, start);
    if (!layout.is_dax)
      throw std::runtime_error(
          "files there do not use DAX; mount the filesystem with -o dax");
    share.good += dax::bytes_of(dax::judge(layout, dax::HugePage),
                                dax::Verdict::mappable);
    share.all += dax::whole_windows(size, dax::HugePage);
  }
  for (unsigned i = 0; i < count; i++)
    filesystem.remove("new" + std::to_string(i));
  filesystem.commit();
  return share;
}

} // namespace aging
