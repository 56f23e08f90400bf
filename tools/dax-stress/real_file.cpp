// SPDX-License-Identifier: GPL-2.0
#include "real_file.hpp"

#include "guard.hpp"
#include "random.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stress {

namespace {

/// Bytes to compare at each end of a changed range.
constexpr std::uint64_t Margin = 64 << 10;

std::string hex(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << std::showbase << number;
  return text.str();
}

/// Requires that a call processed all bytes.
/// @param done   its result
/// @param wanted number of bytes
/// @param call   for error messages
/// @throws std::system_error if the call failed
/// @throws Mismatch if it processed fewer or more bytes
void require(ssize_t done, std::uint64_t wanted, const char *call) {
  if (done < 0)
    dax::fail(call);
  if (static_cast<std::uint64_t>(done) != wanted)
    throw Mismatch(std::string(call) + ": " + std::to_string(done) + " of " +
                   std::to_string(wanted) + " bytes");
}

void require(int result, const char *call) {
  if (result != 0)
    dax::fail(call);
}

/// Compares bytes of the file with the model.
/// @param got    bytes of the file
/// @param wanted bytes of the model
/// @param offset of the first byte in the file
/// @param view   the way in which the bytes were read, for error messages
/// @throws Mismatch if they differ
void require_same(std::span<const unsigned char> got,
                  std::span<const unsigned char> wanted, std::uint64_t offset,
                  const std::string &view) {
  if (std::memcmp(got.data(), wanted.data(), got.size()) == 0)
    return;
  const auto [here, there] =
      std::mismatch(got.begin(), got.end(), wanted.begin());
  std::size_t differ = 0;
  for (std::size_t i = 0; i < got.size(); i++)
    differ += got[i] != wanted[i];
  throw Mismatch(view + ": byte " + hex(offset + (here - got.begin())) +
                 " is " + hex(*here) + ", expected " + hex(*there) + "; " +
                 std::to_string(differ) + " of " + std::to_string(got.size()) +
                 " bytes at " + hex(offset) + " differ");
}

int fallocate_mode(Kind kind) {
  switch (kind) {
  case Kind::allocate_keep:
    return FALLOC_FL_KEEP_SIZE;
  case Kind::punch:
    return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  case Kind::zero:
    return FALLOC_FL_ZERO_RANGE;
  case Kind::zero_keep:
    return FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
  case Kind::collapse:
    return FALLOC_FL_COLLAPSE_RANGE;
  case Kind::insert:
    return FALLOC_FL_INSERT_RANGE;
  case Kind::unshare:
    return FALLOC_FL_UNSHARE_RANGE;
  default:
    return 0;
  }
}

unsigned char *map_file(int fd, unsigned char *address, std::uint64_t offset,
                        std::uint64_t length, int flags) {
  void *const got = mmap(address, length, PROT_READ | PROT_WRITE,
                         flags | MAP_FIXED, fd, static_cast<off_t>(offset));
  if (got == MAP_FAILED)
    dax::fail("mmap");
  return static_cast<unsigned char *>(got);
}

bool has_dax(int fd) {
  struct statx status;
  require(statx(fd, "", AT_EMPTY_PATH, 0, &status), "statx");
  return status.stx_attributes & STATX_ATTR_DAX;
}

std::optional<dax::Descriptor> open_if_there(const std::string &name) {
  try {
    return dax::Descriptor(name, O_RDWR);
  } catch (const std::system_error &error) {
    if (error.code().value() != ENOENT)
      throw;
    return {};
  }
}

long faults_of_thread() {
  rusage usage;
  require(getrusage(RUSAGE_THREAD, &usage), "getrusage");
  return usage.ru_minflt + usage.ru_majflt;
}

/// Runs a function in a child process.
/// @throws Mismatch if it throws there
template <typename Body> void in_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0)
    dax::fail("fork");
  if (child == 0) {
    try {
      body();
    } catch (const std::exception &error) {
      std::cerr << "child process: " << error.what() << std::endl;
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child)
    dax::fail("waitpid");
  if (status != 0)
    throw Mismatch("child process: exit status " + hex(status));
}

std::vector<std::array<Arena, 2>> make_arenas(std::uint64_t length) {
  std::vector<std::array<Arena, 2>> arenas;
  for (unsigned slot = 0; slot < Slots; slot++)
    arenas.push_back({Arena(length), Arena(length)});
  return arenas;
}

} // namespace

