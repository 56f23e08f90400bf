// SPDX-License-Identifier: GPL-2.0
#include "descriptor.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace dax {

void fail(const std::string &what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Descriptor::Descriptor(const std::string &name, int flags, unsigned mode)
    : fd(open(name.c_str(), flags | O_CLOEXEC, mode)) {
  if (fd < 0)
    fail(name);
}

Descriptor::~Descriptor() {
  if (fd >= 0)
    close(fd);
}

Descriptor::Descriptor(Descriptor &&other) noexcept
    : fd(std::exchange(other.fd, -1)) {}

Descriptor &Descriptor::operator=(Descriptor &&other) noexcept {
  std::swap(fd, other.fd);
  return *this;
}

} // namespace dax
