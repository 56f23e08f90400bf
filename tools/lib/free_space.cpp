// SPDX-License-Identifier: GPL-2.0
#include "free_space.hpp"

#include "descriptor.hpp"

#include <cstddef>
#include <cstring>
#include <new>

#include <linux/fsmap.h>
#include <sys/ioctl.h>

namespace dax {

namespace {

/// The number of records per call of GETFSMAP.
constexpr std::uint32_t Batch = 4096;

} // namespace

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
      fail("cannot get the free space with GETFSMAP");
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

} // namespace dax
