// SPDX-License-Identifier: GPL-2.0
/// @file
/// Texts as the kernel writes them: lines, words, numbers.
#ifndef PMEMCTL_TEXT_HPP
#define PMEMCTL_TEXT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pmemctl {

/// The lines of a text, without newlines.
/// @param text the text
std::vector<std::string> lines_of(const std::string &text);

/// The words of a text, which spaces and tabs separate.
/// @param text the text
std::vector<std::string> words_of(const std::string &text);

/// The number that is all of a text: decimal, or hexadecimal after 0x.
/// @param text the text
/// @param base 16 if it is hexadecimal without 0x, too
/// @return nothing for any other text, and above 64 bits
std::optional<std::uint64_t> number_of(std::string_view text, int base = 10);

/// A text with something else for each of a character.
/// @param text the text
/// @param from the character
/// @param to   what stands for it
std::string replaced(const std::string &text, char from, const std::string &to);

/// A text for an error message, which is one line: "?" for control characters.
/// @param text the text
std::string printable(std::string_view text);

} // namespace pmemctl

#endif
