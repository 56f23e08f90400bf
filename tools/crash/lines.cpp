// SPDX-License-Identifier: GPL-2.0
#include "lines.hpp"

#include <algorithm>
#include <cstring>

namespace crash {

namespace {

std::uint64_t bit_of(const Record &record) { return 1ULL << record.cpu % 64; }

/// A hash of a line: FNV-1a of 64 bits of its number and bytes, mixed so that sums of many
/// lines differ.
std::uint64_t hash_of(std::uint64_t number, const std::uint8_t *bytes) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ number * 0x9e3779b97f4a7c15;
  for (std::size_t i = 0; i < Line; i++)
    hash = (hash ^ bytes[i]) * 0x100000001b3;
  hash ^= hash >> 32;
  return hash * 0xd6e8feb86659fd93;
}

/// Puts the bytes of a store into a line.
void put(std::uint8_t *line, const Pending &store) {
  for (std::size_t i = 0; i < Line; i++)
    if (store.mask >> i & 1)
      line[i] = store.bytes[i];
}

} // namespace

Lines::Lines(std::vector<std::uint8_t> image, bool trust_locked)
    : durable(std::move(image)), trust_locked(trust_locked) {
  for (std::uint64_t line = 0; line < durable.size() / Line; line++)
    sum += hash_of(line, durable.data() + line * Line);
}

bool Lines::is_fence(const Record &record) const {
  return record.kind == Kind::fence ||
         (record.kind == Kind::locked && trust_locked);
}

bool Lines::completes(const Record &record) const {
  if (record.kind == Kind::write_all)
    return !lines.empty();
  if (!is_fence(record))
    return false;
  return std::ranges::any_of(lines, [&](const auto &line) {
    return std::ranges::any_of(line.second, [&](const Pending &store) {
      return store.completed & bit_of(record);
    });
  });
}

void Lines::store(const Record &record) {
  // a CPU promises no more than that 8 aligned bytes are stored at once
  for (std::size_t done = 0; done < record.size;) {
    const std::uint64_t address = record.address + done;
    const std::size_t offset = address % Line;
    const std::size_t length =
        std::min<std::size_t>(record.size - done, 8 - address % 8);
    Pending store{.mask = 0,
                  .bytes = {},
                  .code = record.code,
                  .completed = 0,
                  .order = records,
                  .non_temporal = record.kind == Kind::non_temporal};
    for (std::size_t i = 0; i < length; i++) {
      store.mask |= 1ULL << (offset + i);
      store.bytes[offset + i] = record.data[done + i];
    }
    if (record.kind == Kind::non_temporal)
      store.completed = bit_of(record);
    if (address < durable.size())
      lines[address / Line].push_back(store);
    done += length;
  }
}

void Lines::complete(std::uint64_t cpus) {
  for (auto line = lines.begin(); line != lines.end();) {
    std::vector<Pending> &stores = line->second;
    if (std::ranges::none_of(stores, [&](const Pending &store) {
          return store.completed & cpus;
        })) {
      ++line;
      continue;
    }
    std::uint8_t *const bytes = durable.data() + line->first * Line;
    sum -= hash_of(line->first, bytes);
    for (std::size_t i = 0; i < stores.size();) {
      if (!(stores[i].completed & cpus)) {
        i++;
        continue;
      }
      put(bytes, stores[i]);
      // an older store must not come back over this one
      for (std::size_t older = 0; older < i; older++)
        stores[older].mask &= ~stores[i].mask;
      stores.erase(stores.begin() + static_cast<std::ptrdiff_t>(i));
    }
    sum += hash_of(line->first, bytes);
    std::erase_if(stores, [](const Pending &store) { return !store.mask; });
    line = stores.empty() ? lines.erase(line) : std::next(line);
  }
}

void Lines::apply(const Record &record) {
  records++;
  switch (record.kind) {
  case Kind::store:
  case Kind::non_temporal:
    store(record);
    break;
  case Kind::write_back: {
    const auto line = lines.find(record.address / Line);
    if (line != lines.end())
      for (Pending &store : line->second)
        store.completed |= bit_of(record);
    break;
  }
  case Kind::write_all:
    for (auto &[number, stores] : lines)
      for (Pending &store : stores)
        store.completed |= bit_of(record);
    complete(bit_of(record));
    break;
  case Kind::fence:
  case Kind::locked:
    if (is_fence(record))
      complete(bit_of(record));
    break;
  case Kind::mark:
    break;
  }
}

std::uint64_t Lines::hash(const Choice &choice) const {
  std::uint64_t with = sum;
  for (const auto &[number, count] : choice) {
    with -= hash_of(number, durable.data() + number * Line);
    with += hash_of(number, line(number, count).data());
  }
  return with;
}

LineBytes Lines::line(std::uint64_t number, std::size_t count) const {
  LineBytes bytes;
  std::memcpy(bytes.data(), durable.data() + number * Line, Line);
  const std::vector<Pending> &stores = lines.at(number);
  for (std::size_t i = 0; i < count; i++)
    put(bytes.data(), stores[i]);
  return bytes;
}

} // namespace crash
