// SPDX-License-Identifier: GPL-2.0
#include "real_file.hpp"

#include "guard.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fsx {

namespace {

/// How much of each end of what changed is compared at once, in bytes.
constexpr std::uint64_t Margin = 64 << 10;

std::string hex(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << std::showbase << number;
  return text.str();
}

/// Requires that a call did all that it was asked for.
void require(ssize_t done, std::uint64_t wanted, const char *call) {
  if (done < 0)
    dax::fail(call);
  if (static_cast<std::uint64_t>(done) != wanted)
    throw Mismatch(std::string(call) + " did " + std::to_string(done) + " of " +
                   std::to_string(wanted) + " bytes");
}

void require(int result, const char *call) {
  if (result != 0)
    dax::fail(call);
}

/// Holds bytes of the file against the model.
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
                 " bytes from " + hex(offset) + " differ");
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

/// Runs something in a child, and requires that it goes well there too.
template <typename Body> void in_child(Body body) {
  const pid_t child = ::fork();
  if (child < 0)
    dax::fail("fork");
  if (child == 0) {
    try {
      body();
    } catch (const std::exception &error) {
      std::cerr << "in a child: " << error.what() << std::endl;
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child)
    dax::fail("waitpid");
  if (status != 0)
    throw Mismatch("a child ended with status " + hex(status));
}

std::vector<std::array<Arena, 2>> make_arenas(std::uint64_t length) {
  std::vector<std::array<Arena, 2>> arenas;
  for (unsigned slot = 0; slot < Slots; slot++)
    arenas.push_back({Arena(length), Arena(length)});
  return arenas;
}

} // namespace

RealFile::RealFile(const std::string &name, const Model &model)
    : path(name), file(name, O_RDWR | O_CREAT | O_TRUNC, 0600),
      arenas(make_arenas(model.map_limit())), private_arena(model.map_limit()),
      buffer(model.map_limit()) {}

unsigned char *RealFile::address(unsigned slot, const Mapping &mapping,
                                 std::uint64_t offset) const {
  return arenas[slot][turn[slot]].place(mapping.offset, mapping.phase) +
         (offset - mapping.offset);
}

void RealFile::store(unsigned char *to, std::uint64_t length,
                     std::uint64_t value) {
  fill(std::span(buffer).first(length), value);
  if (!copy_guarded(to, buffer.data(), length))
    throw Mismatch("SIGBUS at a store to a part of the file");
}

/// Loads what is in the file.
void RealFile::load(const unsigned char *from, Range range, const Model &model,
                    const std::string &view) {
  const std::uint64_t length = range.end - range.begin;
  if (!copy_guarded(buffer.data(), from, length))
    throw Mismatch(view + ": SIGBUS at a load from " + hex(range.begin) +
                   " to " + hex(range.end) + " of a file of " +
                   hex(model.size()) + " bytes");
  require_same(std::span(buffer).first(length),
               model.bytes().subspan(range.begin, length), range.begin, view);
}

/// Loads what is behind the file: zeroes to the end of its last page, then
/// none.
void RealFile::beyond_end(const unsigned char *from, Range range,
                          const Model &model, const std::string &view) {
  const std::uint64_t last = page_up(model.size());
  if (range.begin < last) {
    const std::uint64_t length = std::min(range.end, last) - range.begin;
    if (!copy_guarded(buffer.data(), from, length))
      throw Mismatch(view + ": SIGBUS in the last page");
    const std::vector<unsigned char> zeroes(length);
    require_same(std::span(buffer).first(length), zeroes, range.begin,
                 view + " behind the end");
    from += length;
    range.begin += length;
  }
  for (const std::uint64_t at : {range.begin, range.end - 1})
    if (range.begin < range.end &&
        copy_guarded(buffer.data(), from + (at - range.begin), 1))
      throw Mismatch(view + ": no SIGBUS at " + hex(at) + " of a file of " +
                     hex(model.size()) + " bytes");
}

/// Loads the part of a range that is mapped.
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

/// Reads a range, up to the end of the file if that comes first.
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

