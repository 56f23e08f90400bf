// SPDX-License-Identifier: GPL-2.0
#include "filesystem.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace aging {

namespace {

/// A commit each time so many operations are done. Left to the journal's timer,
/// it would depend on the clock which freed blocks can be used again.
constexpr std::uint64_t OperationsPerCommit = 256;

/// @param result what a system call returned
void check(int result, const std::string &what) {
  if (result != 0)
    dax::fail(what);
}

const std::string &made(const std::string &directory) {
  check(mkdir(directory.c_str(), 0755),
        "making " + directory + ", which takes a new filesystem");
  return directory;
}

} // namespace

Filesystem::Filesystem(const std::string &directory, Allocation how,
                       std::uint64_t write_size)
    : name(directory), how(how), write_size(write_size),
      data(std::max(write_size, MiB), 'a'),
      root(made(directory), O_RDONLY | O_DIRECTORY) {}

dax::Descriptor Filesystem::open(const std::string &path) const {
  return dax::Descriptor(full(path), O_WRONLY);
}

void Filesystem::write(int file, const Operation &operation,
                       std::uint64_t step) {
  std::uint64_t at = operation.begin;

  while (at < operation.end) {
    const ssize_t done = pwrite(
        file, data.data(), std::min({step, operation.end - at, data.size()}),
        static_cast<off_t>(at));
    if (done < 0)
      dax::fail("writing to " + full(operation.path));
    at += static_cast<std::uint64_t>(done);
  }
}

void Filesystem::extend(int file, const Operation &operation, Allocation how,
                        std::uint64_t write_size) {
  if (how == Allocation::write) {
    write(file, operation, write_size);
    return;
  }
  check(fallocate(file, 0, static_cast<off_t>(operation.begin),
                  static_cast<off_t>(operation.end - operation.begin)),
        "allocating blocks for " + full(operation.path));
}

dax::Descriptor Filesystem::create(const std::string &path, std::uint64_t size,
                                   Allocation how, std::uint64_t write_size) {
  dax::Descriptor file(full(path), O_WRONLY | O_CREAT | O_EXCL, 0644);
  extend(file.get(), {Operation::Kind::create, path, 0, size}, how, write_size);
  return file;
}

void Filesystem::remove(const std::string &path) {
  check(unlink(full(path).c_str()), "removing " + full(path));
}

void Filesystem::apply(const Operation &operation) {
  const std::string &path = operation.path;

  switch (operation.kind) {
  case Operation::Kind::make_directory:
    check(mkdir(full(path).c_str(), 0755), "making " + full(path));
    break;
  case Operation::Kind::remove_directory:
    check(rmdir(full(path).c_str()), "removing " + full(path));
    break;
  case Operation::Kind::create:
    create(path, operation.end, how, write_size);
    break;
  case Operation::Kind::append:
  case Operation::Kind::overwrite:
    write(open(path).get(), operation, operation.end - operation.begin);
    break;
  case Operation::Kind::resize:
    if (operation.end > operation.begin)
      extend(open(path).get(), operation, how, write_size);
    else
      check(truncate(full(path).c_str(), static_cast<off_t>(operation.end)),
            "truncating " + full(path));
    break;
  case Operation::Kind::remove:
    remove(path);
    break;
  }
  if (++uncommitted == OperationsPerCommit)
    commit();
}

void Filesystem::commit() {
  check(syncfs(get()), "committing " + name);
  uncommitted = 0;
}

Space Filesystem::space() const {
  struct statvfs status;
  check(fstatvfs(get(), &status), "asking for the size of " + name);
  return {.capacity = status.f_blocks * status.f_frsize,
          .used = (status.f_blocks - status.f_bfree) * status.f_frsize,
          .block = status.f_frsize};
}

} // namespace aging
