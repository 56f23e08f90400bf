// SPDX-License-Identifier: GPL-2.0
#include "generator.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace stress {

namespace {

/// The weight of each kind, in the order of @ref Kind. Operations that move or
/// shorten the file are rare, so that the file does not stay short.
constexpr std::array<unsigned, Kinds> Weights = {
    10, 4,  4, 3, 10, 3, 3, 3, // write to read_into_map
    3,  4,  2, 5, 4,  2, 2,    // truncate to unshare
    2,  2,                     // collapse, insert
    8,  4,  4,                 // map, remap, unmap
    16, 12, 2, 4, 2,           // map_write to fork
    3,  2,  2, 1,              // private_map to reopen
    1,  4,  2, 3, 2,  1,       // recreate to compare
};

constexpr std::uint64_t Total =
    std::accumulate(Weights.begin(), Weights.end(), 0U);

} // namespace

Generator::Generator(std::uint64_t seed, std::set<Kind> without)
    : random(seed), excluded(std::move(without)) {}

std::uint64_t Generator::below(std::uint64_t limit) {
  return limit ? random.below(limit) : 0;
}

bool Generator::chance(unsigned percent) { return below(100) < percent; }

std::uint64_t Generator::offset_below(std::uint64_t limit) {
  std::uint64_t offset = below(limit);
  if (chance(50)) {
    offset = (offset + HugePage / 2) & ~(HugePage - 1);
    offset += below(8 * PageSize);
    offset -= std::min(offset, 4 * PageSize);
  }
  if (chance(50))
    offset &= ~(PageSize - 1);
  return std::min(offset, limit ? limit - 1 : 0);
}

std::uint64_t Generator::length_up_to(std::uint64_t limit) {
  std::uint64_t length;
  switch (below(8)) {
  case 0:
    length = HugePage * (1 + below(3)) + below(PageSize * 2) - PageSize;
    break;
  case 1:
    length = below(256 << 10);
    break;
  case 2:
  case 3:
    length = PageSize * (1 + below(8));
    break;
  default:
    length = below(16 << 10);
  }
  return std::min(length + 1, limit);
}

Kind Generator::kind() {
  std::uint64_t pick = below(Total);
  std::size_t index = 0;
  while (pick >= Weights[index])
    pick -= Weights[index++];
  return static_cast<Kind>(index);
}

/// A part of the range from 0 to @p limit.
Range Generator::part_of(std::uint64_t limit) {
  const std::uint64_t offset = offset_below(limit);
  return {offset, offset + length_up_to(limit - offset)};
}

/// A part of a mapping; loads also go beyond the end of the file.
void Generator::in_mapping(Operation &operation, const Model &model,
                           bool whole_pages) {
  const Mapping &mapping = model.mapping(operation.slot);
  std::uint64_t end = mapping.end();
  if (!whole_pages && !(operation.kind == Kind::map_read && chance(25)))
    end = std::min(end, model.size());
  const Range range = part_of(end > mapping.offset ? end - mapping.offset : 0);
  operation.offset = mapping.offset + range.begin;
  operation.length = range.end - range.begin;
  if (whole_pages) {
    operation.offset &= ~(PageSize - 1);
    operation.length = page_up(operation.length);
  }
}

/// 0, so that huge pages are possible, or a number of pages.
std::uint64_t Generator::misalignment() {
  return chance(70) ? 0 : below(HugePage / PageSize) * PageSize;
}

void Generator::in_file(Operation &operation, std::uint64_t limit) {
  const Range range = part_of(limit);
  operation.offset = range.begin;
  operation.length = range.end - range.begin;
}

/// Aligns both ends to a unit, or sometimes to 2 MiB.
void Generator::round_out(Operation &operation, std::uint64_t unit) {
  if (chance(40))
    unit = HugePage;
  operation.offset &= ~(unit - 1);
  operation.length = (operation.length + unit - 1) & ~(unit - 1);
}

void Generator::choose_mapping(Operation &operation, const Model &model) {
  auto &[kind, slot, offset, length, other, value] = operation;
  const Mapping &mapping = model.mapping(slot);
  other = misalignment();
  if (kind == Kind::unmap) {
    length = chance(50) ? 0 : below(mapping.length / PageSize) * PageSize;
  } else if (kind == Kind::remap) {
    length = chance(60)
                 ? mapping.length
                 : page_up(length_up_to(model.map_limit() - mapping.offset));
  } else {
    in_file(operation, model.map_limit());
    if (chance(60))
      length += HugePage * below(model.limit() / HugePage);
    round_out(operation, PageSize);
    length = std::min(length, model.map_limit() - offset);
  }
}

void Generator::choose_range(Operation &operation, const Model &model) {
  switch (operation.kind) {
  case Kind::append:
    operation.length = length_up_to(model.limit() - model.size());
    break;
  case Kind::truncate:
    operation.length = chance(30) ? model.limit() - below(HugePage)
                                  : offset_below(model.limit() + 1);
    break;
  case Kind::collapse:
  case Kind::insert:
    in_file(operation, model.size());
    round_out(operation, model.block_size());
    break;
  case Kind::map:
  case Kind::remap:
  case Kind::unmap:
    choose_mapping(operation, model);
    break;
  case Kind::write_part:
  case Kind::read_part:
    in_file(operation, model.limit());
    operation.other = below(operation.length);
    break;
  case Kind::private_map:
    in_file(operation, model.size());
    operation.other = misalignment();
    break;
  case Kind::write_from_map:
  case Kind::read_into_map:
    in_mapping(operation, model, false);
    operation.other = offset_below(model.limit());
    break;
  case Kind::clone:
  case Kind::dedupe:
    in_file(operation, model.size());
    round_out(operation, model.block_size());
    operation.other = offset_below(model.limit()) & ~(model.block_size() - 1);
    break;
  case Kind::map_write:
  case Kind::map_read:
  case Kind::vm_read:
  case Kind::fork:
    in_mapping(operation, model, false);
    break;
  case Kind::pin:
  case Kind::protect:
  case Kind::dont_need:
  case Kind::msync:
    in_mapping(operation, model, true);
    break;
  default:
    in_file(operation, model.limit());
  }
}

Operation Generator::candidate(const Model &model) {
  Operation operation;
  operation.kind = kind();
  operation.slot = static_cast<unsigned>(below(Slots));
  operation.value = random.bits();
  choose_range(operation, model);
  return operation;
}

Operation Generator::next(const Model &model) {
  Operation operation = candidate(model);
  while (excluded.contains(operation.kind) || !model.allows(operation))
    operation = candidate(model);
  return operation;
}

} // namespace stress
