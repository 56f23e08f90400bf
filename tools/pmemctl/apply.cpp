// SPDX-License-Identifier: GPL-2.0
#include "apply.hpp"

#include "text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>

namespace pmemctl {

namespace {

namespace fs = std::filesystem;

/// An entry of a boot loader that is not in the record, without what a record adds to
/// entries.
Contents without_parameter(const Record &record, const std::string &path,
                           const Contents &now) {
  const Edit *added = nullptr;
  for (const Edit &edit : record.edits) {
    if (!edit.added.starts_with(" memmap="))
      continue;
    if (now == edit.after) // renamed
      return edit.before;
    added = &edit;
  }
  return added ? taken_back({path, {}, {}, added->added}, now) : now;
}

/// The contents without the edits of a record: of its files, and of entries that boot
/// counting has renamed since, or that a new kernel has with the running command line.
std::map<std::string, Contents> without_record(const Root &root,
                                               const Record &record) {
  std::map<std::string, Contents> contents, others;
  for (const std::string &path : entry_paths(Files(root)))
    others[path] = {};
  for (const Edit &edit : record.edits)
    others.erase(edit.path);
  // a partition is mounted elsewhere
  const auto is_moved = [&](const fs::path &path) {
    return std::any_of(others.begin(), others.end(), [&](const auto &other) {
      return other.first.ends_with("/loader/entries/" +
                                   path.filename().string()) &&
             path.parent_path().filename() == "entries";
    });
  };
  for (const Edit &edit : record.edits) {
    const Contents now = root.find(edit.path);
    const fs::path path = edit.path;
    // others have removed it, as the entry of an old kernel
    const bool is_gone =
        !now && (root.has(path.parent_path().string()) || is_moved(path));
    contents[edit.path] = is_gone ? now : taken_back(edit, now);
  }
  for (auto &[path, text] : others)
    text = without_parameter(record, path, root.find(path));
  contents.merge(others);
  return contents;
}

/// The files of which the contents differ from what they will be.
std::vector<Replacement>
replacements_for(const Root &root,
                 const std::map<std::string, Contents> &contents) {
  std::vector<Replacement> replacements;
  for (const auto &[path, then] : contents) {
    const Contents now = root.find(path);
    if (now != then)
      replacements.push_back({path, now, then});
  }
  return replacements;
}

/// Files of the system, some with other contents.
Files files_with(const Root &root,
                 const std::map<std::string, Contents> &contents) {
  Files files(root);
  for (const auto &[path, text] : contents)
    files.put(path, text);
  return files;
}

} // namespace

dax::Descriptor lock(const Root &root) {
  const bool is_running = root.is_running();
  const std::string name = root.path(is_running ? "run/pmemctl.lock" : "");
  // any user can open and lock "/"
  dax::Descriptor file =
      is_running ? dax::Descriptor(name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600)
                 : dax::Descriptor(name, O_RDONLY | O_DIRECTORY);
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0)
    return file;
  if (errno == EWOULDBLOCK)
    throw std::runtime_error(
        "another pmemctl changes the configuration; try again when it has "
        "ended");
  dax::fail(name);
}

Work work_to_apply(const Root &root, const Setup &setup) {
  const Record old = read_record(root);
  std::map<std::string, Contents> contents = without_record(root, old);
  Changes changes = changes_for(files_with(root, contents), setup);
  Work work;
  for (const Edit &edit : changes.edits)
    contents[edit.path] = edit.after;
  work.replacements = replacements_for(root, contents);
  work.record = {std::move(changes.edits), old.directories};
  add_missing_directories(root, work.record);
  work.commands = std::move(changes.commands);
  work.notes = std::move(changes.notes);
  work.notes.insert(work.notes.end(), changes.steps.begin(),
                    changes.steps.end());
  return work;
}

Work work_to_undo(const Root &root) {
  const auto contents = without_record(root, read_record(root));
  Work work;
  work.replacements = replacements_for(root, contents);
  // also without a record: the command may have failed after an earlier undo
  Changes changes = boot_changes(files_with(root, contents), "");
  work.commands = std::move(changes.commands);
  work.notes = std::move(changes.steps);
  return work;
}

Ranges reserved_by(const Record &record) {
  const std::string key = "ranges=";
  for (const Edit &edit : record.edits)
    for (const std::string &word : words_of(edit.after.value_or("")))
      if (edit.path == ModprobeConfig && word.starts_with(key))
        return {parse_range(word.substr(key.size())).range};
  return {};
}

void run_commands(const Work &work) {
  for (const std::string &command : work.commands)
    if (std::system((command + " >&2").c_str()) != 0)
      throw std::runtime_error(
          command + ": failed; its own messages are above. " +
          (work.record.edits.empty()
               ? "The files are as before apply: run \"pmemctl undo --update\" "
                 "again when the command works"
               : "The files are changed: \"pmemctl undo\" takes that back"));
}

void do_work(const Root &root, const Work &work) {
  const Record old = read_record(root);
  // undo has to know the new files as well as the old ones until all is done
  const bool is_undo = work.record.edits.empty();
  if (!is_undo)
    write_record(root, work.record);
  for (const Replacement &replacement : work.replacements)
    write_file(root, replacement.path, replacement.then);
  if (!is_undo)
    return;
  for (const Edit &edit : old.edits)
    clean_up(root, edit.path);
  write_record(root, {});
  for (auto path = old.directories.rbegin(); path != old.directories.rend();
       ++path) {
    std::error_code error; // one that others have put a file into stays
    fs::remove(root.path(*path), error);
  }
}

} // namespace pmemctl
