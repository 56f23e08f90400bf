// SPDX-License-Identifier: GPL-2.0
#include "plan.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aging {

namespace {

/// The mean number of files in a directory of Impressions, in tenths.
constexpr std::size_t FilesPerDirectory = 102;
/// One in this number of removals is a directory with its files.
constexpr std::uint64_t DirectoryShare = 11;
constexpr std::uint64_t LargestOverwrite = 64 * KiB;
constexpr std::uint64_t AppendSteps[] = {4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB,
                                         1 * MiB};
constexpr std::uint64_t MostAppendedTo = 4;
/// The most writes that one operation appends to a file.
constexpr std::uint64_t MostAppends = 64;

/// Removes the element at @p index; the last element takes its index.
template <class T>
void drop(std::vector<std::unique_ptr<T>> &from, std::size_t index) {
  std::swap(from[index], from.back());
  from[index]->index = index;
  from.pop_back();
}

} // namespace

Plan::Plan(const Options &options)
    : sizes(options.sizes), random(options.seed), block(options.block),
      churn(options.churn), used(options.used),
      target(options.capacity / 100 * options.utilisation),
      slack(options.capacity / 200),
      largest(std::max(block, std::min(options.capacity / options.largest_share,
                                       target / 4))) {
  directories.push_back(std::make_unique<Directory>(
      Directory{.id = next_id++, .parent = nullptr, .index = 0, .files = {}}));
}

std::uint64_t Plan::in_blocks(std::uint64_t bytes) const {
  return (bytes + block - 1) / block * block;
}

std::string Plan::path(const Directory &directory) const {
  if (!directory.parent)
    return "";
  return path(*directory.parent) + "d" + std::to_string(directory.id) + "/";
}

std::string Plan::path(const File &file) const {
  return path(*file.parent) + "f" + std::to_string(file.id);
}

bool Plan::aged() const { return allocated >= churn && used + slack >= target; }

std::optional<Operation> Plan::next() {
  while (planned.empty() && !aged())
    plan();
  if (planned.empty())
    return std::nullopt;
  Operation operation = std::move(planned.front());
  planned.pop_front();
  return operation;
}

void Plan::plan() {
  const std::uint64_t choice = files.empty() ? 0 : random.below(100);

  if (choice < 70)
    plan_create();
  else if (choice < 80)
    plan_appends();
  else if (choice < 98)
    plan_overwrite();
  else
    plan_resize();
}

void Plan::add(Operation::Kind what, std::string path, std::uint64_t begin,
               std::uint64_t end) {
  planned.push_back({what, std::move(path), begin, end});
}

void Plan::set_size(File &file, std::uint64_t size) {
  const std::uint64_t before = in_blocks(file.size), after = in_blocks(size);

  if (after > before)
    allocated += after - before;
  used += after - before;
  file.size = size;
}

void Plan::make_room(std::uint64_t bytes) {
  while (used + bytes > target && !files.empty()) {
    if (directories.size() > 1 && random.below(DirectoryShare) == 0)
      remove_directory();
    else
      remove_file(any_file());
  }
}

void Plan::make_directory() {
  // each directory has two tickets, and one for each subdirectory
  const std::size_t count = directories.size();
  const std::uint64_t ticket = random.below(3 * count - 1);
  Directory *parent = ticket < 2 * count
                          ? directories[ticket / 2].get()
                          : directories[ticket - 2 * count + 1]->parent;

  directories.push_back(std::make_unique<Directory>(Directory{
      .id = next_id++, .parent = parent, .index = count, .files = {}}));
  parent->subdirectories++;
  used += block;
  add(Operation::Kind::make_directory, path(*directories.back()));
}

void Plan::remove_directory() {
  // at least one that is not the root has no subdirectories
  std::size_t index = random.below(directories.size());
  while (index == 0 || directories[index]->subdirectories != 0)
    index = (index + 1) % directories.size();
  Directory &directory = *directories[index];

  while (!directory.files.empty())
    remove_file(*directory.files.back());
  add(Operation::Kind::remove_directory, path(directory));
  directory.parent->subdirectories--;
  used -= block;
  drop(directories, index);
}

void Plan::remove_file(File &file) {
  std::vector<File *> &siblings = file.parent->files;

  add(Operation::Kind::remove, path(file));
  used -= in_blocks(file.size);
  siblings.back()->slot = file.slot;
  siblings[file.slot] = siblings.back();
  siblings.pop_back();
  drop(files, file.index);
}

void Plan::plan_create() {
  const std::uint64_t size = any_size();

  make_room(in_blocks(size) + block);
  if (files.size() * 10 >= directories.size() * FilesPerDirectory)
    make_directory();
  Directory &parent = *directories[random.below(directories.size())];
  files.push_back(std::make_unique<File>(File{.id = next_id++,
                                              .parent = &parent,
                                              .index = files.size(),
                                              .slot = parent.files.size(),
                                              .size = 0}));
  File &file = *files.back();
  parent.files.push_back(&file);
  set_size(file, size);
  add(Operation::Kind::create, path(file), 0, size);
}

void Plan::plan_appends() {
  struct Growing {
    File *which = nullptr;
    std::uint64_t step = 0; ///< of one write, in bytes
    std::uint64_t left = 0; ///< in bytes
  };
  std::vector<Growing> growing(1 + random.below(MostAppendedTo));
  std::uint64_t wanted = 0;

  for (Growing &one : growing) {
    one.step = AppendSteps[random.below(std::size(AppendSteps))];
    one.left =
        draw_size(*sizes, random,
                  std::min(MostAppends * one.step, largest / MostAppendedTo));
    wanted += in_blocks(one.left) + block;
  }
  make_room(wanted);
  if (files.empty())
    return;
  for (Growing &one : growing)
    one.which = &any_file();

  bool more;
  do {
    more = false;
    for (auto &[file, step, left] : growing) {
      const std::uint64_t begin = file->size, length = std::min(step, left);
      if (!length)
        continue;
      set_size(*file, begin + length);
      add(Operation::Kind::append, path(*file), begin, begin + length);
      left -= length;
      more = true;
    }
  } while (more);
}

void Plan::plan_overwrite() {
  const File &file = any_file();
  const std::uint64_t length =
      1 + random.below(std::min(file.size, LargestOverwrite));
  const std::uint64_t begin = random.below(file.size - length + 1);

  add(Operation::Kind::overwrite, path(file), begin, begin + length);
}

void Plan::plan_resize() {
  const std::uint64_t size = any_size();

  make_room(in_blocks(size));
  if (files.empty())
    return;
  File &file = any_file();
  add(Operation::Kind::resize, path(file), file.size, size);
  set_size(file, size);
}

} // namespace aging