RealFile::RealFile(const std::string &name, const Model &model,
                   std::chrono::milliseconds hold)
    : path(name), file(name, O_RDWR | O_CREAT | O_TRUNC, 0600),
      arenas(make_arenas(model.map_limit())), scratch(model.map_limit()),
      buffer(model.map_limit()), uses_dax(has_dax(file.get())), pins(hold) {}

unsigned char *RealFile::address(unsigned slot, const Mapping &mapping,
                                 std::uint64_t offset) const {
  return arenas[slot][turn[slot]].address(mapping.offset,
                                          mapping.misalignment) +
         (offset - mapping.offset);
}

void RealFile::store(unsigned char *to, std::uint64_t length,
                     std::uint64_t value) {
  fill(std::span(buffer).first(length), value);
  if (!copy_guarded(to, buffer.data(), length))
    throw Mismatch("SIGBUS on a store inside the file");
}

/// Loads bytes inside the file, and compares them.
void RealFile::load(const unsigned char *from, Range range, const Model &model,
                    const std::string &view) {
  const std::uint64_t length = range.end - range.begin;
  if (!copy_guarded(buffer.data(), from, length))
    throw Mismatch(view + ": SIGBUS on a load of " + hex(range.begin) + " to " +
                   hex(range.end) + " of a file of " + hex(model.size()) +
                   " bytes");
  require_same(std::span(buffer).first(length),
               model.bytes().subspan(range.begin, length), range.begin, view);
}

/// Loads bytes beyond the end of the file: zeroes in its last page, SIGBUS after
/// that.
void RealFile::beyond_end(const unsigned char *from, Range range,
                          const Model &model, const std::string &view) {
  const std::uint64_t last = page_up(model.size());
  if (range.begin < last) {
    const std::uint64_t length = std::min(range.end, last) - range.begin;
    if (!copy_guarded(buffer.data(), from, length))
      throw Mismatch(view + ": SIGBUS in the last page of the file");
    const std::vector<unsigned char> zeroes(length);
    require_same(std::span(buffer).first(length), zeroes, range.begin,
                 view + " beyond the end");
    from += length;
    range.begin += length;
  }
  for (const std::uint64_t at : {range.begin, range.end - 1})
    if (range.begin < range.end &&
        copy_guarded(buffer.data(), from + (at - range.begin), 1))
      throw Mismatch(view + ": no SIGBUS at " + hex(at) + " of a file of " +
                     hex(model.size()) + " bytes");
}

/// Loads the mapped part of a range, and compares it.
void RealFile::load_mapped(unsigned slot, Range range, const Model &model) {
  const Mapping &mapping = model.mapping(slot);
  range.begin = std::max(range.begin, mapping.offset);
  range.end = std::min(range.end, mapping.end());
  if (range.begin >= range.end)
    return;
  const std::string view = "mapping " + std::to_string(slot);
  const std::uint64_t end = std::min(range.end, model.size());
  if (range.begin < end) {
    load(address(slot, mapping, range.begin), {range.begin, end}, model, view);
    range.begin = end;
  }
  if (range.begin < range.end)
    beyond_end(address(slot, mapping, range.begin), range, model, view);
}

/// Reads a range with pread(2), as far as the end of the file, and compares it.
void RealFile::read(Range range, const Model &model) {
  const std::uint64_t length = range.end - range.begin;
  const std::uint64_t there = range.begin < model.size()
                                  ? std::min(length, model.size() - range.begin)
                                  : 0;
  require(
      pread(file.get(), buffer.data(), length, static_cast<off_t>(range.begin)),
      there, "pread");
  if (there)
    require_same(std::span(buffer).first(there),
                 model.bytes().subspan(range.begin, there), range.begin,
                 "pread");
}

