// SPDX-License-Identifier: GPL-2.0
#include "devices.hpp"

#include "block_device.hpp"
#include "descriptor.hpp"
#include "file.hpp"
#include "memory.hpp"
#include "signature.hpp"
#include "text.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pmemctl {

namespace {

namespace fs = std::filesystem;

const std::string Folder = "sys/class/block/";
const std::string DaxFolder = "sys/bus/dax/devices/";

/// A line of a file in sysfs; empty if it cannot be read, as by those who are not root.
std::string line_of(const Root &root, const std::string &file) try {
  return root.line(file);
} catch (const std::system_error &) {
  return "";
}

/// The name of the contents, from udev's database, else from the device itself.
std::string filesystem_of(const Root &root, const std::string &name,
                          const std::string &numbers) {
  const std::string known = udev_property(root, numbers, "ID_FS_TYPE");
  if (!known.empty())
    return known;
  try {
    const dax::Descriptor device(root.path("dev/" + name), O_RDONLY);
    std::string head(SignatureBytes, '\0');
    const ssize_t got = pread(device.get(), head.data(), head.size(), 0);
    return got > 0 ? signature_in({head.data(), static_cast<std::size_t>(got)})
                   : "";
  } catch (const std::system_error &) {
    return "";
  }
}

/// The bytes in the list of bad blocks: lines of a sector and a number of sectors.
std::uint64_t bad_bytes(const Root &root, const std::string &file) {
  std::uint64_t bytes = 0;
  for (const std::string &line : lines_of(root.find(file).value_or(""))) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() == 2)
      bytes += number_of(words[1]).value_or(0) * dax::Sector;
  }
  return bytes;
}

/// What disks and partitions have in common.
DiskInfo read_disk(const Root &root, const std::string &name) {
  const std::string folder = Folder + name + "/";
  DiskInfo disk;
  disk.name = name;
  disk.numbers = line_of(root, folder + "dev");
  disk.size =
      number_of(line_of(root, folder + "size")).value_or(0) * dax::Sector;
  disk.is_read_only = line_of(root, folder + "ro") == "1";
  disk.filesystem = filesystem_of(root, name, disk.numbers);
  disk.mounts = mounts_of(root, disk.numbers);
  return disk;
}

DiskInfo read_whole_disk(const Root &root, const std::string &name) {
  const std::string folder = Folder + name + "/";
  DiskInfo disk = read_disk(root, name);
  const bool is_ours = root.has(folder + "pmem");
  if (const auto start = number_of(line_of(
          root, folder + (is_ours ? "pmem/data_start" : "device/resource"))))
    disk.memory = Range{*start, *start + disk.size};
  const std::string node = line_of(root, folder + "device/numa_node");
  if (!node.empty() && node != "-1")
    disk.node = static_cast<int>(number_of(node).value_or(0));
  disk.mode = line_of(root, folder + (is_ours ? "pmem/map" : "device/mode"));
  disk.is_ramdisk = line_of(root, folder + "pmem/ramdisk") == "1";
  disk.has_write_cache = line_of(root, folder + "dax/write_cache") != "0";
  disk.bad = bad_bytes(root, folder + "badblocks");

  for (const std::string &entry : root.names_in(folder)) {
    if (!root.has(folder + entry + "/partition"))
      continue;
    DiskInfo part = read_disk(root, entry);
    part.offset =
        number_of(line_of(root, Folder + entry + "/start")).value_or(0) *
        dax::Sector;
    if (disk.memory)
      part.memory = Range{disk.memory->start + part.offset,
                          disk.memory->start + part.offset + part.size};
    part.node = disk.node;
    disk.partitions.push_back(std::move(part));
  }
  return disk;
}

