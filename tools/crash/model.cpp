// SPDX-License-Identifier: GPL-2.0
#include "model.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <limits>

namespace crash {

namespace {

constexpr std::uint64_t End = std::numeric_limits<std::int64_t>::max();

std::string hex(std::uint8_t byte) {
  char text[8];
  std::snprintf(text, sizeof(text), "0x%02x", byte);
  return text;
}

std::string name_of(const Candidate &candidate, std::uint64_t offset) {
  return hex(candidate.byte(offset)) +
         (candidate.writer == Candidate::Zero
              ? " (no step)"
              : " (step " + std::to_string(candidate.writer) + ")");
}

/// The part of a file whose bytes are compared at once; byte_of() counts up in it.
constexpr std::uint64_t Fragment = 64;

/// The values of byte_of() in order; a fragment can start at any of them.
constexpr auto Counting = [] {
  std::array<std::uint8_t, 255 + Fragment> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i++)
    bytes[i] = static_cast<std::uint8_t>(1 + i % 255);
  return bytes;
}();
constexpr std::array<std::uint8_t, Fragment> Zeroes{};

/// @param bytes of a file, not beyond the fragment of @p at
/// @return whether they are those of the candidate
bool matches(std::span<const std::uint8_t> bytes, std::uint64_t at,
             const Candidate &candidate) {
  if (candidate.writer == Candidate::Zero)
    return std::memcmp(bytes.data(), Zeroes.data(), bytes.size()) == 0;
  if (candidate.shift % static_cast<std::int64_t>(Fragment) == 0)
    return std::memcmp(bytes.data(), Counting.data() + candidate.byte(at) - 1,
                       bytes.size()) == 0;
  for (std::uint64_t i = 0; i < bytes.size(); i++)
    if (candidate.byte(at + i) != bytes[i])
      return false;
  return true;
}

/// @return the offset of the first byte that none of the candidates has, or @p end
std::uint64_t first_wrong(std::span<const std::uint8_t> bytes,
                          std::uint64_t begin, std::uint64_t end,
                          const std::vector<Candidate> &candidates) {
  for (std::uint64_t at = begin; at < end;) {
    const std::uint64_t length = std::min(Fragment - at % Fragment, end - at);
    if (std::ranges::none_of(candidates, [&](const Candidate &one) {
          return matches(bytes.subspan(at, length), at, one);
        })) {
      // each byte for itself
      for (std::uint64_t byte = at; byte < at + length; byte++)
        if (std::ranges::none_of(candidates, [&](const Candidate &one) {
              return one.byte(byte) == bytes[byte];
            }))
          return byte;
    }
    at += length;
  }
  return end;
}

/// The directory of a name; "." for the top.
std::string parent_of(const std::string &name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "." : name.substr(0, slash);
}

/// Gives all names that begin with one prefix another one.
template <typename Names>
void rename_below(Names &names, const std::string &from,
                  const std::string &to) {
  for (auto at = names.lower_bound(from);
       at != names.end() && at->first.starts_with(from);) {
    names[to + at->first.substr(from.size())] = at->second;
    at = names.erase(at);
  }
}

} // namespace

Content::Segments::iterator Content::split(std::uint64_t at) {
  const auto next = segments.upper_bound(at);
  const auto holds = std::prev(next);
  if (holds->first == at)
    return holds;
  return segments.emplace_hint(next, at, holds->second);
}

void Content::add(std::uint64_t begin, std::uint64_t end, Candidate candidate) {
  if (begin >= end)
    return;
  const auto last = end == End ? segments.end() : split(end);
  for (auto at = split(begin); at != last; ++at) {
    std::erase(at->second, candidate);
    at->second.push_back(candidate);
  }
}

void Content::add_older(std::uint64_t begin, std::uint64_t end,
                        Candidate candidate) {
  if (begin >= end)
    return;
  const auto last = end == End ? segments.end() : split(end);
  for (auto at = split(begin); at != last; ++at)
    at->second.insert(std::prev(at->second.end()), candidate);
}

void Content::settle(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end)
    return;
  const auto last = end == End ? segments.end() : split(end);
  for (auto at = split(begin); at != last; ++at)
    at->second = {at->second.back()};
}

void Content::move(std::uint64_t at, std::int64_t distance) {
  const std::uint64_t source =
      distance < 0 ? at + static_cast<std::uint64_t>(-distance) : at;
  split(source);
  const Segments before = segments;
  for (auto from = before.find(source); from != before.end(); ++from) {
    const auto next = std::next(from);
    const std::uint64_t end =
        next == before.end()
            ? End
            : next->first + static_cast<std::uint64_t>(distance);
    for (Candidate candidate : from->second) {
      candidate.shift -= candidate.writer == Candidate::Zero ? 0 : distance;
      add(from->first + static_cast<std::uint64_t>(distance), end, candidate);
    }
  }
}

