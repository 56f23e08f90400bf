// SPDX-License-Identifier: GPL-2.0
/// @file
/// Instructions of the kernel by function.
#ifndef COUNTS_SYMBOLS_HPP
#define COUNTS_SYMBOLS_HPP

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

namespace counts {

/// The functions of a running kernel and its modules.
class Symbols {
public:
  /// @param kallsyms the text of /proc/kallsyms, as root reads it
  /// @throws std::runtime_error if all addresses are hidden
  explicit Symbols(std::istream &kallsyms);

  /// @return the name of the function at an address: that with the highest address
  ///         not above it; "user" for an address of user space, and "unknown" below
  ///         the first function
  std::string at(std::uint64_t address) const;

  /// @return an address as kernel logs have it, NAME+0xOFFSET/0xSIZE; "user" and
  ///         "unknown" as above
  std::string place(std::uint64_t address) const;

private:
  std::map<std::uint64_t, std::string> names;
};

/// Adds up the instructions of each function.
/// @param places lines with an address in hexadecimal and a number of instructions, as
///               the plugin writes them
/// @throws std::runtime_error if a line is not of that form
std::map<std::string, std::uint64_t> by_function(std::istream &places,
                                                 const Symbols &symbols);

} // namespace counts

#endif
