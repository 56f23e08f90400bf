// SPDX-License-Identifier: GPL-2.0
#include "model.hpp"

#include <algorithm>

namespace stress {

namespace {

/// Whether a range is inside of size bytes, without overflow.
bool inside(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return length > 0 && length <= size && offset <= size - length;
}

bool overlap(std::uint64_t one, std::uint64_t other, std::uint64_t length) {
  return one < other + length && other < one + length;
}

bool is_misalignment(std::uint64_t bytes) {
  return bytes % PageSize == 0 && bytes < HugePage;
}

} // namespace

Model::Model(std::uint64_t limit, std::uint64_t block_size)
    : max_size(limit), block(block_size) {
  contents.reserve(limit);
}

bool Model::in_mapping(const Operation &operation) const {
  const Mapping &mapping = mappings[operation.slot];
  return operation.offset >= mapping.offset &&
         inside(operation.offset - mapping.offset, operation.length,
                mapping.length);
}

bool Model::allows(const Operation &operation) const {
  const auto &[kind, slot, offset, length, other, value] = operation;
  const Mapping &mapping = mappings[slot];
  const bool in_file = inside(offset, length, size());
  const bool blocks = (offset | length) % block == 0;
  const bool pages = (offset | length) % PageSize == 0;
  switch (kind) {
  case Kind::write:
  case Kind::writev:
  case Kind::read:
  case Kind::allocate:
  case Kind::allocate_keep:
  case Kind::punch:
  case Kind::zero:
  case Kind::zero_keep:
  case Kind::unshare:
    return inside(offset, length, max_size);
  case Kind::write_part:
  case Kind::read_part:
    return inside(offset, length, max_size) && other < length;
  case Kind::append:
    return inside(size(), length, max_size);
  case Kind::write_from_map:
    // the source must not change during the copy
    return in_file && in_mapping(operation) &&
           inside(other, length, max_size) && !overlap(offset, other, length);
  case Kind::read_into_map:
    return in_file && in_mapping(operation) && inside(other, length, size()) &&
           !overlap(offset, other, length);
  case Kind::truncate:
    return length <= max_size;
  case Kind::collapse:
    // the kernel refuses a range up to the end, which would be a truncate
    return blocks && in_file && offset + length < size();
  case Kind::insert:
    return blocks && offset < size() && inside(size(), length, max_size);
  case Kind::map:
    return mapping.length == 0 && pages && is_misalignment(other) &&
           inside(offset, length, map_limit());
  case Kind::remap:
    return mapping.length > 0 && length % PageSize == 0 &&
           is_misalignment(other) &&
           inside(mapping.offset, length, map_limit());
  case Kind::unmap:
    return length < mapping.length && length % PageSize == 0;
  case Kind::map_write:
  case Kind::vm_read:
  case Kind::fork:
    return in_file && in_mapping(operation);
  case Kind::map_read:
    return in_mapping(operation);
  case Kind::pin:
  case Kind::protect:
  case Kind::dont_need:
  case Kind::msync:
    return pages && in_mapping(operation);
  case Kind::private_map:
    return in_file && is_misalignment(other);
  case Kind::clone:
  case Kind::dedupe:
    return blocks && other % block == 0 && in_file &&
           inside(other, length, max_size) && !overlap(offset, other, length);
  case Kind::sync:
  case Kind::reopen:
  case Kind::recreate:
  case Kind::compare:
    return true;
  }
  return false;
}

Range Model::resize(std::uint64_t size) {
  const std::uint64_t before = contents.size();
  contents.resize(size);
  return {std::min(before, size), std::max(before, size)};
}

Range Model::grow(std::uint64_t end, std::uint64_t begin) {
  const std::uint64_t before = size();
  if (before < end)
    contents.resize(end);
  return {std::min(before, begin), end};
}

Range Model::put(const Operation &operation, std::uint64_t offset) {
  const Range changed = grow(offset + operation.length, offset);
  fill(std::span(contents).subspan(offset, operation.length), operation.value);
  return changed;
}

Range Model::copy(std::uint64_t from, std::uint64_t to, std::uint64_t length) {
  const Range changed = grow(to + length, to);
  std::copy_n(contents.begin() + from, length, contents.begin() + to);
  return changed;
}

void Model::zero(std::uint64_t begin, std::uint64_t end) {
  if (begin < size())
    std::fill(contents.begin() + begin,
              contents.begin() + std::min(end, size()), 0);
}

Range Model::apply(const Operation &operation) {
  const auto &[kind, slot, offset, length, other, value] = operation;
  Mapping &mapping = mappings[slot];
  switch (kind) {
  case Kind::write:
  case Kind::writev:
  case Kind::write_part:
  case Kind::map_write:
  case Kind::fork:
    return put(operation, offset);
  case Kind::append:
    return put(operation, size());
  case Kind::write_from_map:
  case Kind::clone:
  case Kind::dedupe:
    return copy(offset, other, length);
  case Kind::read_into_map:
    return copy(other, offset, length);
  case Kind::truncate:
    return resize(length);
  case Kind::recreate:
    mappings = {};
    return resize(0);
  case Kind::allocate:
  case Kind::unshare:
    return grow(offset + length, offset);
  case Kind::punch:
  case Kind::zero_keep:
    zero(offset, offset + length);
    break;
  case Kind::zero:
    zero(offset, offset + length);
    return grow(offset + length, offset);
  case Kind::collapse:
    contents.erase(contents.begin() + offset,
                   contents.begin() + offset + length);
    return {offset, size() + length};
  case Kind::insert:
    contents.insert(contents.begin() + offset, length, 0);
    return {offset, size()};
  case Kind::map:
    mapping = {offset, length, other};
    break;
  case Kind::remap:
    mapping.length = length;
    mapping.misalignment = other;
    break;
  case Kind::unmap:
    mapping.length = length;
    break;
  default:
    break;
  }
  return {offset, offset + length};
}

bool Model::damage() {
  if (contents.empty())
    return false;
  contents[contents.size() / 2] ^= 1;
  return true;
}

} // namespace stress
