// SPDX-License-Identifier: GPL-2.0
/// @file
/// For tests: a system whose files are in a temporary directory, made of the texts of a
/// file in machines/ or given one by one.
#ifndef PMEMCTL_RECORDED_MACHINE_HPP
#define PMEMCTL_RECORDED_MACHINE_HPP

#include "root.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pmemctl {

/// The recorded system; its directory is removed with it.
class RecordedMachine {
public:
  RecordedMachine() {
    std::string text = testing::TempDir() + "machine.XXXXXX";
    directory = mkdtemp(text.data());
  }

  /// @param name of a file in machines/, without .txt: a line "== PATH" begins a file
  explicit RecordedMachine(const std::string &name) : RecordedMachine() {
    std::ifstream in(folder() / (name + ".txt"));
    EXPECT_TRUE(in) << name;
    std::string path;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("== "))
        path = line.substr(3);
      else if (!path.empty())
        put(path, text_of(path) + line + '\n');
    }
  }

  ~RecordedMachine() { std::filesystem::remove_all(directory); }
  RecordedMachine(const RecordedMachine &) = delete;
  RecordedMachine &operator=(const RecordedMachine &) = delete;

  /// The names of all files in machines/.
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const std::string &name : Root(folder()).names_in(""))
      if (name.ends_with(".txt"))
        names.push_back(name.substr(0, name.size() - 4));
    return names;
  }

  /// Writes a file, and the directories above it.
  void put(const std::string &path, const std::string &text) const {
    std::filesystem::create_directories((directory / path).parent_path());
    std::ofstream(directory / path) << text;
  }

  /// The contents of a file; empty if there is none.
  std::string text_of(const std::string &path) const {
    std::ifstream in(directory / path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Root root() const { return Root(directory); }

  std::filesystem::path directory;

private:
  static std::filesystem::path folder() {
    return std::filesystem::path(__FILE__).parent_path() / "machines";
  }
};

} // namespace pmemctl

#endif
