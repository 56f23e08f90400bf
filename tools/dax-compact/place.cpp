// SPDX-License-Identifier: GPL-2.0
#include "place.hpp"

#include <cerrno>

#include <sys/ioctl.h>

namespace compact {

namespace {

/// struct ext4_dax_place of include/uapi/linux/ext4.h, which no distribution has.
struct Arguments {
  std::uint64_t start;
  std::uint64_t len;
  std::uint32_t how;
  std::uint32_t reserved;
  std::uint64_t moved;
};

/// EXT4_IOC_DAX_PLACE
constexpr unsigned long Request = _IOWR('f', 47, Arguments);

} // namespace

Moved place(int fd, Where where, std::uint64_t start, std::uint64_t length) {
  Arguments arguments{start, length, static_cast<std::uint32_t>(where), 0, 0};
  const int result = ioctl(fd, Request, &arguments);

  return {arguments.moved, result
                               ? std::error_code(errno, std::system_category())
                               : std::error_code()};
}

bool can_place(int fd) {
  // what comes first there is whether it is open for writing
  return place(fd, Where::fuller, 0, 0).error.value() == EBADF;
}

} // namespace compact
