// SPDX-License-Identifier: GPL-2.0
#include "filesystem.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace aging {

namespace {

/// Operations per commit. With the journal's timer, the time of day would decide
/// which freed blocks can be used again.
constexpr std::uint64_t OperationsPerCommit = 256;

/// @param result of a system call
void check(int result, const std::string &what) {
  if (result != 0)
    dax::fail(what);
}

const std::string &made(const std::string &directory) {
  check(mkdir(directory.c_str(), 0755),
        "cannot make " + directory + "; make a new filesystem");
  return directory;
}

} // namespace

Filesystem::Filesystem(const std::string &directory, Allocation how,
                       std::uint64_t write_size)
    : name(directory), how(how), write_size(write_size),
      root(made(directory), O_RDONLY | O_DIRECTORY) {}

dax::Descriptor Filesystem::create(const std::string &path) const {
  return dax::Descriptor(full(path), O_RDWR | O_CREAT | O_EXCL, 0644);
}

dax::Descriptor Filesystem::open(const std::string &path) const {
  return dax::Descriptor(full(path), O_RDWR);
}

void Filesystem::write(int file, const Operation &operation,
                       std::uint64_t step) {
  for (std::uint64_t at = operation.begin; at < operation.end; at += step)
    stepper.apply(file, full(operation.path),
                  {Step::Kind::write, at, std::min(step, operation.end - at)});
}

void Filesystem::extend(int file, const Operation &operation) {
  if (how == Allocation::write)
    write(file, operation, write_size);
  else
    stepper.apply(file, full(operation.path),
                  {Step::Kind::allocate, operation.begin,
                   operation.end - operation.begin});
}

void Filesystem::remove(const std::string &path) {
  check(unlink(full(path).c_str()), "cannot remove " + full(path));
}

void Filesystem::apply(const Operation &operation) {
  const std::string &path = operation.path;

  switch (operation.kind) {
  case Operation::Kind::make_directory:
    check(mkdir(full(path).c_str(), 0755), "cannot make " + full(path));
    break;
  case Operation::Kind::remove_directory:
    check(rmdir(full(path).c_str()), "cannot remove " + full(path));
    break;
  case Operation::Kind::create:
    extend(create(path).get(), operation);
    break;
  case Operation::Kind::append:
  case Operation::Kind::overwrite:
    write(open(path).get(), operation, operation.end - operation.begin);
    break;
  case Operation::Kind::resize:
    if (operation.end > operation.begin)
      extend(open(path).get(), operation);
    else
      check(truncate(full(path).c_str(), static_cast<off_t>(operation.end)),
            "cannot truncate " + full(path));
    break;
  case Operation::Kind::remove:
    remove(path);
    break;
  }
  if (++uncommitted == OperationsPerCommit)
    commit();
}

void Filesystem::commit() {
  check(syncfs(get()), "cannot commit " + name);
  uncommitted = 0;
}

Space Filesystem::space() const {
  struct statvfs status;
  check(fstatvfs(get(), &status), "cannot get the size of " + name);
  return {.capacity = status.f_blocks * status.f_frsize,
          .used = (status.f_blocks - status.f_bfree) * status.f_frsize,
          .block = status.f_frsize};
}

} // namespace aging