/// Calls a function with a buffer; the byte after it cannot be accessed.
/// @param length of the buffer, in bytes
template <typename Body>
void RealFile::with_buffer_that_faults(std::uint64_t length, Body body) {
  const std::uint64_t pages = page_up(length);
  unsigned char *const begin = scratch.address(0, 0);
  if (pages &&
      mmap(begin, pages, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    dax::fail("mmap");
  body(begin + (pages - length));
  if (pages)
    scratch.clear(begin, pages);
}

/// Reads to a buffer that faults. The bytes that the call reports must match. Inside
/// the file, it must not report 0 bytes, which means the end of the file.
void RealFile::read_part(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  const std::uint64_t there =
      offset < model.size() ? std::min(length, model.size() - offset) : 0;
  with_buffer_that_faults(other, [&, offset = offset, length = length,
                                  other = other](unsigned char *to) {
    const ssize_t got =
        pread(file.get(), to, length, static_cast<off_t>(offset));
    if (got < 0 && (errno != EFAULT || (there && other)))
      dax::fail("pread to a buffer of " + std::to_string(other) + " bytes");
    const auto done = static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    if ((got == 0 && there) || done > std::min(other, there))
      throw Mismatch("pread to a buffer of " + std::to_string(other) +
                     " bytes: " + std::to_string(got) + " of " +
                     std::to_string(there) + " bytes at " + hex(offset));
    if (done)
      require_same({to, done}, model.bytes().subspan(offset, done), offset,
                   "pread to a buffer that faults");
  });
}

/// Writes from a buffer that faults. The bytes that the call reports must be
/// written, and no other byte of their pages. Then all bytes are written.
void RealFile::write_part(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  fill(std::span(buffer).first(length), value);
  const std::vector<unsigned char> bytes(buffer.begin(),
                                         buffer.begin() + length);
  with_buffer_that_faults(other, [&, offset = offset, length = length,
                                  other = other](unsigned char *from) {
    std::copy_n(bytes.begin(), other, from);
    const ssize_t got =
        pwrite(file.get(), from, length, static_cast<off_t>(offset));
    if (got < 0 && errno != EFAULT)
      dax::fail("pwrite of a buffer of " + std::to_string(other) + " bytes");
    const auto done = static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    if (got == 0 || done > other)
      throw Mismatch("pwrite of a buffer of " + std::to_string(other) +
                     " bytes: " + std::to_string(got) + " bytes");

    const std::uint64_t begin = offset & ~(PageSize - 1);
    const std::uint64_t size =
        done ? std::max(model.size(), offset + done) : model.size();
    const std::uint64_t end = std::min(page_up(offset + length), size);
    if (begin >= end)
      return;
    std::vector<unsigned char> wanted(end - begin);
    if (begin < model.size())
      std::copy_n(model.bytes().begin() + begin,
                  std::min(end, model.size()) - begin, wanted.begin());
    std::copy_n(bytes.begin(), done, wanted.begin() + (offset - begin));
    require(pread(file.get(), buffer.data(), end - begin,
                  static_cast<off_t>(begin)),
            end - begin, "pread");
    require_same(std::span(buffer).first(end - begin), wanted, begin,
                 "pread after a write of a buffer that faults");
  });
  require(pwrite(file.get(), bytes.data(), length, static_cast<off_t>(offset)),
          length, "pwrite");
}

/// Writes up to eight buffers, some of them empty.
void RealFile::write_vector(const Operation &operation) {
  dax::Random random(operation.value);
  std::array<std::uint64_t, 9> cuts{};
  for (std::uint64_t &cut : cuts)
    cut = random.below(operation.length + 1);
  cuts.front() = 0;
  cuts.back() = operation.length;
  std::sort(cuts.begin(), cuts.end());

  fill(std::span(buffer).first(operation.length), operation.value);
  std::array<iovec, 8> parts;
  for (std::size_t i = 0; i < parts.size(); i++)
    parts[i] = {buffer.data() + cuts[i], cuts[i + 1] - cuts[i]};
  require(pwritev(file.get(), parts.data(), parts.size(),
                  static_cast<off_t>(operation.offset)),
          operation.length, "pwritev");
}

void RealFile::write_at_end(const Operation &operation, const Model &model) {
  const dax::Descriptor end(path, O_WRONLY | O_APPEND);
  fill(std::span(buffer).first(operation.length), operation.value);
  require(::write(end.get(), buffer.data(), operation.length), operation.length,
          "write");
  if (lseek(end.get(), 0, SEEK_CUR) !=
      static_cast<off_t>(model.size() + operation.length))
    throw Mismatch("write with O_APPEND: not at the end");
}

void RealFile::reopen() { file = dax::Descriptor(path, O_RDWR); }

/// Replaces the file by a new one. Only pins of the old one remain.
void RealFile::recreate(const Model &model) {
  for (unsigned slot = 0; slot < Slots; slot++) {
    const Mapping &mapping = model.mapping(slot);
    if (mapping.length)
      unmap({.kind = Kind::unmap, .slot = slot}, mapping);
  }
  stored_at = {};
  require(unlink(path.c_str()), "unlink");
  file = dax::Descriptor(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  // wait for the blocks of the old file, which are freed after its pins
  for (unsigned tries = 0; tries < 100; tries++) {
    struct statvfs status;
    require(syncfs(file.get()), "syncfs");
    require(fstatvfs(file.get(), &status), "fstatvfs");
    if (status.f_bavail * status.f_frsize >= 2 * model.limit())
      return;
    usleep(100'000);
  }
}

/// Shares blocks between two offsets of the file.
void RealFile::share(const Operation &operation) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  if (kind == Kind::clone) {
    file_clone_range range{};
    range.src_fd = file.get();
    range.src_offset = offset;
    range.src_length = length;
    range.dest_offset = other;
    require(ioctl(file.get(), FICLONERANGE, &range), "FICLONERANGE");
    return;
  }
  require(pread(file.get(), buffer.data(), length, static_cast<off_t>(offset)),
          length, "pread");
  require(pwrite(file.get(), buffer.data(), length, static_cast<off_t>(other)),
          length, "pwrite");
  union {
    file_dedupe_range range;
    char room[sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info)];
  } same{};
  same.range.src_offset = offset;
  same.range.src_length = length;
  same.range.dest_count = 1;
  same.range.info[0].dest_fd = file.get();
  same.range.info[0].dest_offset = other;
  require(ioctl(file.get(), FIDEDUPERANGE, &same.range), "FIDEDUPERANGE");
  if (same.range.info[0].status != FILE_DEDUPE_RANGE_SAME)
    throw Mismatch("FIDEDUPERANGE: " + hex(offset) + " and its copy at " +
                   hex(other) + " differ");
}

/// Reads with process_vm_readv(2), like a debugger.
void RealFile::read_by_process(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  const iovec to = {buffer.data(), length};
  const iovec from = {address(slot, model.mapping(slot), offset), length};
  require(process_vm_readv(getpid(), &to, 1, &from, 1, 0), length,
          "process_vm_readv");
  require_same(std::span(buffer).first(length),
               model.bytes().subspan(offset, length), offset,
               "process_vm_readv of mapping " + std::to_string(slot));
}

/// Requires that stores fault after fsync(2): without a fault, the next fsync(2)
/// would miss them.
void RealFile::require_protected(const Model &model) {
  for (unsigned slot = 0; slot < Slots; slot++) {
    const auto offset = std::exchange(stored_at[slot], {});
    if (!uses_dax || !offset || *offset >= model.size())
      continue;
    const long before = faults_of_thread();
    if (!touch_guarded(address(slot, model.mapping(slot), *offset)))
      throw Mismatch("SIGBUS on a store inside the file");
    if (faults_of_thread() == before)
      throw Mismatch("mapping " + std::to_string(slot) +
                     ": no fault on a store to " + hex(*offset) +
                     " after fsync");
  }
}

void RealFile::synchronize(const Operation &operation, const Model &model) {
  if (operation.value % 2)
    require(fsync(file.get()), "fsync");
  else
    require(fdatasync(file.get()), "fdatasync");
  require_protected(model);
}

/// One mapping in 16 uses MAP_SYNC if the filesystem supports it: each of its write
/// faults waits for the journal.
void RealFile::map(const Operation &operation) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  unsigned char *const start = address(slot, {offset, length, other}, offset);
  stored_at[slot] = {};
  if (value % 16 == 0 &&
      mmap(start, length, PROT_READ | PROT_WRITE,
           MAP_SHARED_VALIDATE | MAP_SYNC | MAP_FIXED, file.get(),
           static_cast<off_t>(offset)) != MAP_FAILED)
    return;
  map_file(file.get(), start, offset, length, MAP_SHARED);
}

void RealFile::remap(const Operation &operation, const Mapping &mapping) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  unsigned char *const from = address(slot, mapping, mapping.offset);
  stored_at[slot] = {};
  const Arena &old = arenas[slot][turn[slot]];
  turn[slot] ^= 1;
  unsigned char *const to =
      address(slot, {mapping.offset, length, other}, mapping.offset);
  if (mremap(from, mapping.length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
      MAP_FAILED)
    dax::fail("mremap");
  old.clear(from, mapping.length);
}

void RealFile::unmap(const Operation &operation, const Mapping &mapping) {
  unsigned char *const from =
      address(operation.slot, mapping, mapping.offset + operation.length);
  const std::uint64_t length = mapping.length - operation.length;
  stored_at[operation.slot] = {};
  require(munmap(from, length), "munmap");
  arenas[operation.slot][turn[operation.slot]].clear(from, length);
}

void RealFile::read_only(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  unsigned char *const mapped = address(slot, model.mapping(slot), offset);
  require(mprotect(mapped, length, PROT_READ), "mprotect");
  load_mapped(slot, {offset, offset + length}, model);
  require(mprotect(mapped, length, PROT_READ | PROT_WRITE), "mprotect");
}

void RealFile::fork_and_touch(const Operation &operation, const Model &model) {
  unsigned char *const mapped =
      address(operation.slot, model.mapping(operation.slot), operation.offset);
  in_child([&] {
    load_mapped(operation.slot,
                {operation.offset, operation.offset + operation.length}, model);
    store(mapped, operation.length, operation.value);
  });
}

/// Stores must change the private copy, those of a child its own copy, and none the
/// file.
void RealFile::use_privately(const Operation &operation, const Model &model) {
  const Range range{operation.offset, operation.offset + operation.length};
  const std::uint64_t begin = range.begin & ~(PageSize - 1);
  const std::uint64_t length = page_up(range.end) - begin;
  unsigned char *const mapping =
      map_file(file.get(), scratch.address(begin, operation.other), begin,
               length, MAP_PRIVATE);
  unsigned char *const bytes = mapping + (range.begin - begin);
  load(bytes, range, model, "private mapping");
  store(bytes, operation.length, operation.value);

  std::vector<unsigned char> stored(operation.length);
  fill(stored, operation.value);
  const auto still_stored = [&] {
    require_same({bytes, operation.length}, stored, range.begin,
                 "private mapping after a store");
  };
  if (operation.value % 4 == 0)
    in_child([&] {
      still_stored();
      store(bytes, operation.length, ~operation.value);
    });
  still_stored();
  scratch.clear(mapping, length);
  read(range, model);
}

void RealFile::change_size(const Operation &operation) {
  if (operation.kind == Kind::truncate)
    require(ftruncate(file.get(), static_cast<off_t>(operation.length)),
            "ftruncate");
  else
    require(fallocate(file.get(), fallocate_mode(operation.kind),
                      static_cast<off_t>(operation.offset),
                      static_cast<off_t>(operation.length)),
            "fallocate");
}

void RealFile::perform(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  switch (kind) {
  case Kind::write:
    fill(std::span(buffer).first(length), value);
    require(
        pwrite(file.get(), buffer.data(), length, static_cast<off_t>(offset)),
        length, "pwrite");
    break;
  case Kind::writev:
    write_vector(operation);
    break;
  case Kind::append:
    write_at_end(operation, model);
    break;
  case Kind::read:
    read({offset, offset + length}, model);
    break;
  case Kind::read_part:
    read_part(operation, model);
    break;
  case Kind::write_part:
    write_part(operation, model);
    break;
  case Kind::truncate:
  case Kind::allocate:
  case Kind::allocate_keep:
  case Kind::punch:
  case Kind::zero:
  case Kind::zero_keep:
  case Kind::unshare:
  case Kind::collapse:
  case Kind::insert:
    change_size(operation);
    break;
  case Kind::private_map:
    use_privately(operation, model);
    break;
  case Kind::sync:
    synchronize(operation, model);
    break;
  case Kind::reopen:
    reopen();
    break;
  case Kind::recreate:
    recreate(model);
    break;
  case Kind::clone:
  case Kind::dedupe:
    share(operation);
    break;
  case Kind::compare:
    compare(model);
    break;
  default:
    perform_mapped(operation, model);
  }
}

/// Applies a kind of operation that has a slot.
void RealFile::perform_mapped(const Operation &operation, const Model &model) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  const Mapping &mapping = model.mapping(slot);
  const auto bytes = [&] {
    return address(operation.slot, mapping, operation.offset);
  };
  switch (kind) {
  case Kind::map:
    map(operation);
    break;
  case Kind::remap:
    remap(operation, mapping);
    break;
  case Kind::unmap:
    unmap(operation, mapping);
    break;
  case Kind::write_from_map:
    require(pwrite(file.get(), bytes(), length, static_cast<off_t>(other)),
            length, "pwrite from a mapping");
    break;
  case Kind::read_into_map:
    require(pread(file.get(), bytes(), length, static_cast<off_t>(other)),
            length, "pread into a mapping");
    break;
  case Kind::map_write:
    store(bytes(), length, value);
    stored_at[slot] = offset;
    break;
  case Kind::pin:
    pins.add({bytes(), length}, value);
    break;
  case Kind::vm_read:
    read_by_process(operation, model);
    break;
  case Kind::map_read:
    load_mapped(slot, {offset, offset + length}, model);
    break;
  case Kind::protect:
    read_only(operation, model);
    break;
  case Kind::dont_need:
    require(madvise(bytes(), length, MADV_DONTNEED), "madvise");
    break;
  case Kind::fork:
    fork_and_touch(operation, model);
    break;
  case Kind::msync:
    require(::msync(bytes(), length, value % 2 ? MS_SYNC : MS_ASYNC), "msync");
    break;
  default:
    throw std::logic_error(to_text(operation) + ": has no mapping");
  }
}

