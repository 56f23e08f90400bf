// SPDX-License-Identifier: GPL-2.0
#include "symbols.hpp"

#include <istream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace counts {

Symbols::Symbols(std::istream &kallsyms) {
  std::string line;
  while (std::getline(kallsyms, line)) {
    std::istringstream fields(line);
    std::uint64_t address;
    char type;
    std::string name;
    // the rest of a line names the module
    if (fields >> std::hex >> address >> type >> name && address != 0 &&
        (type == 't' || type == 'T' || type == 'w' || type == 'W'))
      // of several names, the first
      names.emplace(address, name);
  }
  if (names.empty())
    throw std::runtime_error("kallsyms has no addresses; run as root, with "
                             "kernel.kptr_restrict=0 if that is not enough");
}

std::string Symbols::at(std::uint64_t address) const {
  if (address >> 63 == 0)
    return "user";
  const auto after = names.upper_bound(address);
  return after == names.begin() ? "unknown" : std::prev(after)->second;
}

std::string Symbols::place(std::uint64_t address) const {
  const auto after = names.upper_bound(address);
  if (address >> 63 == 0 || after == names.begin())
    return at(address);
  const auto &[start, name] = *std::prev(after);
  std::ostringstream text;
  text << name << std::hex << "+0x" << address - start;
  if (after != names.end())
    text << "/0x" << after->first - start;
  return text.str();
}

std::map<std::string, std::uint64_t> by_function(std::istream &places,
                                                 const Symbols &symbols) {
  std::map<std::string, std::uint64_t> counts;
  std::string line;
  while (std::getline(places, line)) {
    std::istringstream fields(line);
    std::uint64_t address, instructions;
    if (!(fields >> std::hex >> address >> std::dec >> instructions))
      throw std::runtime_error("\"" + line +
                               "\": expected an address and a number");
    counts[symbols.at(address)] += instructions;
  }
  return counts;
}

} // namespace counts
