// SPDX-License-Identifier: GPL-2.0
#include "text.hpp"

#include <charconv>
#include <sstream>
#include <system_error>

namespace pmemctl {

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string &text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;)
    words.push_back(word);
  return words;
}

std::optional<std::uint64_t> number_of(std::string_view text, int base) {
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t number = 0;
  const char *const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number, base);
  if (error != std::errc() || end != last)
    return {};
  return number;
}

std::string replaced(const std::string &text, char from,
                     const std::string &to) {
  std::string result;
  for (const char c : text)
    result += c == from ? to : std::string(1, c);
  return result;
}

std::string printable(std::string_view text) {
  std::string line(text);
  for (char &c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      c = '?';
  return line;
}

} // namespace pmemctl
