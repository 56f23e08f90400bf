// SPDX-License-Identifier: GPL-2.0
#include "operation.hpp"

#include "random.hpp"

#include <algorithm>
#include <cstring>
#include <ios>
#include <sstream>
#include <stdexcept>

namespace stress {

namespace {

constexpr std::array<std::string_view, Kinds> Names = {"write",
                                                       "writev",
                                                       "append",
                                                       "write_part",
                                                       "read",
                                                       "read_part",
                                                       "write_from_map",
                                                       "read_into_map",
                                                       "truncate",
                                                       "allocate",
                                                       "allocate_keep",
                                                       "punch",
                                                       "zero",
                                                       "zero_keep",
                                                       "unshare",
                                                       "collapse",
                                                       "insert",
                                                       "map",
                                                       "remap",
                                                       "unmap",
                                                       "map_write",
                                                       "map_read",
                                                       "protect",
                                                       "dont_need",
                                                       "fork",
                                                       "private_map",
                                                       "sync",
                                                       "msync",
                                                       "reopen",
                                                       "recreate",
                                                       "pin",
                                                       "vm_read",
                                                       "clone",
                                                       "dedupe",
                                                       "compare"};

} // namespace

std::string_view name_of(Kind kind) {
  return Names[static_cast<std::size_t>(kind)];
}

Kind kind_of(std::string_view name) {
  const auto found = std::find(Names.begin(), Names.end(), name);
  if (found == Names.end())
    throw std::invalid_argument(std::string(name) + ": no such operation");
  return static_cast<Kind>(found - Names.begin());
}

std::string to_text(const Operation &operation) {
  std::ostringstream line;
  line << name_of(operation.kind) << std::hex << std::showbase
       << " slot=" << operation.slot << " offset=" << operation.offset
       << " length=" << operation.length << " other=" << operation.other
       << " value=" << operation.value;
  return line.str();
}

Operation parse_operation(const std::string &line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  Operation operation;
  operation.kind = kind_of(word);
  while (words >> word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    std::size_t used = 0;
    std::uint64_t number = 0;
    try {
      number = std::stoull(word.substr(equals + 1), &used, 0);
    } catch (const std::logic_error &) {
      used = 0;
    }
    if (equals == std::string::npos || used == 0 ||
        equals + 1 + used != word.size())
      throw std::invalid_argument(word + ": expected NAME=NUMBER");
    if (name == "slot" && number < Slots)
      operation.slot = static_cast<unsigned>(number);
    else if (name == "offset")
      operation.offset = number;
    else if (name == "length")
      operation.length = number;
    else if (name == "other")
      operation.other = number;
    else if (name == "value")
      operation.value = number;
    else
      throw std::invalid_argument(
          word + ": expected slot, offset, length, other or value");
  }
  return operation;
}

void fill(std::span<unsigned char> bytes, std::uint64_t value) {
  dax::Random random(value);
  while (!bytes.empty()) {
    const std::uint64_t word = random.bits();
    const std::size_t part = std::min(bytes.size(), sizeof(word));
    std::memcpy(bytes.data(), &word, part);
    bytes = bytes.subspan(part);
  }
}

} // namespace stress
