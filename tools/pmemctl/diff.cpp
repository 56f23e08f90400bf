// SPDX-License-Identifier: GPL-2.0
/// @file
/// A change as "diff -u" shows it.
#include "edit.hpp"

#include <algorithm>
#include <cstddef>

namespace pmemctl {

namespace {

constexpr std::size_t Context = 3;

/// A line of the diff: ' ', '-' or '+', then the text.
struct Line {
  char mark;
  std::string text;
};

/// Lines with their newlines; the last may have none.
std::vector<std::string> split(const Contents &contents) {
  std::vector<std::string> lines;
  const std::string text = contents.value_or("");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

/// The lines of both texts, by a longest common subsequence.
std::vector<Line> compare(const std::vector<std::string> &a,
                          const std::vector<std::string> &b) {
  std::vector<std::vector<std::size_t>> common(
      a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      common[i][j] = a[i] == b[j]
                         ? common[i + 1][j + 1] + 1
                         : std::max(common[i + 1][j], common[i][j + 1]);
  std::vector<Line> lines;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      lines.push_back({' ', a[i++]});
      j++;
    } else if (i < a.size() &&
               (j == b.size() || common[i + 1][j] >= common[i][j + 1])) {
      lines.push_back({'-', a[i++]});
    } else {
      lines.push_back({'+', b[j++]});
    }
  }
  return lines;
}

/// "12,3", or "12" for one line; a range without lines begins one earlier.
std::string span(std::size_t start, std::size_t count) {
  const std::string first = std::to_string(count ? start + 1 : start);
  return count == 1 ? first : first + ',' + std::to_string(count);
}

} // namespace

std::string unified_diff(const std::string &path, const Contents &before,
                         const Contents &after) {
  if (before == after)
    return "";
  std::string diff = "--- " + (before ? "/" + path : std::string("/dev/null")) +
                     "\n+++ " +
                     (after ? "/" + path : std::string("/dev/null")) + '\n';
  const std::vector<Line> lines = compare(split(before), split(after));
  std::size_t old_line = 0, new_line = 0;
  for (std::size_t at = 0; at < lines.size();) {
    // a hunk: from the context of this change to the context of the last one of which
    // the context touches
    std::size_t change = at;
    while (change < lines.size() && lines[change].mark == ' ')
      change++;
    if (change == lines.size())
      break;
    const std::size_t start =
        std::max(at, change < Context ? 0 : change - Context);
    std::size_t end = change + 1, last = change;
    while (end < lines.size() && end <= last + 2 * Context) {
      if (lines[end].mark != ' ')
        last = end;
      end++;
    }
    end = std::min(lines.size(), last + 1 + Context);

    old_line += start - at;
    new_line += start - at;
    std::string body;
    std::size_t old_count = 0, new_count = 0;
    for (std::size_t i = start; i < end; i++) {
      old_count += lines[i].mark != '+';
      new_count += lines[i].mark != '-';
      body += lines[i].mark + lines[i].text;
      if (!lines[i].text.ends_with('\n'))
        body += "\n\\ No newline at end of file\n";
    }
    diff += "@@ -" + span(old_line, old_count) + " +" +
            span(new_line, new_count) + " @@\n" + body;
    old_line += old_count;
    new_line += new_count;
    at = end;
  }
  return diff;
}

} // namespace pmemctl
