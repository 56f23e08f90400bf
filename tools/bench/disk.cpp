// SPDX-License-Identifier: GPL-2.0
#include "disk.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bench {

namespace {

constexpr std::size_t BufferBytes =
    std::size_t{Disk::MaxDepth} * Disk::MaxLength;

char *allocate_buffers() {
  void *const buffers = mmap(nullptr, BufferBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (buffers == MAP_FAILED)
    dax::fail("mmap");
  return static_cast<char *>(buffers);
}

void free_buffers(char *buffers) { munmap(buffers, BufferBytes); }

io_uring *new_ring() {
  auto ring = std::make_unique<io_uring>();
  if (const int error = io_uring_queue_init(Disk::MaxDepth, ring.get(), 0))
    throw std::system_error(-error, std::generic_category(), "io_uring_setup");
  return ring.release();
}

void delete_ring(io_uring *ring) {
  io_uring_queue_exit(ring);
  delete ring;
}

} // namespace

Disk::Disk(const std::string &name)
    : name(name), file(name, O_RDWR | O_DIRECT | O_EXCL),
      buffers(allocate_buffers(), free_buffers), ring(nullptr, delete_ring) {
  std::uint64_t size;
  if (ioctl(file.get(), BLKGETSIZE64, &size) != 0)
    dax::fail(name);
  if (size < Area)
    throw std::system_error(ENOSPC, std::generic_category(), name);
}

void Disk::run(const Io &io, std::uint32_t first, std::uint32_t count) {
  if (io.depth == 0)
    run_one_by_one(io, first, count);
  else
    run_in_flight(io, first, count);
}

void Disk::zero(std::uint64_t length) {
  std::uint64_t range[2] = {0, length};
  if (ioctl(file.get(), BLKZEROOUT, range) != 0)
    dax::fail(name);
}

std::uint64_t Disk::offset(const Io &io, std::uint32_t index) const {
  const std::uint64_t slots = Area / io.length;
  return (io.random ? scattered(index) : index) % slots * io.length;
}

void Disk::check(std::int64_t result, std::int64_t expected) const {
  if (result == expected)
    return;
  throw std::system_error(result < 0 ? static_cast<int>(-result) : EIO,
                          std::generic_category(), name);
}

void Disk::run_one_by_one(const Io &io, std::uint32_t first,
                          std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; i++) {
    const auto at = static_cast<off_t>(offset(io, first + i));
    const ssize_t done = io.direction == Direction::Read
                             ? pread(file.get(), buffers.get(), io.length, at)
                             : pwrite(file.get(), buffers.get(), io.length, at);
    check(done < 0 ? -errno : done, io.length);
    if (io.sync && fdatasync(file.get()) != 0)
      dax::fail(name);
  }
}

void Disk::run_in_flight(const Io &io, std::uint32_t first,
                         std::uint32_t count) {
  if (!ring)
    ring.reset(new_ring());
  std::uint32_t started = 0;
  while (started < count) {
    const std::uint32_t batch = std::min(io.depth, count - started);
    for (std::uint32_t i = 0; i < batch; i++, started++) {
      io_uring_sqe *const entry = io_uring_get_sqe(ring.get());
      char *const buffer = buffers.get() + std::size_t{i} * MaxLength;
      if (io.direction == Direction::Read)
        io_uring_prep_read(entry, file.get(), buffer, io.length,
                           offset(io, first + started));
      else
        io_uring_prep_write(entry, file.get(), buffer, io.length,
                            offset(io, first + started));
    }
    check(io_uring_submit_and_wait(ring.get(), batch), batch);
    for (std::uint32_t i = 0; i < batch; i++) {
      io_uring_cqe *entry;
      check(io_uring_wait_cqe(ring.get(), &entry), 0);
      check(entry->res, io.length);
      io_uring_cqe_seen(ring.get(), entry);
    }
  }
}

namespace {

Case io_case(Disk &disk, const std::string &name, const Io &io,
             std::uint32_t timed) {
  const std::uint32_t batch = std::max(io.depth, 1U);
  return {name,
          batch,
          std::max(timed / batch, 1U),
          {},
          [&disk, io](std::uint32_t first, std::uint32_t count) {
            disk.run(io, first, count);
          }};
}

} // namespace

std::vector<Case> disk_cases(Disk &disk) {
  struct Size {
    const char *name;
    std::uint32_t length, timed;
    bool random;
  };
  struct Way {
    const char *name;
    std::uint32_t depth;
  };
  std::vector<Case> cases;
  for (const Size &size :
       {Size{"4k", 4 * KiB, 20000, true}, Size{"64k", 64 * KiB, 4000, true},
        Size{"1m", MiB, 400, false}})
    for (const Direction direction : {Direction::Read, Direction::Write})
      for (const Way &way :
           {Way{"psync", 0}, Way{"uring", 1}, Way{"uring32", 32}}) {
        // too long to be measured between two interrupts
        if (size.length * way.depth > 2 * MiB)
          continue;
        cases.push_back(io_case(
            disk,
            std::string(direction == Direction::Read ? "read-" : "write-") +
                size.name + '-' + way.name,
            {direction, size.length, way.depth, size.random, false},
            size.timed));
      }
  cases.push_back(io_case(disk, "write-4k-fsync",
                          {Direction::Write, 4 * KiB, 0, true, true}, 10000));
  cases.push_back(
      {"zero-2m", 1, 100, {}, [&disk](std::uint32_t, std::uint32_t count) {
         for (std::uint32_t i = 0; i < count; i++)
           disk.zero(2 * MiB);
       }});
  return cases;
}

} // namespace bench
