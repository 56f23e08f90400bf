// SPDX-License-Identifier: GPL-2.0
#include "files.hpp"

#include "pmd_range.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bench {

namespace {

using dax::HugePage;

constexpr std::uint64_t FileBytes = Files::Chunks * HugePage;

dax::Descriptor new_file(const std::string &name) {
  return dax::Descriptor(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

dax::Descriptor allocated_file(const std::string &name, std::uint64_t length) {
  unlink(name.c_str());
  dax::Descriptor file = new_file(name);
  if (fallocate(file.get(), 0, 0, static_cast<off_t>(length)) != 0)
    dax::fail(name);
  return file;
}

} // namespace

Files::Files(const std::string &directory)
    : directory(directory),
      written(allocated_file(directory + "/written", FileBytes)),
      fresh(new_file(directory + "/fresh")), buffer(MiB, 'x') {
  transfer(true, MiB, 0, FileBytes / MiB);
  if (fsync(written.get()) != 0)
    dax::fail(directory + "/written");
}

Files::~Files() {
  unlink((directory + "/written").c_str());
  unlink((directory + "/fresh").c_str());
}

void Files::transfer(bool write, std::uint32_t length, std::uint32_t first,
                     std::uint32_t count) {
  const std::uint64_t slots = FileBytes / length;
  for (std::uint32_t i = first; i < first + count; i++) {
    const std::uint32_t slot = length == MiB ? i : scattered(i);
    const auto at = static_cast<off_t>(slot % slots * length);
    const ssize_t done = write
                             ? pwrite(written.get(), buffer.data(), length, at)
                             : pread(written.get(), buffer.data(), length, at);
    if (done != static_cast<ssize_t>(length))
      throw std::system_error(done < 0 ? errno : EIO, std::generic_category(),
                              directory + "/written");
  }
}

void Files::map_written() {
  map.reset();
  map = std::make_unique<dax::SharedMap>(written.get(), directory + "/written",
                                         0, FileBytes);
}

/// @param how MAP_SHARED, or MAP_SHARED_VALIDATE | MAP_SYNC
void Files::map_new(int how) {
  map.reset();
  const std::string name = directory + "/fresh";
  fresh = allocated_file(name, FileBytes);
  // no commit of the allocation while the faults are measured
  if (fsync(fresh.get()) != 0)
    dax::fail(name);
  map = std::make_unique<dax::SharedMap>(fresh.get(), name, 0, FileBytes, how);
}

void Files::touch(bool write, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = first; i < first + count; i++) {
    volatile char &byte = map->data()[i % Chunks * HugePage];
    if (write)
      byte = 'y';
    else [[maybe_unused]]
      const char loaded = byte;
  }
}

/// Maps the file, loads 64 bytes at scattered places, and unmaps it.
void Files::load_scattered(std::uint32_t first, std::uint32_t count) {
  constexpr std::uint64_t Lines = FileBytes / 64;
  map_written();
  for (std::uint32_t i = first; i < first + count; i++) {
    const volatile char *const line = map->data() + scattered(i) % Lines * 64;
    for (unsigned at = 0; at < 64; at += sizeof(std::uint64_t))
      [[maybe_unused]] const std::uint64_t loaded =
          *reinterpret_cast<const volatile std::uint64_t *>(line + at);
  }
  map.reset();
}

bool Files::maps_sync() const {
  void *const mapped = mmap(nullptr, HugePage, PROT_READ | PROT_WRITE,
                            MAP_SHARED_VALIDATE | MAP_SYNC, written.get(), 0);
  if (mapped == MAP_FAILED)
    return false;
  munmap(mapped, HugePage);
  return true;
}

void Files::sync_one_line(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = first; i < first + count; i++) {
    touch(true, i, 1);
    if (msync(const_cast<char *>(map->data()), FileBytes, MS_SYNC) != 0)
      dax::fail("msync");
  }
}

void Files::allocate_and_delete(std::uint32_t count) {
  const std::string name = directory + "/deleted";
  for (std::uint32_t i = 0; i < count; i++) {
    const dax::Descriptor file = allocated_file(name, FileBytes);
    unlink(name.c_str());
  }
}

std::vector<Case> Files::cases() {
  struct Size {
    const char *name;
    std::uint32_t length, timed;
  };
  std::vector<Case> cases;
  for (const Size &size : {Size{"64", 64, 20000}, Size{"4k", 4 * KiB, 20000},
                           Size{"1m", MiB, 256}})
    for (const bool write : {false, true})
      cases.push_back(
          {std::string(write ? "write-" : "read-") + size.name,
           1,
           size.timed,
           {},
           [this, write, size](std::uint32_t first, std::uint32_t count) {
             transfer(write, size.length, first, count);
           }});

  const auto touch_for = [this](bool write) {
    return [this, write](std::uint32_t first, std::uint32_t count) {
      touch(write, first, count);
    };
  };
  const auto fresh_map = [this](int how) {
    return [this, how] { map_new(how); };
  };
  const auto old_map = [this] { map_written(); };
  cases.push_back(
      {"fault-new-write", 1, Chunks, fresh_map(MAP_SHARED), touch_for(true)});
  cases.push_back(
      {"fault-new-read", 1, Chunks, fresh_map(MAP_SHARED), touch_for(false)});
  if (maps_sync())
    cases.push_back({"fault-new-sync", 1, Chunks,
                     fresh_map(MAP_SHARED_VALIDATE | MAP_SYNC),
                     touch_for(true)});
  cases.push_back({"fault-write", 1, Chunks, old_map, touch_for(true)});
  cases.push_back({"fault-read", 1, Chunks, old_map, touch_for(false)});
  cases.push_back({"map-load-64",
                   4096,
                   1,
                   {},
                   [this](std::uint32_t first, std::uint32_t count) {
                     load_scattered(first, count);
                   }});
  cases.push_back({"msync-line", 1, Chunks,
                   [this] {
                     map_written();
                     touch(true, 0, Chunks);
                     sync_one_line(0, 1);
                   },
                   [this](std::uint32_t first, std::uint32_t count) {
                     sync_one_line(first, count);
                   }});
  cases.push_back({"allocate-delete-128m",
                   1,
                   16,
                   {},
                   [this](std::uint32_t, std::uint32_t count) {
                     allocate_and_delete(count);
                   }});
  return cases;
}

} // namespace bench
