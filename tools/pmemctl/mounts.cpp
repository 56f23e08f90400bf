// SPDX-License-Identifier: GPL-2.0
#include "mounts.hpp"

#include "text.hpp"

#include <algorithm>
#include <sstream>

namespace pmemctl {

namespace {

/// The file has spaces and the like in paths as octal numbers after a backslash.
std::string unescape(const std::string &text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); i++)
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  return plain;
}

} // namespace

std::vector<Mount> mounts_of(const Root &root, const std::string &numbers) {
  std::vector<Mount> mounts;
  for (const std::string &line :
       lines_of(root.find("proc/self/mountinfo").value_or(""))) {
    // ID PARENT NUMBERS ROOT DIRECTORY OPTIONS [TAG...] - TYPE SOURCE OPTIONS
    // other white space than blanks and newlines can be in a path as it is
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, ' ');)
      words.push_back(word);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || words[2] != numbers || words.end() - dash < 4)
      continue;
    const std::string options = "," + words[5] + "," + dash[3] + ",";
    const bool is_dax = options.find(",dax,") != options.npos ||
                        options.find(",dax=always,") != options.npos;
    mounts.push_back({unescape(words[4]), dash[1], is_dax});
  }
  return mounts;
}

} // namespace pmemctl
