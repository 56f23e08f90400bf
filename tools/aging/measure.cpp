// SPDX-License-Identifier: GPL-2.0
#include "measure.hpp"

#include "file.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include <linux/fsmap.h>
#include <sys/ioctl.h>

namespace aging {

namespace {

/// The number of records per call of GETFSMAP.
constexpr std::uint32_t Batch = 4096;

} // namespace

double Share::percent() const {
  return all == 0
             ? 100
             : 100.0 * static_cast<double>(good) / static_cast<double>(all);
}

Share &Share::operator+=(const Share &other) {
  good += other.good;
  all += other.all;
  return *this;
}

Share in_chunks(const std::vector<Run> &free, std::uint64_t start) {
  Share share{0, 0};

  for (std::size_t first = 0, next; first < free.size(); first = next) {
    // one run can have several records
    std::uint64_t length = free[first].length;
    for (next = first + 1;
         next < free.size() && free[next].begin == free[first].begin + length;
         next++)
      length += free[next].length;

    const std::uint64_t begin = start + free[first].begin;
    const std::uint64_t chunk =
        (begin + dax::HugePage - 1) / dax::HugePage * dax::HugePage;
    share.all += length;
    if (begin + length > chunk)
      share.good += (begin + length - chunk) / dax::HugePage * dax::HugePage;
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
      dax::fail("cannot get the free space with GETFSMAP");
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

Share mapped_share(int fd, const std::string &name) {
  const dax::Layout layout = dax::layout_of(fd, name);
  if (!layout.is_dax)
    throw std::runtime_error(name + ": does not use DAX; mount the "
                                    "filesystem with -o dax");
  Share share{0, 0};
  if (layout.size == 0)
    return share;
  const dax::SharedMap map(fd, name, 0, layout.size);
  const std::uint64_t end = dax::bytes_in_ranges(layout.size, dax::HugePage);
  for (std::uint64_t at = 0; at < end; at += dax::HugePage) {
    if (!dax::is_allocated(layout.extents, at, at + dax::HugePage))
      continue;
    map.fault_for_store(at);
    share.all += dax::HugePage;
  }
  share.good = map.mapped().huge;
  return share;
}

Share new_files(Filesystem &filesystem, const Way &way, std::uint64_t size,
                unsigned count, std::uint64_t seed) {
  dax::Random random(seed);
  Stepper stepper;
  Share share{0, 0};
  const auto name = [](unsigned i) { return "new" + std::to_string(i); };

  for (unsigned i = 0; i < count; i++) {
    const dax::Descriptor file = filesystem.create(name(i));
    for (const Step &step : steps_of(way, size, random))
      stepper.apply(file.get(), filesystem.full(name(i)), step);
  }
  for (unsigned i = 0; i < count; i++)
    share +=
        mapped_share(filesystem.open(name(i)).get(), filesystem.full(name(i)));
  for (unsigned i = 0; i < count; i++)
    filesystem.remove(name(i));
  filesystem.commit();
  return share;
}

} // namespace aging
