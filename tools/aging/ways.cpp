// SPDX-License-Identifier: GPL-2.0
#include "ways.hpp"

#include "pmd_range.hpp"
#include "sizes.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace aging {

namespace {

using Steps = std::vector<Step>;
using Kind = Step::Kind;
using dax::Random;

constexpr std::uint64_t Block = 4 * KiB;
/// One in this number of blocks is left out: not 512, the blocks of a PMD range, so
/// that the gap has another offset in each range.
constexpr std::uint64_t Stride = 509;
/// Blocks per group that is shuffled.
constexpr std::uint64_t Group = 64;
/// Blocks of a header, of which only the first is written early.
constexpr std::uint64_t Header = 16;
constexpr std::uint64_t EarlyBlock = 100;

/// Writes blocks @p first to @p end, in order.
void write_blocks(Steps &steps, std::uint64_t first, std::uint64_t end) {
  for (; first < end; first++)
    steps.push_back({Kind::write, first * Block, Block});
}

void write_block(Steps &steps, std::uint64_t block) {
  write_blocks(steps, block, block + 1);
}

/// Shuffles numbers (Fisher-Yates); each permutation is equally likely.
void shuffle(std::span<std::uint64_t> numbers, Random &random) {
  for (std::size_t left = numbers.size(); left > 1; left--)
    std::swap(numbers[left - 1], numbers[random.below(left)]);
}

std::vector<std::uint64_t> blocks_of(std::uint64_t size) {
  std::vector<std::uint64_t> blocks(size / Block);
  std::iota(blocks.begin(), blocks.end(), 0);
  return blocks;
}

/// Steps of one kind and length, in order.
template <Kind What, std::uint64_t Length>
Steps in_order(std::uint64_t size, Random &) {
  Steps steps;
  for (std::uint64_t at = 0; at < size; at += Length)
    steps.push_back({What, at, std::min(Length, size - at)});
  return steps;
}

Steps fallocate_all(std::uint64_t size, Random &) {
  return {{Kind::allocate, 0, size}};
}

Steps mixed(std::uint64_t size, Random &random) {
  Steps steps;
  for (std::uint64_t at = 0; at < size; at += steps.back().length) {
    const auto length =
        static_cast<std::uint64_t>(random.log_uniform(1 * KiB, 1 * MiB));
    steps.push_back({Kind::write, at, std::min(length, size - at)});
  }
  return steps;
}

Steps from_1(std::uint64_t size, Random &) {
  Steps steps;
  write_blocks(steps, 1, size / Block);
  write_block(steps, 0);
  return steps;
}

Steps from_2(std::uint64_t size, Random &) {
  Steps steps;
  write_blocks(steps, 2, size / Block);
  write_blocks(steps, 0, 2);
  return steps;
}

bool left_out(std::uint64_t block) { return block % Stride == Stride - 1; }

Steps gaps_last(std::uint64_t size, Random &) {
  Steps steps;
  for (bool now : {false, true})
    for (std::uint64_t block : blocks_of(size))
      if (left_out(block) == now)
        write_block(steps, block);
  return steps;
}

Steps gaps_soon(std::uint64_t size, Random &) {
  Steps steps;
  const std::uint64_t end = size / Block;
  for (std::uint64_t block = 0; block < end; block++) {
    if (!left_out(block)) {
      write_block(steps, block);
      continue;
    }
    // swap with the next block, if there is one
    if (block + 1 < end)
      write_block(steps, block + 1);
    write_block(steps, block);
    block++;
  }
  return steps;
}

Steps early_block(std::uint64_t size, Random &) {
  Steps steps;
  write_block(steps, EarlyBlock);
  write_blocks(steps, 0, EarlyBlock);
  write_blocks(steps, EarlyBlock + 1, size / Block);
  return steps;
}

Steps every_second(std::uint64_t size, Random &) {
  Steps steps;
  for (std::uint64_t first : {0, 1})
    for (std::uint64_t block = first; block < size / Block; block += 2)
      write_block(steps, block);
  return steps;
}

Steps backwards(std::uint64_t size, Random &) {
  Steps steps;
  for (std::uint64_t block = size / Block; block > 0; block--)
    write_block(steps, block - 1);
  return steps;
}

Steps shuffled(std::uint64_t size, Random &random) {
  Steps steps;
  std::vector<std::uint64_t> blocks = blocks_of(size);
  for (std::size_t at = 0; at < blocks.size(); at += Group)
    shuffle(std::span(blocks).subspan(at, Group), random);
  for (std::uint64_t block : blocks)
    write_block(steps, block);
  return steps;
}

Steps header_first(std::uint64_t size, Random &) {
  Steps steps;
  write_block(steps, 0);
  steps.push_back({Kind::set_size, size});
  write_blocks(steps, Header, size / Block);
  write_blocks(steps, 1, Header);
  return steps;
}

Steps synced(std::uint64_t size, Random &) {
  Steps steps;
  for (std::uint64_t at = 0; at < size; at += 8 * KiB) {
    steps.push_back({Kind::write, at, 8 * KiB});
    if ((at + 8 * KiB) % MiB == 0)
      steps.push_back({Kind::sync});
  }
  return steps;
}

Steps random_order(std::uint64_t size, Random &random) {
  Steps steps = {{Kind::set_size, size}};
  std::vector<std::uint64_t> blocks = blocks_of(size);
  shuffle(blocks, random);
  for (std::uint64_t block : blocks)
    write_block(steps, block);
  return steps;
}

Steps mapped(std::uint64_t size, Random &) {
  return {{Kind::set_size, size}, {Kind::store, 0, size}};
}

constexpr Way All[] = {
    {"fallocate", "one fallocate", fallocate_all},
    {"fallocate-1m", "fallocate in steps of 1 MiB",
     in_order<Kind::allocate, 1 * MiB>},
    {"write-4k", "writes of 4 KiB in order", in_order<Kind::write, 4 * KiB>},
    {"write-16k", "writes of 16 KiB in order", in_order<Kind::write, 16 * KiB>},
    {"write-64k", "writes of 64 KiB in order", in_order<Kind::write, 64 * KiB>},
    {"write-512k", "writes of 512 KiB in order",
     in_order<Kind::write, 512 * KiB>},
    {"write-1m", "writes of 1 MiB in order", in_order<Kind::write, 1 * MiB>},
    {"write-4m", "writes of 4 MiB in order", in_order<Kind::write, 4 * MiB>},
    {"write-mixed", "writes of 1 KiB to 1 MiB in order, log-uniform", mixed},
    {"write-8k-sync", "writes of 8 KiB in order, fsync after each MiB", synced},
    {"from-1", "4 KiB at a time from block 1 to the end, then block 0", from_1},
    {"from-2", "4 KiB at a time from block 2 to the end, then blocks 0 and 1",
     from_2},
    {"gaps-last", "4 KiB at a time, every 509th block at the end", gaps_last},
    {"gaps-soon", "4 KiB at a time, every 509th block after the next one",
     gaps_soon},
    {"early-block", "block 100, then the others in order", early_block},
    {"every-second", "every second block, then the others", every_second},
    {"backwards", "4 KiB at a time from the end to the start", backwards},
    {"shuffled-64", "4 KiB at a time, shuffled in groups of 64", shuffled},
    {"header", "block 0, ftruncate, block 16 to the end, then blocks 1 to 15",
     header_first},
    {"random-4k", "ftruncate, then all blocks in random order", random_order},
    {"mmap", "ftruncate, then stores to a mapping in order", mapped},
};

} // namespace

std::span<const Way> ways() { return All; }

const Way *find_way(std::string_view name) {
  const auto *found = std::ranges::find(All, name, &Way::name);
  return found == std::end(All) ? nullptr : found;
}

std::vector<Step> steps_of(const Way &way, std::uint64_t size, Random &random) {
  if (size == 0 || size % dax::HugePage)
    throw std::invalid_argument("size=" + std::to_string(size) +
                                ": expected a multiple of 2 MiB, not 0");
  return way.plan(size, random);
}

} // namespace aging
