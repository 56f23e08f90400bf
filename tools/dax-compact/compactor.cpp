// SPDX-License-Identifier: GPL-2.0
#include "compactor.hpp"

#include "file.hpp"
#include "free_space.hpp"
#include "pmd_range.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <fts.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace compact {

namespace {

/// Chunks that stay whole when files are repaired: those that the next files need.
constexpr std::uint64_t Reserve = 16 * dax::HugePage;

/// How many files are named.
constexpr std::size_t MostNames = 10;

/// How often all is done at most, if others use the filesystem meanwhile.
constexpr int Rounds = 64;

/// The handle of a file, by a name in the current directory; empty if there is none.
std::string handle_of(const char *name) {
  union {
    file_handle handle;
    char space[sizeof(file_handle) + MAX_HANDLE_SZ];
  } u;
  int mount;

  u.handle.handle_bytes = MAX_HANDLE_SZ;
  if (name_to_handle_at(AT_FDCWD, name, &u.handle, &mount, 0))
    return {};
  return {u.space, sizeof(file_handle) + u.handle.handle_bytes};
}

/// Whether ext4 never moves blocks of a file: it must not change, or has no extents.
bool is_fixed(int file) {
  int flags = 0;
  return ioctl(file, FS_IOC_GETFLAGS, &flags) == 0 &&
         (!(flags & FS_EXTENT_FL) ||
          (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)));
}

