// SPDX-License-Identifier: GPL-2.0
/// @file
/// The disks in memory and the device DAX devices that a system has, with what sysfs and
/// the list of mounts say about them.
#ifndef PMEMCTL_DEVICES_HPP
#define PMEMCTL_DEVICES_HPP

#include "mounts.hpp"
#include "range.hpp"
#include "root.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace pmemctl {

/// Files on a mount, in bytes.
struct FileShare {
  std::uint64_t whole = 0; ///< in whole PMD ranges (2 MiB)
  std::uint64_t huge = 0;  ///< of these, what 2 MiB pages can map
};

/// A disk, a partition, or a device DAX device.
struct DiskInfo {
  std::string name;
  std::string numbers;         ///< "259:0"
  std::uint64_t size = 0;      ///< in bytes
  std::optional<Range> memory; ///< nothing if the address cannot be read
  std::optional<int> node;
  /// where struct pages are: "mem" or "dev"; or nvdimm's mode; or, as daxctl has it,
  /// "devdax", "system-ram" or "disabled"
  std::string mode;
  bool is_read_only = false;
  bool is_ramdisk = false;
  bool has_write_cache = true; ///< fsync() writes back CPU caches
  std::string filesystem;      ///< what it holds; empty for nothing known
  std::vector<Mount> mounts;
  std::uint64_t bad = 0; ///< bytes in bad blocks
  std::optional<FileShare> files;
  std::vector<DiskInfo> partitions;
  std::uint64_t offset = 0; ///< of a partition on its disk, in bytes
};

/// The disks of the drivers pmem and drivers/nvdimm, by number.
/// @param root of the files
std::vector<DiskInfo> find_disks(const Root &root);

/// The devices on the dax bus, of any driver, by number.
/// @param root of the files
std::vector<DiskInfo> find_dax_devices(const Root &root);

/// A property of a block device in udev's database.
/// @param root    of the files
/// @param numbers of the device: "259:0"
/// @param name    of the property: "ID_FS_TYPE"
/// @return an empty text if the device does not have it
std::string udev_property(const Root &root, const std::string &numbers,
                          const std::string &name);

/// Visits the regular files of a filesystem, without those of filesystems below. What
/// vanishes meanwhile, or cannot be read, is left out.
/// @param directory where to begin
/// @param visit     is given the path and the status of each file
/// @throws std::system_error if there is no such directory
void for_each_file(
    const std::string &directory,
    const std::function<void(const std::string &, const struct stat &)> &visit);

/// Adds up the files of a mounted filesystem, without those of filesystems below.
/// @param directory mount point
/// @return how much of them 2 MiB pages can map; files that cannot be read count as if
///         they could not be mapped
FileShare share_of_files(const std::string &directory);

} // namespace pmemctl

#endif
