// SPDX-License-Identifier: GPL-2.0
#include "target.hpp"

#include "descriptor.hpp"
#include "devices.hpp"
#include "memory.hpp"
#include "mounts.hpp"
#include "text.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pmemctl {

namespace {

namespace fs = std::filesystem;

const std::string Folder = "sys/class/block/";

/// The place of a file that a user names.
fs::path path_of(const Root &root, const fs::path &name) {
  if (root.is_running())
    return fs::absolute(name);
  return root.path(name.relative_path());
}

/// The name of a device: the text, or the last part of a path in /dev. A path elsewhere
/// is no device, even if its last part is "pmem0": it can be a directory or an image.
/// @return an empty text for a path elsewhere
std::string name_of(const Root &root, const std::string &text) {
  if (text.find('/') == text.npos)
    return text;
  const fs::path named = text;
  std::error_code error;
  const fs::path folder = fs::canonical(root.path("dev"), error);
  const fs::path path = fs::canonical(path_of(root, named), error);
  // a disk without a node in /dev is still to be found
  const bool is_device =
      error ? named.parent_path() == "/dev" : path.parent_path() == folder;
  return is_device ? (error ? named : path).filename() : fs::path();
}

std::uint64_t number_in(const Root &root, const std::string &file) try {
  const std::string text = root.line(file);
  if (const auto number = number_of(text))
    return *number;
  throw std::runtime_error("/" + file + ": \"" + text +
                           "\": expected a number");
} catch (const std::system_error &error) {
  const int code = error.code().value();
  throw std::runtime_error(
      std::string(error.what()) +
      (code == EACCES || code == EPERM ? "; run as root" : ""));
}

/// A disk and its partitions.
std::vector<std::string> names_of(const Target &target) {
  std::vector<std::string> names = {target.name};
  names.insert(names.end(), target.partitions.begin(), target.partitions.end());
  return names;
}

bool is_one_of(const std::vector<std::string> &names, const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What else the kernel does with a disk that it opens without O_EXCL, so that it is no
/// holder.
/// @return what it is, and the remedy; empty if there is nothing
std::string shared_user_of(const Root &root, const Target &target) {
  const std::vector<std::string> names = names_of(target);
  for (const std::string &name : root.names_in(Folder)) {
    const std::string file = root.line(Folder + name + "/loop/backing_file");
    if (!file.empty() && is_one_of(names, name_of(root, file)))
      return name + "; losetup --detach /dev/" + name + " first";
  }
  const std::string nvmet = "sys/kernel/config/nvmet/subsystems/";
  for (const std::string &subsystem : root.names_in(nvmet)) {
    const std::string folder = nvmet + subsystem + "/namespaces/";
    for (const std::string &number : root.names_in(folder))
      if (root.line(folder + number + "/enable") == "1" &&
          is_one_of(names,
                    name_of(root, root.line(folder + number + "/device_path"))))
        return "NVMe target " + subsystem + "; disable its namespace " +
               number + " first";
  }
  const std::string target_core = "sys/kernel/config/target/core/";
  for (const std::string &adapter : root.names_in(target_core))
    for (const std::string &store : root.names_in(target_core + adapter))
      if (is_one_of(names, name_of(root, root.line(target_core + adapter + "/" +
                                                   store + "/udev_path"))))
        return "SCSI target " + store + "; remove it with targetcli first";
  const std::string gadgets = "sys/kernel/config/usb_gadget/";
  for (const std::string &gadget : root.names_in(gadgets)) {
    const std::string functions = gadgets + gadget + "/functions/";
    for (const std::string &function : root.names_in(functions))
      for (const std::string &unit : root.names_in(functions + function)) {
        const std::string file = functions + function + "/" + unit + "/file";
        if (is_one_of(names, name_of(root, root.line(file))))
          return "USB gadget " + gadget + "; empty its " + function + "/" +
                 unit + "/file first";
      }
  }
  return "";
}

std::string list_of(const std::vector<std::string> &names) {
  std::string list;
  for (const std::string &name : names)
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

} // namespace

Target find_target(const Root &root, const std::string &text) {
  const std::string name = name_of(root, text);
  const std::string folder = Folder + name + "/";
  if (name.empty() || name.starts_with('.') || !root.has(folder + "dev"))
    throw std::invalid_argument(text +
                                ": no such block device; see pmemctl list");
  if (root.has(folder + "partition"))
    throw std::invalid_argument(text + ": is a partition; name the whole disk");

  std::string address;
  for (const char *file : {"pmem/data_start", "device/resource"})
    if (address.empty() && root.has(folder + file))
      address = folder + file;
  if (address.empty() || !root.has(folder + "size"))
    throw std::invalid_argument(
        text + ": is not in memory at a known address; name a pmem device");

  Target target{.name = name,
                .numbers = root.line(folder + "dev"),
                .memory = {number_in(root, address), 0},
                .is_read_only = root.line(folder + "ro") == "1",
                .is_ramdisk = root.line(folder + "pmem/ramdisk") == "1",
                .partitions = {},
                .holders = root.names_in(folder + "holders")};
  target.memory.end =
      target.memory.start + number_in(root, folder + "size") * dax::Sector;
  for (const std::string &entry : root.names_in(folder))
    if (root.has(folder + entry + "/partition")) {
      target.partitions.push_back(entry);
      for (const std::string &holder :
           root.names_in(folder + entry + "/holders"))
        target.holders.push_back(holder);
    }
  if (root.is_running() && text.find('/') != text.npos)
    check_node(text, target);
  return target;
}

void check_node(const std::string &path, const Target &target) {
  struct stat status {};
  if (stat(path.c_str(), &status))
    dax::fail(path);
  if (numbers_of_node(path) != target.numbers)
    throw std::invalid_argument("/dev/" + target.name +
                                ": is not block device " + target.numbers +
                                "; remove it, and load the driver again");
}

void check_unused(const Root &root, const Target &target) {
  const std::vector<std::string> names = names_of(target);
  const std::string swaps = root.find("proc/swaps").value_or("");
  for (const std::string &name : names) {
    const auto mounts = mounts_of(root, root.line(Folder + name + "/dev"));
    if (!mounts.empty())
      throw std::invalid_argument(name + ": is mounted at " +
                                  mounts.front().directory +
                                  "; unmount it first");
    for (const std::string &line : lines_of(swaps))
      if (line.starts_with("/dev/" + name + " ") ||
          line.starts_with("/dev/" + name + "\t"))
        throw std::invalid_argument(name + ": is swap space; swapoff it first");
  }
  if (!target.holders.empty())
    throw std::invalid_argument(target.name + ": is in use by " +
                                list_of(target.holders) +
                                "; remove that first");
  const std::string user = shared_user_of(root, target);
  if (!user.empty())
    throw std::invalid_argument(target.name + ": is in use by " + user);
}

std::string numbers_of_node(const std::string &path) {
  struct stat status {};
  if (stat(path.c_str(), &status) || !S_ISBLK(status.st_mode))
    return "";
  return std::to_string(major(status.st_rdev)) + ':' +
         std::to_string(minor(status.st_rdev));
}

std::string process_on(const Root &root, const Target &target,
                       const NumbersOf &numbers_of) {
  std::vector<std::string> nodes, numbers;
  for (const std::string &name : names_of(target)) {
    nodes.push_back("/dev/" + name);
    numbers.push_back(root.line(Folder + name + "/dev"));
  }
  const auto is_on_disk = [&](const fs::path &file) {
    const std::string found = numbers_of(file);
    if (!found.empty())
      return is_one_of(numbers, found);
    // map_files can be read, but not followed, without CAP_SYS_ADMIN
    std::error_code error; // the process has ended
    return is_one_of(nodes, fs::read_symlink(file, error));
  };
  for (const std::string &process : root.names_in("proc")) {
    // survival has the disk open itself when it asks for the last time
    if (!number_of(process) || process == std::to_string(getpid()))
      continue;
    for (const char *folder : {"/fd", "/map_files"}) {
      const std::string files = "proc/" + process + folder;
      for (const std::string &name : root.names_in(files))
        if (is_on_disk(root.path(files + "/" + name)))
          return process + " (" + root.line("proc/" + process + "/comm") + ")";
    }
  }
  return "";
}

Clock steady_clock() {
  return {[] {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::steady_clock::now().time_since_epoch());
          },
          [](std::chrono::milliseconds time) {
            std::this_thread::sleep_for(time);
          }};
}

void check_processes(const Root &root, const Target &target, std::ostream &log,
                     const Clock &clock) {
  using namespace std::chrono_literals;
  const auto start = clock.now();
  // udev opens each disk for a moment after it has changed
  for (bool is_told = false;;) {
    const std::string process = process_on(root, target);
    if (process.empty())
      return;
    // with many processes, it takes time to look at them
    const auto waited = clock.now() - start;
    if (waited >= 5s)
      throw std::invalid_argument(target.name + ": is open in process " +
                                  process + "; end that first");
    if (waited >= 1s && !is_told) {
      log << "pmemctl: waiting up to 5 s until process " << process
          << " closes " << target.name << '\n';
      is_told = true;
    }
    clock.sleep(50ms);
  }
}

bool is_confirmed(const Root &root, const std::string &text,
                  const std::function<bool()> &ask, std::ostream &log,
                  const Clock &clock) {
  if (!ask())
    return false;
  // with its holders and partitions of now
  const Target target = find_target(root, text);
  check_unused(root, target);
  check_processes(root, target, log, clock);
  return true;
}

std::string contents_in_udev(const Root &root, const Target &target) {
  for (const char *property : {"ID_FS_TYPE", "ID_PART_TABLE_TYPE"}) {
    const std::string type = udev_property(root, target.numbers, property);
    if (!type.empty())
      return type + " in udev's database";
  }
  return "";
}

void check_overwrite(const Target &target, const std::string &signature,
                     bool is_forced) {
  if (target.is_read_only)
    throw std::invalid_argument(target.name +
                                ": is read-only; load the driver without ro=1");
  if (is_forced)
    return;
  if (!target.partitions.empty())
    throw std::invalid_argument(target.name + ": has partitions (" +
                                list_of(target.partitions) +
                                "); --force overwrites them");
  if (!signature.empty())
    throw std::invalid_argument(target.name + ": holds " + signature +
                                "; --force overwrites it");
}

} // namespace pmemctl