/// Whether a filesystem is mounted on a directory.
bool is_mount_point(int directory) {
  struct statx status;
  return statx(directory, "", AT_EMPTY_PATH, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/// The current name of an open file, or its number if the kernel has no name for it; for
/// a terminal.
std::string name_of(int file) {
  std::error_code error;
  std::string name = std::filesystem::read_symlink(
                         "/proc/self/fd/" + std::to_string(file), error)
                         .string();
  struct stat status;
  if ((error || name == "/") && fstat(file, &status) == 0)
    return "inode " + std::to_string(status.st_ino);
  std::ranges::replace_if(
      name, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return name;
}

/// Whether an error says that a file is gone.
bool is_gone(const std::error_code &error) {
  return error.value() == ESTALE || error.value() == ENOENT;
}

} // namespace

Compactor::Compactor(const std::string &path, const Options &options,
                     std::function<bool()> stop,
                     std::function<void(const std::string &)> tell)
    : root(path, O_RDONLY | O_DIRECTORY), mount_point(path), options(options),
      stop(std::move(stop)), tell(std::move(tell)) {
  struct statfs type;
  struct statvfs status;
  if (fstatfs(root.get(), &type) || fstatvfs(root.get(), &status))
    dax::fail(path);
  if (type.f_type != EXT4_SUPER_MAGIC)
    throw std::runtime_error(path + ": is not on ext4");
  if (!is_mount_point(root.get()))
    throw std::runtime_error(path +
                             ": no filesystem is mounted there; give the "
                             "directory that it is mounted on");
  if (geteuid() != 0)
    throw std::runtime_error(path +
                             ": opening all files takes root; run as root");
  if (options.dry_run)
    return;
  if (status.f_flag & ST_RDONLY)
    throw std::runtime_error(path +
                             ": is mounted read-only; mount it read-write, "
                             "or use --dry-run");
  if (!can_place(root.get()))
    throw std::runtime_error(path + ": this kernel cannot move blocks of DAX "
                                    "files (EXT4_IOC_DAX_PLACE); boot a "
                                    "kernel that can, or use --dry-run");
}

dax::Descriptor Compactor::open(const Handle &file, int flags) const {
  // the kernel does not change it
  auto *handle =
      reinterpret_cast<file_handle *>(const_cast<char *>(file.data()));
  const int fd =
      open_by_handle_at(root.get(), handle, flags | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    dax::fail("a file of " + mount_point);
  return dax::Descriptor(fd);
}

/// Finds all files, and what they have in partial chunks.
Space Compactor::look() {
  Space space(dax::free_space(root.get()));
  std::unordered_set<std::uint64_t> seen; // files may have several names
  std::string top = mount_point;
  char *const tops[] = {top.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS *)> tree(
      fts_open(tops, FTS_PHYSICAL | FTS_XDEV, nullptr), fts_close);

  if (!tree)
    dax::fail(mount_point);
  files.clear();
  result.unread = result.fixed = others = 0;
  while (const FTSENT *entry = fts_read(tree.get())) {
    if (stop())
      break;
    if ((entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
         entry->fts_info == FTS_NS) &&
        entry->fts_errno != ENOENT)
      result.unread++;
    if (entry->fts_info != FTS_F ||
        !seen.insert(entry->fts_statp->st_ino).second)
      continue;
    const Handle handle = handle_of(entry->fts_accpath);
    try {
      const dax::Descriptor file = open(handle, O_RDONLY | O_NOATIME);
      if (!dax::is_dax(file.get(), entry->fts_path)) {
        others++;
        continue;
      }
      if (is_fixed(file.get())) {
        result.fixed++;
        continue;
      }
      space.add(files.size(), dax::extents_of(file.get(), entry->fts_path));
      files.push_back(handle);
    } catch (const std::system_error &error) {
      result.unread += !is_gone(error.code());
    }
  }
  return space;
}

/// Waits so long that the rate is kept.
void Compactor::pace(std::uint64_t bytes) {
  using namespace std::chrono;
  if (!options.rate)
    return;
  const auto now = steady_clock::now();
  next = std::max(next, now) + microseconds(bytes * 1'000'000 / options.rate);
  while (!stop() && steady_clock::now() < next)
    std::this_thread::sleep_for(
        std::min<steady_clock::duration>(next - steady_clock::now(), 100ms));
}

/// Moves a part of a file; what is gone is no error.
/// @param moved is increased
/// @throws std::runtime_error if no file of the filesystem can be moved
std::error_code Compactor::move(const Handle &file, Where where,
                                std::uint64_t start, std::uint64_t length,
                                std::uint64_t &moved) {
  Moved done{0, {}};
  try {
    const dax::Descriptor fd = open(file, O_WRONLY);
    done = place(fd.get(), where, start, length);
    if (done.error && done.error.value() != ENOSPC &&
        result.in_the_way.size() < MostNames)
      result.in_the_way.insert(name_of(fd.get()));
  } catch (const std::system_error &error) {
    done.error = error.code();
  }
  if (done.error.value() == EOPNOTSUPP)
    throw std::runtime_error(
        mount_point + ": ext4 does not move blocks here; it "
                      "needs a journal, and 1 in mb_dax_pmd of the disk in "
                      "/sys/fs/ext4");
  if (done.error.value() == EROFS)
    throw std::runtime_error(mount_point + ": became read-only");
  moved += done.bytes;
  pace(done.bytes);
  return is_gone(done.error) ? std::error_code() : done.error;
}

void Compactor::skip(const std::error_code &error, std::uint64_t bytes) {
  result.skipped[error.message()] += bytes;
}

void Compactor::commit() {
  // what was left is free after the commit
  if (syncfs(root.get()))
    dax::fail(mount_point);
}

void Compactor::evacuate(const Space &space, const Plan &plan) {
  std::uint64_t planned = 0;

  for (const std::uint64_t number : plan.chunks) {
    const Chunk &chunk = space.partial().at(number);
    std::uint64_t left = chunk.used;

    for (const Piece &piece : chunk.pieces) {
      if (stop())
        return;
      const std::error_code error =
          move(files[piece.file], Where::fuller, piece.logical, piece.length,
               result.moved);
      if (error) {
        // what stays in the chunk makes it useless to move the rest
        skip(error, left);
        break;
      }
      left -= piece.length;
    }
    planned += chunk.used;
    tell("moved " + std::to_string(planned * 100 / plan.bytes) + " % of " +
         std::to_string(plan.bytes >> 20) + " MiB");
  }
}

/// Gives a whole chunk to PMD ranges that are allocated, but that no PMD can map.
/// @param most bytes of chunks to use
/// @return bytes of chunks that were used
std::uint64_t Compactor::repair(std::uint64_t most) {
  std::uint64_t used = 0;

  for (const Handle &file : files) {
    dax::Layout layout;
    try {
      const dax::Descriptor fd = open(file, O_RDONLY | O_NOATIME);
      layout = dax::layout_of(fd.get(), mount_point);
    } catch (const std::system_error &) {
      continue; // gone meanwhile
    }
    for (const dax::Range &range :
         dax::judge(layout, dax::HugePage, dax::Holder::adjacent)) {
      if (range.verdict != dax::Verdict::extent &&
          range.verdict != dax::Verdict::physical)
        continue;
      for (std::uint64_t at = range.offset;
           at + dax::HugePage <= range.offset + range.length;
           at += dax::HugePage) {
        if (stop() || used + dax::HugePage > most)
          return used;
        if (!dax::is_allocated(layout.extents, at, at + dax::HugePage))
          continue;
        std::uint64_t moved = 0;
        const std::error_code error =
            move(file, Where::whole, at, dax::HugePage, moved);
        if (error)
          skip(error, dax::HugePage - std::min(moved, dax::HugePage));
        if (error.value() == ENOSPC)
          return used;
        used += moved ? dax::HugePage : 0;
        result.repaired += moved ? dax::HugePage : 0;
      }
    }
    tell("repaired " + std::to_string(result.repaired >> 20) + " MiB");
  }
  return used;
}

Result Compactor::run() {
  double share = 0; // before the last repair

  commit();
  for (int round = 0; round < Rounds; round++) {
    tell("looking at the files of " + mount_point);
    const Space space = look();
    result.after = space.free();
    if (round == 0)
      result.before = space.free();
    if (stop() || (round == 0 && result.before.percent() >= options.start))
      break;
    if (files.empty() && (!others || result.fixed))
      break;
    if (files.empty())
      throw std::runtime_error(mount_point + ": no file uses DAX; mount the "
                                             "filesystem with -o dax");

    const Plan plan = choose(space, options.stop);
    result.unknown = plan.unknown;
    if (options.dry_run) {
      result.moved = plan.bytes;
      result.emptied = plan.chunks.size();
      result.after = plan.after;
      break;
    }
    result.skipped.clear();
    result.in_the_way.clear();
    evacuate(space, plan);
    commit();
    const Space now(dax::free_space(root.get()));
    result.after = now.free();
    const auto emptied = static_cast<std::uint64_t>(std::count_if(
        plan.chunks.begin(), plan.chunks.end(),
        [&](std::uint64_t number) { return now.is_whole(number); }));
    result.emptied += emptied;
    if (stop())
      break;
    // what was moved makes room for more
    if (emptied > 0 && result.after.percent() < options.stop)
      continue;
    // a repair leaves free space in several chunks: no more, if that could not be mended
    const std::uint64_t whole = result.after.whole;
    if (!options.repair || whole <= Reserve || round + 1 == Rounds ||
        result.after.percent() < std::min(share, options.stop) ||
        repair((whole - Reserve) / 4) == 0)
      break;
    share = result.after.percent();
    commit();
  }
  result.stopped = stop();
  return result;
}

} // namespace compact