std::optional<std::string>
Content::check(std::span<const std::uint8_t> bytes) const {
  for (auto at = segments.begin();
       at != segments.end() && at->first < bytes.size(); ++at) {
    const auto next = std::next(at);
    const std::uint64_t end =
        next == segments.end()
            ? bytes.size()
            : std::min<std::uint64_t>(next->first, bytes.size());
    const std::uint64_t wrong = first_wrong(bytes, at->first, end, at->second);
    if (wrong == end)
      continue;
    std::string text = "byte " + std::to_string(wrong) + " is " +
                       hex(bytes[wrong]) + ", expected";
    for (const Candidate &candidate : at->second)
      text += (&candidate == &at->second.front() ? " " : " or ") +
              name_of(candidate, wrong);
    return text;
  }
  return std::nullopt;
}

Model::Model(const Script &script) : names(1) {
  if (script.device.empty()) {
    files.push_back({.directory = true});
    return;
  }
  File disk;
  disk.size = disk.least = disk.most = script.device_size;
  files.push_back(disk);
  names[0][script.device] = 0;
}

void Model::add_file(Names &next, const std::string &name, bool directory) {
  File added;
  added.directory = directory;
  added.changed = added.data_changed = names.size();
  next[name] = static_cast<Id>(files.size());
  files.push_back(added);
}

void Model::set_size(File &changed, std::uint64_t size) {
  // what is past the end is 0 if the file grows again
  if (size < changed.size)
    put(changed, size, End, {Candidate::Zero, 0});
  // what leaves the size as it is need not change what the journal commits
  if (size != changed.size)
    changed.changed = changed.data_changed = names.size();
  changed.size = size;
  changed.least = std::min(changed.least, size);
  changed.most = std::max(changed.most, size);
}

void Model::write(const Step &step, File &written) {
  const std::uint64_t end = step.offset + step.length;
  put(written, step.offset, end,
      {static_cast<std::int64_t>(names.size()) - 1, 0});
  set_size(written, std::max(written.size, end));
}

/// The newest bytes of a range are those of a candidate. They also reach the offsets that
/// their blocks had before moves without a promise.
void Model::put(File &changed, std::uint64_t begin, std::uint64_t end,
                Candidate candidate) {
  struct Range {
    std::uint64_t begin, end;
    std::int64_t shift;
  };
  std::vector<Range> ranges = {{begin, end, 0}};
  changed.content.add(begin, end, candidate);
  for (auto move = changed.moves.rbegin(); move != changed.moves.rend();
       ++move) {
    const auto &[at, distance] = *move;
    // what was inserted had no offset before
    const std::uint64_t moved =
        distance > 0 ? at + static_cast<std::uint64_t>(distance) : at;
    std::vector<Range> before;
    for (const Range &range : ranges) {
      if (range.begin < at)
        before.push_back({range.begin, std::min(range.end, at), range.shift});
      if (range.end > moved)
        before.push_back(
            {std::max(range.begin, moved) -
                 static_cast<std::uint64_t>(distance),
             range.end == End
                 ? End
                 : range.end - static_cast<std::uint64_t>(distance),
             range.shift + distance});
    }
    ranges = std::move(before);
    for (const Range &range : ranges)
      changed.content.add_older(
          range.begin, range.end,
          {candidate.writer,
           candidate.writer == Candidate::Zero ? 0 : range.shift});
  }
}

void Model::change_names(const Step &step, Names &next) {
  std::vector<std::string> touched;
  switch (step.action) {
  case Action::create:
  case Action::mkdir:
    add_file(next, step.name, step.action == Action::mkdir);
    touched = {step.name};
    break;
  case Action::link:
    next[step.other] = next.at(step.name);
    touched = {step.other};
    break;
  case Action::unlink:
  case Action::rmdir:
    files[next.at(step.name)].changed = names.size();
    next.erase(step.name);
    touched = {step.name};
    break;
  case Action::rename: {
    const auto target = next.find(step.other);
    if (target != next.end()) {
      // two names of one file stay
      if (target->second == next.at(step.name))
        return;
      files[target->second].changed = names.size();
    }
    next[step.other] = next.at(step.name);
    next.erase(step.name);
    rename_below(next, step.name + "/", step.other + "/");
    touched = {step.name, step.other};
    break;
  }
  default:
    return;
  }
  for (const std::string &name : touched) {
    const std::string parent = parent_of(name);
    const Id id = parent == "." ? 0 : next.at(parent);
    files[id].changed = names.size();
    if (const auto found = next.find(name); found != next.end())
      files[found->second].changed = names.size();
  }
}

