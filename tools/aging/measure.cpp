// SPDX-License-Identifier: GPL-2.0
#include "measure.hpp"

#include "file.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <stdexcept>
#include <string>

namespace aging {

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

Share in_chunks(const std::vector<dax::Run> &free, std::uint64_t start) {
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
