// SPDX-License-Identifier: GPL-2.0
#include "player.hpp"

#include "descriptor.hpp"
#include "place.hpp"
#include "pmd_range.hpp"
#include "record.hpp"
#include "shared_map.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace crash {

namespace {

void check(int result, const std::string &what) {
  if (result)
    dax::fail(what);
}

/// Writes back the lines of a range of memory, and waits.
void flush(const volatile char *begin, std::uint64_t length) {
  const auto first = reinterpret_cast<std::uintptr_t>(begin) / Line * Line;
  const auto end = reinterpret_cast<std::uintptr_t>(begin) + length;
  for (std::uintptr_t line = first; line < end; line += Line)
    asm volatile("clwb %0" : "+m"(*reinterpret_cast<volatile char *>(line)));
  asm volatile("sfence" : : : "memory");
}

int mode_of(Action action) {
  switch (action) {
  case Action::punch:
    return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  case Action::zero:
    return FALLOC_FL_ZERO_RANGE;
  case Action::collapse:
    return FALLOC_FL_COLLAPSE_RANGE;
  case Action::insert:
    return FALLOC_FL_INSERT_RANGE;
  default:
    return 0;
  }
}

} // namespace

Player::~Player() {
  for (std::jthread &thread : threads)
    thread.request_stop();
}

void Player::write(const Step &step, std::uint64_t number, int flags) {
  const dax::Descriptor file(full(step.name), O_WRONLY | flags);
  // O_DIRECT wants aligned memory
  const std::unique_ptr<char, decltype(&std::free)> bytes(
      static_cast<char *>(
          std::aligned_alloc(dax::BasePage, (step.length + dax::BasePage - 1) /
                                                dax::BasePage * dax::BasePage)),
      std::free);
  if (!bytes)
    throw std::bad_alloc();
  for (std::uint64_t i = 0; i < step.length; i++)
    bytes.get()[i] = static_cast<char>(byte_of(number, step.offset + i));
  const ssize_t written = pwrite(file.get(), bytes.get(), step.length,
                                 static_cast<off_t>(step.offset));
  if (written != static_cast<ssize_t>(step.length)) {
    if (written >= 0)
      errno = EIO;
    dax::fail(text_of(step));
  }
}

void Player::store(const Step &step, std::uint64_t number, bool flushed) {
  const std::string name = full(step.name);
  const dax::Descriptor file(name, O_RDWR);
  const std::uint64_t first = step.offset / dax::BasePage * dax::BasePage;
  const std::uint64_t before = step.offset - first;
  const dax::SharedMap map(file.get(), name, first, before + step.length,
                           flushed ? MAP_SHARED_VALIDATE | MAP_SYNC
                                   : MAP_SHARED);
  for (std::uint64_t i = 0; i < step.length;) {
    std::array<std::uint8_t, 8> bytes;
    const std::uint64_t length =
        std::min(bytes.size() - (before + i) % bytes.size(), step.length - i);
    for (std::uint64_t j = 0; j < length; j++)
      bytes[j] = byte_of(number, step.offset + i + j);
    if (length == bytes.size())
      *reinterpret_cast<volatile std::uint64_t *>(map.data() + before + i) =
          std::bit_cast<std::uint64_t>(bytes);
    else
      for (std::uint64_t j = 0; j < length; j++)
        map.data()[before + i + j] = static_cast<char>(bytes[j]);
    i += length;
  }
  if (flushed)
    flush(map.data() + before, step.length);
}

void Player::touch(const Step &step) {
  const std::string name = full(step.name);
  const dax::Descriptor file(name, O_RDWR);
  constexpr std::size_t Size = 2 * dax::HugePage;
  void *const map =
      mmap(nullptr, Size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (map == MAP_FAILED)
    dax::fail(name);
  const int how =
      step.other == "write" ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  threads.emplace_back([map, how](const std::stop_token &stop) {
    while (!stop.stop_requested()) {
      // past the end of the file, and in the middle of a truncate, this fails
      for (std::size_t at = 0; at < Size; at += dax::HugePage)
        (void)madvise(static_cast<char *>(map) + at, dax::HugePage, how);
      (void)madvise(map, Size, MADV_DONTNEED);
    }
    munmap(map, Size);
  });
}

void Player::play(const Step &step, std::uint64_t number) {
  const std::string name = full(step.name), what = text_of(step);
  const auto offset = static_cast<off_t>(step.offset);
  const auto length = static_cast<off_t>(step.length);
  switch (step.action) {
  case Action::create:
    dax::Descriptor(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return;
  case Action::mkdir:
    return check(::mkdir(name.c_str(), 0700), what);
  case Action::rmdir:
    return check(::rmdir(name.c_str()), what);
  case Action::write:
    return write(step, number, 0);
  case Action::write_synced:
    return write(step, number, O_DIRECT | O_DSYNC);
  case Action::store:
    return store(step, number, false);
  case Action::store_flushed:
    return store(step, number, true);
  case Action::truncate:
    return check(::truncate(name.c_str(), offset), what);
  case Action::allocate:
  case Action::punch:
  case Action::zero:
  case Action::collapse:
  case Action::insert: {
    const dax::Descriptor file(name, O_WRONLY);
    return check(fallocate(file.get(), mode_of(step.action), offset, length),
                 what);
  }
  case Action::rename:
    return check(::rename(name.c_str(), full(step.other).c_str()), what);
  case Action::link:
    return check(::link(name.c_str(), full(step.other).c_str()), what);
  case Action::unlink:
    return check(::unlink(name.c_str()), what);
  case Action::evacuate:
  case Action::gather: {
    const dax::Descriptor file(name, O_RDWR);
    const compact::Moved moved =
        compact::place(file.get(),
                       step.action == Action::gather ? compact::Where::whole
                                                     : compact::Where::fuller,
                       step.offset, step.length);
    // that nothing could move is no failure of the script
    if (moved.error && moved.error != std::errc::no_space_on_device &&
        moved.error != std::errc::device_or_resource_busy)
      throw std::system_error(moved.error, what);
    return;
  }
  case Action::fsync:
    return check(::fsync(dax::Descriptor(name, O_RDONLY).get()), what);
  case Action::fdatasync:
    return check(::fdatasync(dax::Descriptor(name, O_RDONLY).get()), what);
  case Action::msync: {
    const dax::Descriptor file(name, O_RDWR);
    const dax::SharedMap map(file.get(), name, step.offset, step.length);
    return check(::msync(const_cast<char *>(map.data()), step.length, MS_SYNC),
                 what);
  }
  case Action::sync:
    return check(syncfs(dax::Descriptor(directory, O_RDONLY).get()), what);
  case Action::touch:
    return touch(step);
  }
}

} // namespace crash
