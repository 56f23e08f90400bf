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

/// An entry without a word of its lines, and the blank before it. Comments stay.
/// @param has_rest becomes true if the word is a part of longer ones
std::string without_word(const std::string &text, const std::string &word,
                         bool &has_rest) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string line = text.substr(at, end - at);
    at = end;
    const std::size_t start = line.find_first_not_of(" \t");
    const bool is_comment = start != line.npos && line[start] == '#';
    for (std::size_t found = 0;
         !is_comment && (found = line.find(word, found)) != line.npos;) {
      const std::size_t after = found + word.size();
      const bool is_word = found &&
                           line.find_first_of(" \t", found - 1) == found - 1 &&
                           (after == line.size() ||
                            line.find_first_of(" \t\r\n", after) == after);
      if (is_word)
        line.erase(--found, word.size() + 1);
      else
        found = after;
      has_rest |= !is_word;
    }
    result += line;
  }
  return result;
}

/// An entry of a boot loader that is not in the record, without what a record adds to
/// entries. It can be that of others, so that it is no error if that is not all of it.
Contents without_parameter(const Record &record, const std::string &path,
                           const Contents &now,
                           std::vector<std::string> &notes) {
  std::string word;
  for (const Edit &edit : record.edits) {
    if (!edit.added.starts_with(" memmap="))
      continue;
    if (now == edit.after) // renamed
      return edit.before;
    word = edit.added.substr(1);
  }
  if (!now || word.empty())
    return now;
  bool has_rest = false;
  std::string text = without_word(*now, word, has_rest);
  if (has_rest)
    notes.push_back("/" + path + ": has " + word +
                    " in a longer word, which pmemctl has not written; see "
                    "that it is wanted");
  return text;
}

/// The contents without the edits of a record: of its files, and of entries that boot
/// counting has renamed since, or that a new kernel has with the running command line.
/// @param notes gets what is left of it
std::map<std::string, Contents>
without_record(const Root &root, const Record &record,
               std::vector<std::string> &notes) {
  std::map<std::string, Contents> contents, others;
  for (const std::string &path : entry_paths(Files(root)))
    others[path] = {};
  for (const Edit &edit : record.edits)
    others.erase(edit.path);
  // a partition is mounted elsewhere: not another file that has the same name
  const auto is_moved = [&](const Edit &edit) {
    const fs::path path = edit.path;
    return std::any_of(others.begin(), others.end(), [&](const auto &other) {
      if (path.parent_path().filename() != "entries" ||
          !other.first.ends_with("/loader/entries/" + path.filename().string()))
        return false;
      const Contents text = root.find(other.first);
      return text &&
             (text == edit.after ||
              (!edit.added.empty() && text->find(edit.added) != text->npos));
    });
  };
  for (const Edit &edit : record.edits) {
    const Contents now = root.find(edit.path);
    const fs::path path = edit.path;
    // others have removed it, as the entry of an old kernel
    const bool is_gone =
        !now && (root.has(path.parent_path().string()) || is_moved(edit));
    contents[edit.path] = is_gone ? now : taken_back(edit, now);
  }
  for (auto &[path, text] : others)
    text = without_parameter(record, path, root.find(path), notes);
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
  Work work;
  std::map<std::string, Contents> contents =
      without_record(root, old, work.notes);
  Changes changes = changes_for(files_with(root, contents), setup);
  for (const Edit &edit : changes.edits)
    contents[edit.path] = edit.after;
  work.replacements = replacements_for(root, contents);
  work.record = {std::move(changes.edits), old.directories};
  add_missing_directories(root, work.record);
  work.commands = std::move(changes.commands);
  for (const auto &more : {changes.notes, changes.steps})
    work.notes.insert(work.notes.end(), more.begin(), more.end());
  return work;
}

Work work_to_undo(const Root &root) {
  Work work;
  const auto contents = without_record(root, read_record(root), work.notes);
  work.replacements = replacements_for(root, contents);
  // also without a record: the command may have failed after an earlier undo
  Changes changes = boot_changes(files_with(root, contents), "");
  work.commands = std::move(changes.commands);
  work.notes.insert(work.notes.end(), changes.steps.begin(),
                    changes.steps.end());
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