void Model::change_content(const Step &step, File &changed) {
  const std::uint64_t end = step.offset + step.length;
  switch (step.action) {
  case Action::write:
  case Action::write_synced:
  case Action::store:
  case Action::store_flushed:
    write(step, changed);
    break;
  case Action::truncate:
    set_size(changed, step.offset);
    break;
  case Action::allocate:
    set_size(changed, std::max(changed.size, end));
    break;
  case Action::punch:
    put(changed, step.offset, end, {Candidate::Zero, 0});
    break;
  case Action::zero:
    put(changed, step.offset, end, {Candidate::Zero, 0});
    set_size(changed, std::max(changed.size, end));
    break;
  case Action::collapse:
    changed.content.move(step.offset, -static_cast<std::int64_t>(step.length));
    changed.moves.emplace_back(step.offset,
                               -static_cast<std::int64_t>(step.length));
    set_size(changed, changed.size - step.length);
    break;
  case Action::insert:
    changed.content.move(step.offset, static_cast<std::int64_t>(step.length));
    changed.moves.emplace_back(step.offset,
                               static_cast<std::int64_t>(step.length));
    put(changed, step.offset, end, {Candidate::Zero, 0});
    set_size(changed, changed.size + step.length);
    break;
  default:
    break;
  }
}

void Model::begin(const Step &step) {
  Names next = names.back();
  change_names(step, next);
  if (const auto found = next.find(step.name); found != next.end())
    change_content(step, files[found->second]);
  names.push_back(std::move(next));
}

void Model::settle(File &settled) {
  settled.content.settle(0, End);
  settled.moves.clear();
  settled.least = settled.most = settled.size;
}

void Model::settle_range(const Step &step) {
  File &settled = file(step.name);
  const std::uint64_t end = step.offset + step.length;
  settled.content.settle(step.offset, end);
  settled.moves.clear();
  settled.least = std::max(settled.least, std::min(end, settled.size));
  promise(settled.data_changed);
}

void Model::end(const Step &step) {
  switch (step.action) {
  case Action::fsync:
    if (step.name == ".") {
      promise(files[0].changed);
    } else {
      settle(file(step.name));
      promise(file(step.name).changed);
    }
    break;
  case Action::fdatasync:
    settle(file(step.name));
    promise(file(step.name).data_changed);
    break;
  case Action::write_synced:
  case Action::store_flushed:
  case Action::msync:
    settle_range(step);
    break;
  case Action::sync:
    for (File &each : files)
      settle(each);
    promise(names.size() - 1);
    break;
  default:
    break;
  }
}

std::optional<std::string> Model::check_names(const Names &expected,
                                              const Tree &tree) const {
  std::map<Id, std::uint64_t> inodes, links;
  for (const auto &[name, id] : expected)
    links[id]++;
  for (const auto &[name, id] : expected) {
    const auto found = tree.find(name);
    if (found == tree.end())
      return name + " is missing";
    if (found->second.directory != files[id].directory)
      return name + " is of another type";
    const auto [inode, added] = inodes.emplace(id, found->second.inode);
    if (inode->second != found->second.inode)
      return name + " is another file";
    if (!found->second.directory && found->second.links != links[id])
      return name + " has " + std::to_string(found->second.links) +
             " links, expected " + std::to_string(links[id]);
  }
  for (const auto &[name, found] : tree)
    if (!expected.contains(name))
      return name + " is there";
  return std::nullopt;
}

std::optional<std::string> Model::check_files(const Names &expected,
                                              const Tree &tree,
                                              const Reader &read) const {
  for (const auto &[name, id] : expected) {
    const File &one = files[id];
    if (one.directory)
      continue;
    const std::uint64_t size = tree.at(name).size;
    if (size < one.least || size > one.most)
      return name + ": the size is " + std::to_string(size) + ", expected " +
             std::to_string(one.least) + " to " + std::to_string(one.most);
    if (const auto bad = one.content.check(read(name)))
      return name + ": " + *bad;
  }
  return std::nullopt;
}

std::optional<std::string> Model::check(const Tree &tree,
                                        const Reader &read) const {
  std::string wrong;
  // the names of two moments can be equal, and those of other files
  for (std::size_t which = names.size(); which-- > promised;) {
    if (which + 1 < names.size() && names[which] == names[which + 1])
      continue;
    if (const auto differs = check_names(names[which], tree)) {
      wrong += (wrong.empty() ? "" : "; ") +
               ("not the names before step " + std::to_string(which)) + ": " +
               *differs;
    } else if (const auto bad = check_files(names[which], tree, read)) {
      wrong += (wrong.empty() ? "" : "; ") + *bad;
    } else {
      return std::nullopt;
    }
  }
  return wrong;
}

} // namespace crash
