// SPDX-License-Identifier: GPL-2.0
#include "pairs.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace crash {

namespace {

constexpr std::uint64_t Block = 4096;
constexpr std::uint64_t Size = 2 * Block; ///< of the file at first

/// The operations; a and b are the names in the directory.
const std::vector<Step> &operations() {
  static const std::vector<Step> All = {
      {Action::create, "b", {}},
      {Action::link, "a", "b"},
      {Action::rename, "a", "b"},
      {Action::unlink, "a", {}},
      {Action::write, "a", {}, 100, 3000},
      {Action::write, "a", {}, Size, 5000},
      {Action::write, "a", {}, Size + 3 * Block, 100},
      {Action::store, "a", {}, Block, 300},
      {Action::store_flushed, "a", {}, 200, 64},
      {Action::truncate, "a", {}, 5000},
      {Action::truncate, "a", {}, 5 * Block},
      {Action::allocate, "a", {}, Size, 4 * Block},
      {Action::punch, "a", {}, 0, Block},
      {Action::zero, "a", {}, 1000, 6000},
      {Action::collapse, "a", {}, 0, Block},
      {Action::insert, "a", {}, Block, Block},
      {Action::evacuate, "a", {}, 0, Size},
  };
  return All;
}

/// What is in the directory: the file of each name, with its size.
using Directory = std::map<std::string, std::shared_ptr<std::uint64_t>>;

/// Applies an operation.
/// @return whether it is possible
bool apply(const Step &step, Directory &directory) {
  const auto found = directory.find(step.name);
  if (step.action == Action::create)
    return directory.emplace(step.name, std::make_shared<std::uint64_t>(0))
        .second;
  if (found == directory.end())
    return false;
  const auto file = found->second;
  std::uint64_t &size = *file;
  const std::uint64_t end = step.offset + step.length;
  switch (step.action) {
  case Action::link:
    return directory.emplace(step.other, file).second;
  case Action::rename:
    // of two names of one file, rename() removes none
    if (const auto other = directory.find(step.other);
        other != directory.end() && other->second == file)
      return true;
    directory[step.other] = file;
    directory.erase(step.name);
    return true;
  case Action::unlink:
    directory.erase(step.name);
    return true;
  case Action::truncate:
    size = step.offset;
    return true;
  case Action::store:
  case Action::store_flushed:
  case Action::evacuate:
    return end <= size;
  case Action::collapse:
    if (end >= size)
      return false;
    size -= step.length;
    return true;
  case Action::insert:
    if (step.offset >= size)
      return false;
    size += step.length;
    return true;
  case Action::punch:
    return true;
  default:
    size = std::max(size, end);
    return true;
  }
}

/// The pair of two operations in a directory.
/// @param directory its name
std::optional<std::vector<Step>> pair_of(const Step &first, const Step &second,
                                         const std::string &directory) {
  Directory now = {{"a", std::make_shared<std::uint64_t>(Size)}};
  std::vector<Step> steps = {{Action::mkdir, directory, {}},
                             {Action::create, directory + "/a", {}},
                             {Action::write, directory + "/a", {}, 0, Size},
                             {Action::sync, {}, {}}};
  for (const Step *const step : {&first, &second}) {
    if (!apply(*step, now))
      return std::nullopt;
    Step inside = *step;
    inside.name = directory + "/" + inside.name;
    if (!inside.other.empty())
      inside.other = directory + "/" + inside.other;
    steps.push_back(inside);
  }
  // what the last operation was about if it is still there, or all
  std::string last = second.other.empty() ? second.name : second.other;
  if (now.contains(last))
    steps.push_back({Action::fsync, directory + "/" + last, {}});
  else
    steps.push_back({Action::fsync, directory, {}});
  for (const auto &[name, file] : now)
    steps.push_back({Action::unlink, directory + "/" + name, {}});
  steps.push_back({Action::rmdir, directory, {}});
  return steps;
}

} // namespace

std::vector<std::vector<Step>> all_pairs() {
  std::vector<std::vector<Step>> pairs;
  for (const Step &first : operations()) {
    for (const Step &second : operations()) {
      if (auto pair =
              pair_of(first, second, "d" + std::to_string(pairs.size())))
        pairs.push_back(std::move(*pair));
    }
  }
  return pairs;
}

} // namespace crash
