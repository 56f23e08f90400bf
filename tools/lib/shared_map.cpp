// SPDX-License-Identifier: GPL-2.0
#include "shared_map.hpp"

#include "descriptor.hpp"
#include "pmd_range.hpp"

#include <unistd.h>

namespace dax {

namespace {

char *map(void *address, std::uint64_t length, int protection, int flags,
          int fd, std::uint64_t offset, const std::string &name) {
  void *const got =
      mmap(address, length, protection, flags, fd, static_cast<off_t>(offset));
  if (got == MAP_FAILED)
    fail("cannot map " + name);
  return static_cast<char *>(got);
}

} // namespace

SharedMap::SharedMap(int fd, const std::string &name, std::uint64_t offset,
                     std::uint64_t length, int how)
    : name(name), length(length),
      reserved(map(nullptr, length + HugePage, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, name)) {
  const auto address = reinterpret_cast<std::uintptr_t>(reserved);
  start = reserved + (offset - address) % HugePage;
  try {
    map(start, length, PROT_READ | PROT_WRITE, how | MAP_FIXED, fd, offset,
        name);
  } catch (...) {
    munmap(reserved, length + HugePage);
    throw;
  }
}

SharedMap::~SharedMap() { munmap(reserved, length + HugePage); }

void SharedMap::fault_for_store(std::uint64_t at) const {
  if (madvise(start + at, BasePage, MADV_POPULATE_WRITE))
    fail("cannot store to " + name);
}

Mapped SharedMap::mapped() const {
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  return mapped_in(getpid(), address,
                   address + (length + BasePage - 1) / BasePage * BasePage);
}

} // namespace dax
