// SPDX-License-Identifier: GPL-2.0
#include "steps.hpp"

#include "descriptor.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace aging {

namespace {

/// @param result of a system call
void check(int result, const std::string &what) {
  if (result != 0)
    dax::fail(what);
}

void store(int fd, const std::string &name, const Step &step) {
  const dax::SharedMap map(fd, name, step.offset, step.length);

  for (std::uint64_t at = 0; at < step.length; at += dax::BasePage)
    map.data()[at] = 'a';
}

} // namespace

void Stepper::write(int fd, const std::string &name, const Step &step) {
  if (data.size() < step.length)
    data.resize(step.length, 'a');
  for (std::uint64_t done = 0; done < step.length;) {
    const ssize_t now = pwrite(fd, data.data(), step.length - done,
                               static_cast<off_t>(step.offset + done));
    if (now < 0)
      dax::fail("cannot write to " + name);
    done += static_cast<std::uint64_t>(now);
  }
}

void Stepper::apply(int fd, const std::string &name, const Step &step) {
  switch (step.kind) {
  case Step::Kind::allocate:
    check(fallocate(fd, 0, static_cast<off_t>(step.offset),
                    static_cast<off_t>(step.length)),
          "cannot allocate blocks for " + name);
    break;
  case Step::Kind::write:
    write(fd, name, step);
    break;
  case Step::Kind::set_size:
    check(ftruncate(fd, static_cast<off_t>(step.offset)),
          "cannot truncate " + name);
    break;
  case Step::Kind::sync:
    check(fsync(fd), "cannot sync " + name);
    break;
  case Step::Kind::store:
    store(fd, name, step);
    break;
  }
}

} // namespace aging