/// Writes in up to eight pieces, some of which are empty.
void RealFile::write_pieces(const Operation &operation) {
  std::uint64_t state = operation.value;
  std::array<std::uint64_t, 9> cuts{};
  for (std::uint64_t &cut : cuts)
    cut = next_random(state) % (operation.length + 1);
  cuts.front() = 0;
  cuts.back() = operation.length;
  std::sort(cuts.begin(), cuts.end());

  fill(std::span(buffer).first(operation.length), operation.value);
  std::array<iovec, 8> pieces;
  for (std::size_t i = 0; i < pieces.size(); i++)
    pieces[i] = {buffer.data() + cuts[i], cuts[i + 1] - cuts[i]};
  require(pwritev(file.get(), pieces.data(), pieces.size(),
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
    throw Mismatch("O_APPEND did not write at the end");
}

void RealFile::reopen() { file = dax::Descriptor(path, O_RDWR); }

void RealFile::synchronize(const Operation &operation) {
  if (operation.value % 2)
    require(fsync(file.get()), "fsync");
  else
    require(fdatasync(file.get()), "fdatasync");
}

/// Some mappings are with MAP_SYNC, where the filesystem has that; few, because
/// each of their faults waits for the journal.
void RealFile::map(const Operation &operation) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  unsigned char *const where = address(slot, {offset, length, other}, offset);
  if (value % 16 == 0 &&
      mmap(where, length, PROT_READ | PROT_WRITE,
           MAP_SHARED_VALIDATE | MAP_SYNC | MAP_FIXED, file.get(),
           static_cast<off_t>(offset)) != MAP_FAILED)
    return;
  map_file(file.get(), where, offset, length, MAP_SHARED);
}

void RealFile::remap(const Operation &operation, const Mapping &mapping) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  unsigned char *const from = address(slot, mapping, mapping.offset);
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

/// Stores go to the private copy, the child's to its own, and none to the file.
void RealFile::use_privately(const Operation &operation, const Model &model) {
  const Range range{operation.offset, operation.offset + operation.length};
  const std::uint64_t begin = range.begin & ~(PageSize - 1);
  const std::uint64_t length = page_up(range.end) - begin;
  unsigned char *const mapping =
      map_file(file.get(), private_arena.place(begin, operation.other), begin,
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
  private_arena.clear(mapping, length);
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
    write_pieces(operation);
    break;
  case Kind::append:
    write_at_end(operation, model);
    break;
  case Kind::read:
    read({offset, offset + length}, model);
    break;
  case Kind::truncate:
  case Kind::allocate:
  case Kind::allocate_keep:
  case Kind::punch:
  case Kind::zero:
  case Kind::zero_keep:
  case Kind::collapse:
  case Kind::insert:
    change_size(operation);
    break;
  case Kind::private_map:
    use_privately(operation, model);
    break;
  case Kind::sync:
    synchronize(operation);
    break;
  case Kind::reopen:
    reopen();
    break;
  case Kind::compare:
    compare(model);
    break;
  default:
    perform_mapped(operation, model);
  }
}

/// Those kinds that have a slot.
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
    throw std::logic_error("no mapping for " + to_text(operation));
  }
}

void RealFile::verify(const Operation &operation, Range changed,
                      const Model &model) {
  struct stat status;
  require(fstat(file.get(), &status), "fstat");
  if (static_cast<std::uint64_t>(status.st_size) != model.size())
    throw Mismatch("the size is " + hex(status.st_size) + ", expected " +
                   hex(model.size()));

  const auto look = [&](Range range) {
    read(range, model);
    std::uint64_t state = operation.value;
    for (unsigned slot = 0; slot < Slots; slot++)
      if (next_random(state) % 4 == 0)
        load_mapped(slot, range, model);
  };
  const std::uint64_t begin = changed.begin - std::min(changed.begin, PageSize);
  const std::uint64_t end = std::min(changed.end + PageSize, model.map_limit());
  if (end - begin <= 2 * Margin) {
    look({begin, end});
  } else {
    look({begin, begin + Margin});
    look({end - Margin, end});
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
        Kind::zero_keep, Kind::insert, Kind::collapse}) {
    if (fallocate(file.get(), fallocate_mode(kind), block, block) == 0)
      continue;
    if (errno != EOPNOTSUPP)
      dax::fail(std::string(name_of(kind)));
    unsupported.insert(kind);
  }
  return unsupported;
}

void touch_for_ever(const std::string &name, std::uint64_t limit,
                    std::uint64_t seed) {
  const dax::Descriptor file(name, O_RDWR);
  const Arena arena(limit);
  while (true) {
    // huge pages by turns with small ones
    const std::uint64_t phase = next_random(seed) % 2 ? 0 : WindowSize / 2;
    unsigned char *const bytes =
        map_file(file.get(), arena.place(0, phase), 0, limit, MAP_SHARED);
    for (unsigned i = 0; i < 1000; i++) {
      unsigned char *const byte = bytes + next_random(seed) % limit;
      unsigned char read;
      // both may find that there is nothing; few writes, because they leave
      // no hole
      if (next_random(seed) % 8)
        copy_guarded(&read, byte, 1);
      else
        touch_guarded(byte);
      if (next_random(seed) % 32 == 0)
        require(madvise(bytes, limit, MADV_DONTNEED), "madvise");
    }
    arena.clear(bytes, limit);
  }
}

} // namespace fsx
