// SPDX-License-Identifier: GPL-2.0
#include "guest_memory.hpp"

#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace crash {

bool Memory::open(const std::string &name) {
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  struct stat status;
  void *map = MAP_FAILED;
  std::size_t length = 0;
  if (!fstat(fd, &status)) {
    length = static_cast<std::size_t>(status.st_size);
    map = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, 0);
  }
  close(fd);
  if (map == MAP_FAILED)
    return false;
  bytes = {static_cast<std::uint8_t *>(map), length};
  return true;
}

std::optional<std::uint64_t> Memory::translate(std::uint64_t cr3,
                                               std::uint64_t from) const {
  constexpr std::uint64_t Address = 0x000ffffffffff000;
  constexpr std::uint64_t Present = 1, Large = 1 << 7;
  std::uint64_t table = cr3 & Address;
  for (unsigned shift = 39;; shift -= 9) {
    const std::uint64_t slot = table + (from >> shift & 511) * 8;
    if (slot + 8 > size())
      return std::nullopt;
    std::uint64_t entry;
    std::memcpy(&entry, at(slot), sizeof(entry));
    if (!(entry & Present))
      return std::nullopt;
    const std::uint64_t offset = (1ULL << shift) - 1;
    if (shift == 12 || (shift < 39 && (entry & Large)))
      return (entry & Address & ~offset) | (from & offset);
    table = entry & Address;
  }
}

} // namespace crash