/// By the numbers in them.
void sort_names(std::vector<std::string> &names) {
  std::sort(names.begin(), names.end(), [](const auto &a, const auto &b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
}

/// daxctl's name for what the driver of a device makes of it.
std::string dax_mode(const Root &root, const std::string &folder) {
  std::error_code error;
  const std::string driver =
      fs::read_symlink(root.path(folder + "driver"), error).filename();
  if (driver.empty())
    return "disabled";
  return driver == "kmem"         ? "system-ram"
         : driver == "device_dax" ? "devdax"
                                  : driver;
}

DiskInfo read_dax_device(const Root &root, const std::string &name) {
  const std::string folder = DaxFolder + name + "/";
  DiskInfo device;
  device.name = name;
  device.numbers = line_of(root, folder + "dev");
  device.size = number_of(line_of(root, folder + "size")).value_or(0);
  if (const auto start = number_of(line_of(root, folder + "resource")))
    device.memory = Range{*start, *start + device.size};
  const std::string node = line_of(root, folder + "target_node");
  if (!node.empty() && node != "-1")
    device.node = static_cast<int>(number_of(node).value_or(0));
  device.mode = dax_mode(root, folder);
  return device;
}

} // namespace

std::vector<DiskInfo> find_dax_devices(const Root &root) {
  std::vector<std::string> names = root.names_in(DaxFolder);
  sort_names(names);
  std::vector<DiskInfo> devices;
  for (const std::string &name : names)
    devices.push_back(read_dax_device(root, name));
  return devices;
}

std::vector<DiskInfo> find_disks(const Root &root) {
  std::vector<std::string> names;
  for (const std::string &name : root.names_in(Folder))
    if (!root.has(Folder + name + "/partition") &&
        (root.has(Folder + name + "/pmem") ||
         (name.starts_with("pmem") &&
          root.has(Folder + name + "/device/resource"))))
      names.push_back(name);
  sort_names(names);
  std::vector<DiskInfo> disks;
  for (const std::string &name : names)
    disks.push_back(read_whole_disk(root, name));
  return disks;
}

std::string udev_property(const Root &root, const std::string &numbers,
                          const std::string &name) {
  const std::string key = "E:" + name + "=";
  for (const std::string &line :
       lines_of(root.find("run/udev/data/b" + numbers).value_or("")))
    if (line.starts_with(key))
      return line.substr(key.size());
  return "";
}

void for_each_file(const std::string &directory,
                   const std::function<void(const std::string &,
                                            const struct stat &)> &visit) {
  struct stat top {};
  if (stat(directory.c_str(), &top))
    dax::fail(directory);
  // recursive_directory_iterator ends at the first directory that it cannot open
  std::vector<fs::path> directories = {directory};
  while (!directories.empty()) {
    const fs::path current = std::move(directories.back());
    directories.pop_back();
    std::error_code error;
    for (fs::directory_iterator entry(current, error), end;
         !error && entry != end; entry.increment(error)) {
      const fs::path &path = entry->path();
      struct stat status {};
      if (lstat(path.c_str(), &status) || status.st_dev != top.st_dev)
        continue;
      if (S_ISDIR(status.st_mode))
        directories.push_back(path);
      else if (S_ISREG(status.st_mode))
        visit(path, status);
    }
  }
}

FileShare share_of_files(const std::string &directory) {
  FileShare share;
  dax::MemoryMap memory{dax::block_devices()};
  for_each_file(
      directory, [&](const std::string &path, const struct stat &status) {
        const auto size = static_cast<std::uint64_t>(status.st_size);
        share.whole += dax::bytes_in_ranges(size, dax::HugePage);
        try {
          const dax::Descriptor file(path, O_RDONLY | O_NOFOLLOW);
          dax::Layout layout = dax::layout_of(file.get(), path);
          layout.extents = memory.place(status.st_dev, layout.extents).extents;
          share.huge += dax::bytes_of(dax::judge(layout, dax::HugePage),
                                      dax::Verdict::mappable);
        } catch (const std::system_error &) {
          // as the interface says: it counts, and nothing of it can be mapped
        }
      });
  return share;
}

} // namespace pmemctl