void RealFile::verify(const Operation &operation, Range changed,
                      const Model &model) {
  if (const auto mismatch = pins.mismatch())
    throw Mismatch(*mismatch);
  struct stat status;
  require(fstat(file.get(), &status), "fstat");
  if (static_cast<std::uint64_t>(status.st_size) != model.size())
    throw Mismatch("fstat: size " + hex(status.st_size) + ", expected " +
                   hex(model.size()));

  const auto compare_range = [&](Range range) {
    read(range, model);
    dax::Random random(operation.value);
    for (unsigned slot = 0; slot < Slots; slot++)
      if (random.below(4) == 0)
        load_mapped(slot, range, model);
  };
  const std::uint64_t begin = changed.begin - std::min(changed.begin, PageSize);
  const std::uint64_t end = std::min(changed.end + PageSize, model.map_limit());
  if (end - begin <= 2 * Margin) {
    compare_range({begin, end});
  } else {
    compare_range({begin, begin + Margin});
    compare_range({end - Margin, end});
  }
}

void RealFile::compare(const Model &model) {
  read({0, model.map_limit()}, model);
  for (unsigned slot = 0; slot < Slots; slot++)
    load_mapped(slot, {0, model.map_limit()}, model);
}

std::set<Kind> unsupported_in(const std::string &directory) {
  const dax::Descriptor file(directory, O_TMPFILE | O_RDWR, 0600);
  struct stat status;
  require(fstat(file.get(), &status), "fstat");
  const off_t block = status.st_blksize;
  std::set<Kind> unsupported;
  require(ftruncate(file.get(), 4 * block), "ftruncate");
  for (const Kind kind :
       {Kind::allocate, Kind::allocate_keep, Kind::punch, Kind::zero,
        Kind::zero_keep, Kind::unshare, Kind::insert, Kind::collapse}) {
    if (fallocate(file.get(), fallocate_mode(kind), block, block) == 0)
      continue;
    if (errno != EOPNOTSUPP)
      dax::fail(std::string(name_of(kind)));
    unsupported.insert(kind);
  }
  file_clone_range range{};
  range.src_fd = file.get();
  range.src_length = block;
  range.dest_offset = 2 * block;
  if (ioctl(file.get(), FICLONERANGE, &range)) {
    if (errno != EOPNOTSUPP)
      dax::fail("FICLONERANGE");
    unsupported.insert({Kind::clone, Kind::dedupe});
  }
  // a kernel can be built without it
  if (process_vm_readv(getpid(), nullptr, 0, nullptr, 0, 0)) {
    if (errno != ENOSYS)
      dax::fail("process_vm_readv");
    unsupported.insert(Kind::vm_read);
  }
  return unsupported;
}

void touch_forever(const std::string &name, std::uint64_t limit,
                   std::uint64_t seed) {
  dax::Random random(seed);
  const Arena arena(limit);
  while (true) {
    // open it each time: the name can have a new file
    const auto file = open_if_there(name);
    if (!file)
      continue;
    // half of the mappings cannot use huge pages
    const std::uint64_t misalignment = random.below(2) ? 0 : HugePage / 2;
    unsigned char *const bytes = map_file(
        file->get(), arena.address(0, misalignment), 0, limit, MAP_SHARED);
    for (unsigned i = 0; i < 1000; i++) {
      unsigned char *const byte = bytes + random.below(limit);
      unsigned char read;
      // both can get SIGBUS; few stores, because they fill holes
      if (random.below(8))
        copy_guarded(&read, byte, 1);
      else
        touch_guarded(byte);
      if (random.below(32) == 0)
        require(madvise(bytes, limit, MADV_DONTNEED), "madvise");
    }
    arena.clear(bytes, limit);
  }
}

} // namespace stress
