// SPDX-License-Identifier: GPL-2.0
/// @file
/// A script: the steps that are traced, a line each.
#ifndef CRASH_SCRIPT_HPP
#define CRASH_SCRIPT_HPP

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace crash {

/// What a step does. "Promises" names the step after which a reset must not lose what was
/// done before.
enum class Action : std::uint8_t {
  create, ///< create NAME
  mkdir,  ///< mkdir NAME
  rmdir,  ///< rmdir NAME
  write,  ///< write NAME OFFSET LENGTH
  write_synced, ///< write_synced NAME OFFSET LENGTH: O_DIRECT and O_DSYNC; promises it
  store,        ///< store NAME OFFSET LENGTH: through a mapping
  store_flushed, ///< through a mapping with MAP_SYNC, then CLWB and SFENCE; promises it
  truncate,  ///< truncate NAME SIZE
  allocate,  ///< allocate NAME OFFSET LENGTH: fallocate(2)
  punch,     ///< punch NAME OFFSET LENGTH
  zero,      ///< zero NAME OFFSET LENGTH
  collapse,  ///< collapse NAME OFFSET LENGTH: the rest moves down
  insert,    ///< insert NAME OFFSET LENGTH: the rest moves up
  rename,    ///< rename NAME OTHER
  link,      ///< link NAME OTHER
  unlink,    ///< unlink NAME
  evacuate,  ///< evacuate NAME OFFSET LENGTH: EXT4_IOC_DAX_PLACE
  gather,    ///< gather NAME OFFSET LENGTH: EXT4_IOC_DAX_PLACE, whole chunks
  fsync,     ///< fsync NAME; promises the file or directory
  fdatasync, ///< fdatasync NAME; promises its data
  msync,     ///< msync NAME OFFSET LENGTH; promises the range
  sync,      ///< sync: promises all
  touch,     ///< touch NAME read|write: start a thread that faults its pages
};

/// Whether a step promises something when it has ended.
bool promises(Action action);

struct Step {
  Action action;
  std::string name;
  std::string other;        ///< of rename and link, and how of touch
  std::uint64_t offset = 0; ///< in bytes; the size of truncate
  std::uint64_t length = 0; ///< in bytes

  bool operator==(const Step &) const = default;
};

/// A script.
struct Script {
  /// The target is the file of this name and size, in bytes, which is a disk.
  /// Without a name, the target is a directory, which is empty.
  std::string device;
  std::uint64_t device_size = 0;
  std::vector<Step> steps;
};

/// Reads a script. Empty lines and lines that begin with # say nothing; numbers can
/// have the suffix K or M; "device NAME SIZE" can be the first line.
/// @throws std::runtime_error with the number of a line that is wrong, and why
Script read_script(std::istream &text);

/// A step in one line, as read_script() takes it.
std::string text_of(const Step &step);

/// The byte that a step writes. It is never 0.
/// @param step   number of the step
/// @param offset in the file, in bytes
constexpr std::uint8_t byte_of(std::uint64_t step, std::uint64_t offset) {
  return static_cast<std::uint8_t>(
      1 +
      (step * 151 + (offset >> 6) * 31 + (offset >> 12) * 7 + offset) % 255);
}

} // namespace crash

#endif
