// SPDX-License-Identifier: GPL-2.0
/// @file
/// Changes of configuration files: as values, so that they can be shown, made, and
/// taken back.
#ifndef PMEMCTL_EDIT_HPP
#define PMEMCTL_EDIT_HPP

#include "root.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pmemctl {

/// The contents of a file; nothing if there is no file.
using Contents = std::optional<std::string>;

/// The change of one file.
struct Edit {
  std::string path; ///< without the first slash
  Contents before;
  Contents after;
  /// What @ref after has more than @ref before: to take out if others have changed the
  /// file since. Empty if the file is ours as a whole.
  std::string added;
};

/// Files as they will be: those of the system, some with other contents.
class Files {
public:
  explicit Files(const Root &root) : root(root) {}

  /// @param path without the first slash
  Contents get(const std::string &path) const;
  /// Whether a file or a directory is there.
  bool has(const std::string &path) const;
  /// The names in a directory of the system.
  std::vector<std::string> names_in(const std::string &path) const;
  /// Gives a file other contents, in this object only.
  void put(const std::string &path, Contents contents);

private:
  const Root &root;
  std::map<std::string, Contents> changed;
};

/// An edit taken back.
/// @param edit    the edit
/// @param current contents of the file now
/// @return the contents without the edit: as before it, or what others have made of the
///         file since without what the edit added
/// @throws std::runtime_error if that cannot be told apart any more
Contents taken_back(const Edit &edit, const Contents &current);

/// Replaces, makes or removes a file, all at once. A file that is there keeps its owner,
/// its permissions and its extended attributes. Another hard link of it, such as that of a
/// backup, keeps the old contents.
/// @param root     of the files
/// @param path     without the first slash
/// @param contents nothing to remove the file
/// @param mode     permissions of a new file
/// @throws std::system_error if that fails, and std::runtime_error for a link that
///         leaves the root; the file is as before then
void write_file(const Root &root, const std::string &path,
                const Contents &contents, unsigned mode = 0644);

/// Removes what an interrupted @ref write_file has left beside a file.
/// @param root of the files
/// @param path without the first slash
void clean_up(const Root &root, const std::string &path);

/// A change as "diff -u" shows it; empty if there is none.
/// @param path   for the heading
/// @param before contents
/// @param after  contents
std::string unified_diff(const std::string &path, const Contents &before,
                         const Contents &after);

} // namespace pmemctl

#endif
