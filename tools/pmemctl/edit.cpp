// SPDX-License-Identifier: GPL-2.0
#include "edit.hpp"

#include "descriptor.hpp"
#include "text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pmemctl {

namespace fs = std::filesystem;

Contents Files::get(const std::string &path) const {
  const auto found = changed.find(path);
  return found == changed.end() ? root.find(path) : found->second;
}

bool Files::has(const std::string &path) const {
  const auto found = changed.find(path);
  return found == changed.end() ? root.has(path) : found->second.has_value();
}

std::vector<std::string> Files::names_in(const std::string &path) const {
  return root.names_in(path);
}

void Files::put(const std::string &path, Contents contents) {
  changed[path] = std::move(contents);
}

namespace {

/// The file that write_file() makes beside another, and renames.
fs::path temporary_of(const fs::path &target) {
  return target.string() + ".pmemctl";
}

/// Whether an error of an extended attribute is no fault: the filesystem has none, or
/// the process may not have this one.
bool is_harmless(int error) { return error == ENOTSUP || error == EPERM; }

/// Copies labels of SELinux, ACLs and the like. The copy has its mode already, which
/// would change an ACL.
void copy_attributes(const fs::path &from, const dax::Descriptor &to) {
  const dax::Descriptor source(from, O_RDONLY);
  std::string names(XATTR_LIST_MAX, '\0'), value(XATTR_SIZE_MAX, '\0');
  const ssize_t length = flistxattr(source.get(), names.data(), names.size());
  if (length < 0 && is_harmless(errno))
    return;
  if (length < 0)
    dax::fail(from);
  const char *const end = names.data() + length;
  for (const char *name = names.data(); name < end;
       name += std::strlen(name) + 1) {
    // the kernel computes these from the contents
    if (!std::strcmp(name, "security.ima") ||
        !std::strcmp(name, "security.evm"))
      continue;
    const ssize_t size =
        fgetxattr(source.get(), name, value.data(), value.size());
    const bool is_copied =
        size >= 0 && fsetxattr(to.get(), name, value.data(),
                               static_cast<std::size_t>(size), 0) == 0;
    if (!is_copied && !is_harmless(errno))
      dax::fail(from.string() + ": " + name);
  }
}

/// Waits until the names in a directory are on the disk.
void sync_directory(const fs::path &path) {
  const dax::Descriptor folder(path, O_RDONLY | O_DIRECTORY);
  if (fsync(folder.get()))
    dax::fail(path);
}

/// Whether a line of what was added, or its memmap=, is still there: others have
/// changed the rest of it.
bool has_rest(const std::string &added, const std::string &text) {
  for (const std::string &line : lines_of(added)) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start != line.npos && text.find(line.substr(start)) != text.npos)
      return true;
  }
  const std::size_t start = added.find("memmap=");
  const std::size_t end = added.find_first_of("\"\n", start);
  return start != added.npos &&
         text.find(added.substr(start, end - start)) != text.npos;
}

} // namespace

Contents taken_back(const Edit &edit, const Contents &current) {
  if (current == edit.after || current == edit.before)
    return edit.before;
  const std::string name = "/" + edit.path;
  if (!current)
    throw std::runtime_error(name + ": is gone, with its directory; mount the "
                                    "filesystem that has it");
  if (edit.added.empty())
    throw std::runtime_error(name + ": was changed by others; remove it");

  std::string text = *current;
  for (std::size_t at = 0; (at = text.find(edit.added, at)) != text.npos;) {
    const std::size_t end = at + edit.added.size();
    // not the beginning of a longer word
    if (edit.added.ends_with('\n') || end == text.size() ||
        text.find_first_of(" \t\r\n", end) == end)
      text.erase(at, edit.added.size());
    else
      at = end;
  }
  if (has_rest(edit.added, text))
    throw std::runtime_error(name +
                             ": was changed by others; remove what is left of "
                             "memmap= and of the lines of pmemctl in it");
  return text;
}

void write_file(const Root &root, const std::string &path,
                const Contents &contents, unsigned mode) {
  // a link stays a link
  std::error_code error;
  fs::path target = fs::canonical(root.path(path), error);
  if (error)
    target = root.path(path);
  else if (const fs::path top = fs::canonical(root.path(""));
           std::mismatch(top.begin(), top.end(), target.begin(), target.end())
               .first != top.end())
    throw std::runtime_error("/" + path + ": is a link to " + target.string() +
                             ", which is not below --root");

  if (!contents) {
    if (unlink(target.c_str()) == 0)
      sync_directory(target.parent_path());
    else if (errno != ENOENT)
      dax::fail(target);
    return;
  }
  fs::create_directories(target.parent_path());
  const fs::path temporary = temporary_of(target);
  struct stat old {};
  const bool is_there = stat(target.c_str(), &old) == 0;
  if (is_there)
    mode = old.st_mode & 07777;
  try {
    const dax::Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (is_there && fchown(file.get(), old.st_uid, old.st_gid))
      dax::fail(temporary);
    if (fchmod(file.get(), mode))
      dax::fail(temporary);
    if (is_there)
      copy_attributes(target, file);
    for (std::size_t done = 0; done < contents->size();) {
      const ssize_t put =
          write(file.get(), contents->data() + done, contents->size() - done);
      if (put < 0)
        dax::fail(temporary);
      done += static_cast<std::size_t>(put);
    }
    // the name must not reach the disk before the contents
    if (fsync(file.get()) || rename(temporary.c_str(), target.c_str()))
      dax::fail(target);
    // and has to before files that are written later: undo needs the record, which
    // can be on another filesystem
    sync_directory(target.parent_path());
  } catch (const std::system_error &) {
    unlink(temporary.c_str());
    throw;
  }
}

void clean_up(const Root &root, const std::string &path) {
  std::error_code error; // mostly it is not there
  fs::remove(temporary_of(root.path(path)), error);
}

} // namespace pmemctl
