// SPDX-License-Identifier: GPL-2.0
/// @file
/// A whole disk in memory that a user names: found in sysfs, and refused if it is in
/// use or holds something.
#ifndef PMEMCTL_TARGET_HPP
#define PMEMCTL_TARGET_HPP

#include "range.hpp"
#include "root.hpp"

#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace pmemctl {

/// A disk.
struct Target {
  std::string name;    ///< "pmem0"
  std::string numbers; ///< "259:0"
  Range memory;        ///< physical addresses of its sectors
  bool is_read_only;
  bool is_ramdisk; ///< writes may stay in CPU caches (ramdisk=1 of the driver)
  std::vector<std::string> partitions; ///< their names
  std::vector<std::string> holders; ///< devices on top of it or its partitions
};

/// Finds a disk of the driver pmem or of drivers/nvdimm.
/// @param root of the files
/// @param text its name, or the path of its node in /dev or of a link to that
/// @throws std::invalid_argument if it is no such disk
/// @throws std::runtime_error if its address cannot be read
Target find_target(const Root &root, const std::string &text);

/// Refuses a file that is not the node of a disk: a write to /dev/pmem0 before the
/// driver was loaded has made a plain file.
/// @param path   of the file
/// @param target the disk
/// @throws std::invalid_argument if it is something else
/// @throws std::system_error if it is not there
void check_node(const std::string &path, const Target &target);

/// Refuses a disk that a filesystem, swap space, another device, a target of NVMe or SCSI,
/// or a USB gadget uses.
/// @param root   of the files
/// @param target the disk
/// @throws std::invalid_argument with the user of the disk and the remedy
void check_unused(const Root &root, const Target &target);

/// The numbers of a block device.
/// @param path of its node, or of a link to that
/// @return "259:0"; empty if it is no block device, or not there
std::string numbers_of_node(const std::string &path);

/// Gives what @ref numbers_of_node does.
using NumbersOf = std::function<std::string(const std::string &)>;

/// A process that has a disk or a partition of it open, or mapped. A machine of QEMU is
/// such a one: it need not say that it wants the disk for itself. This process does not
/// count. The name of the node does not matter: in a container, it can be another.
/// @param root       of the files
/// @param target     the disk
/// @param numbers_of gives the numbers of a node; tests have no block devices
/// @return its number and name, as "77 (qemu)"; empty if there is none
std::string process_on(const Root &root, const Target &target,
                       const NumbersOf &numbers_of = numbers_of_node);

/// Time that passes; tests have their own.
struct Clock {
  std::function<std::chrono::milliseconds()> now; ///< since any moment
  std::function<void(std::chrono::milliseconds)> sleep;
};

/// That of the machine, which nobody sets.
Clock steady_clock();

/// Refuses a disk that a process has open, or mapped, for more than 5 s.
/// @param root   of the files
/// @param target the disk
/// @param log    gets a line after the first second, with the process
/// @param clock  to wait with
/// @throws std::invalid_argument with the process
void check_processes(const Root &root, const Target &target,
                     std::ostream &log = std::cerr,
                     const Clock &clock = steady_clock());

/// Asks whether a disk is to be overwritten, and then sees again that nobody uses it: an
/// answer takes time.
/// @param root  of the files
/// @param text  the disk, as the user names it
/// @param ask   for the answer
/// @param log   for @ref check_processes
/// @param clock for @ref check_processes
/// @return false if the answer is no
/// @throws std::invalid_argument if the answer is yes, and the disk has got a user
bool is_confirmed(const Root &root, const std::string &text,
                  const std::function<bool()> &ask,
                  std::ostream &log = std::cerr,
                  const Clock &clock = steady_clock());

/// What udev's database says that a disk holds: libblkid knows more signatures than
/// signature.hpp.
/// @param root   of the files
/// @param target the disk
/// @return "ext4 in udev's database", or empty
std::string contents_in_udev(const Root &root, const Target &target);

/// Refuses a disk that cannot be overwritten, or has contents.
/// @param target    the disk
/// @param signature what it holds; empty for nothing
/// @param is_forced whether the user said --force
/// @throws std::invalid_argument with the reason and the remedy
void check_overwrite(const Target &target, const std::string &signature,
                     bool is_forced);

} // namespace pmemctl

#endif
