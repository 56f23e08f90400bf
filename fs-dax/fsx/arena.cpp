// SPDX-License-Identifier: GPL-2.0
#include "arena.hpp"

#include "descriptor.hpp"
#include "model.hpp"

#include <utility>

#include <sys/mman.h>

namespace fsx {

namespace {

void *keep(void *address, std::uint64_t length, int flags) {
  void *const got =
      mmap(address, length, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (got == MAP_FAILED)
    dax::fail("mmap of " + std::to_string(length) + " bytes of addresses");
  return got;
}

} // namespace

// a window for the phase, and one to have the beginning on a border
Arena::Arena(std::uint64_t length)
    : room(length + 2 * WindowSize),
      area(static_cast<unsigned char *>(keep(nullptr, room, 0))) {}

Arena::~Arena() {
  if (area)
    munmap(area, room);
}

Arena::Arena(Arena &&other) noexcept
    : room(other.room), area(std::exchange(other.area, nullptr)) {}

unsigned char *Arena::place(std::uint64_t offset, std::uint64_t phase) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(area);
  return area + (offset + phase - begin) % WindowSize;
}

void Arena::clear(unsigned char *from, std::uint64_t length) const {
  keep(from, length, MAP_FIXED);
}

} // namespace fsx
