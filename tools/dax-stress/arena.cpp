// SPDX-License-Identifier: GPL-2.0
#include "arena.hpp"

#include "descriptor.hpp"
#include "model.hpp"

#include <utility>

#include <sys/mman.h>

namespace stress {

namespace {

void *reserve(void *address, std::uint64_t length, int flags) {
  void *const got =
      mmap(address, length, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (got == MAP_FAILED)
    dax::fail("cannot reserve " + std::to_string(length) +
              " bytes of addresses");
  return got;
}

} // namespace

// 2 MiB for the misalignment, and 2 MiB to align the start
Arena::Arena(std::uint64_t length)
    : size(length + 2 * HugePage),
      area(static_cast<unsigned char *>(reserve(nullptr, size, 0))) {}

Arena::~Arena() {
  if (area)
    munmap(area, size);
}

Arena::Arena(Arena &&other) noexcept
    : size(other.size), area(std::exchange(other.area, nullptr)) {}

unsigned char *Arena::address(std::uint64_t offset,
                              std::uint64_t misalignment) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(area);
  return area + (offset + misalignment - begin) % HugePage;
}

void Arena::clear(unsigned char *from, std::uint64_t length) const {
  reserve(from, length, MAP_FIXED);
}

} // namespace stress
