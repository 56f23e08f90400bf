// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl list.
#include "commands.hpp"
#include "devices.hpp"
#include "size.hpp"
#include "table.hpp"
#include "text.hpp"

#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

std::string mode_of(const DiskInfo &disk) {
  std::string mode = disk.mode;
  if (disk.is_read_only)
    mode += mode.empty() ? "ro" : ",ro";
  if (disk.is_ramdisk)
    mode += ",ramdisk";
  return mode;
}

std::string percent(const FileShare &share) {
  if (!share.whole)
    return "-";
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%.0f%%",
                static_cast<double>(share.huge) * 100 /
                    static_cast<double>(share.whole));
  return text.data();
}

std::vector<std::string> row_of(const DiskInfo &disk, const std::string &tree,
                                bool with_files) {
  std::string mounts;
  for (const Mount &mount : disk.mounts)
    mounts += (mounts.empty() ? "" : " ") + printable(mount.directory) +
              (mount.is_dax ? "" : " (no dax)");
  std::vector<std::string> row = {tree + disk.name,
                                  disk.memory ? hex(disk.memory->start) : "",
                                  rounded(disk.size),
                                  disk.node ? std::to_string(*disk.node) : "",
                                  mode_of(disk),
                                  disk.filesystem,
                                  disk.bad ? rounded(disk.bad) : "0"};
  if (with_files)
    row.push_back(disk.files ? percent(*disk.files) : "");
  row.push_back(mounts);
  return row;
}

void write_list(std::ostream &out, const std::vector<DiskInfo> &disks,
                bool with_files) {
  std::vector<Column> columns = {{"NAME"},       {"START"}, {"SIZE", true},
                                 {"NODE", true}, {"MODE"},  {"FSTYPE"},
                                 {"BAD", true}};
  if (with_files)
    columns.push_back({"HUGE", true});
  columns.push_back({"MOUNTPOINTS"});
  std::vector<std::vector<std::string>> rows;
  for (const DiskInfo &disk : disks) {
    rows.push_back(row_of(disk, "", with_files));
    for (const DiskInfo &part : disk.partitions)
      rows.push_back(row_of(
          part, &part == &disk.partitions.back() ? "└─" : "├─", with_files));
  }
  write_columns(out, columns, rows);
}

Json json_of(const DiskInfo &disk) {
  Json mounts = Json::array();
  for (const Mount &mount : disk.mounts)
    mounts.push_back({{"directory", mount.directory},
                      {"filesystem", mount.filesystem},
                      {"dax", mount.is_dax}});
  Json object{
      {"name", disk.name},
      {"start", disk.memory ? Json(disk.memory->start) : Json()},
      {"size", disk.size},
      {"node", disk.node ? Json(*disk.node) : Json()},
      {"mode", disk.mode.empty() ? Json() : Json(disk.mode)},
      {"read_only", disk.is_read_only},
      {"ramdisk", disk.is_ramdisk},
      {"filesystem", disk.filesystem.empty() ? Json() : Json(disk.filesystem)},
      {"mounts", std::move(mounts)},
      {"bad", disk.bad}};
  if (disk.files)
    object["files"] = {{"whole", disk.files->whole},
                       {"huge", disk.files->huge}};
  Json parts = Json::array();
  for (const DiskInfo &part : disk.partitions)
    parts.push_back(json_of(part));
  if (!parts.empty())
    object["partitions"] = std::move(parts);
  return object;
}

void add_files(DiskInfo &disk) {
  if (!disk.mounts.empty())
    disk.files = share_of_files(disk.mounts.front().directory);
  for (DiskInfo &part : disk.partitions)
    add_files(part);
}

int run(const Context &context, bool with_files) {
  const Root root = context.root();
  if (with_files && !root.is_running())
    throw std::invalid_argument(
        "--files: reads files of the running system; leave out --root");
  std::vector<DiskInfo> disks = find_disks(root);
  if (with_files)
    for (DiskInfo &disk : disks)
      add_files(disk);
  for (DiskInfo &device : find_dax_devices(root))
    disks.push_back(std::move(device));

  if (context.json) {
    Json list = Json::array();
    for (const DiskInfo &disk : disks)
      list.push_back(json_of(disk));
    std::cout << Json{{"devices", std::move(list)}}.dump(
                     2, ' ', false, Json::error_handler_t::replace)
              << '\n';
    return Done;
  }
  if (disks.empty())
    std::cerr << "pmemctl: no devices; modprobe pmem makes them\n";
  else
    write_list(std::cout, disks, with_files);
  return Done;
}

} // namespace

void add_list(CLI::App &app, Context &context) {
  CLI::App *command = app.add_subcommand(
      "list", "list devices: place, size, node, contents, bad blocks");
  const auto with_files = std::make_shared<bool>(false);
  command->add_flag("-f,--files", *with_files,
                    "read all files, and show how much 2 MiB pages can map");
  command->callback([&context, with_files] {
    context.run = [&context, with_files] { return run(context, *with_files); };
  });
}

} // namespace pmemctl
