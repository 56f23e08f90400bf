// SPDX-License-Identifier: GPL-2.0
#include "memory.hpp"

#include <algorithm>
#include <limits>
#include <sstream>
#include <utility>

#include <sys/sysmacros.h>

namespace dax {

namespace {

/// The limit for stacked devices. The kernel has none, but it refuses a table that
/// refers to its own device; here, that would recurse forever.
constexpr unsigned MaxDepth = 64;

constexpr char NotSupported[] =
    " is not supported; use linear or striped targets";

/// Reads the number of a device and a sector from the arguments of a target.
/// @return false if they are not there
bool take(std::istream &in, dev_t &device, std::uint64_t &sector) {
  unsigned major_number, minor_number;
  char colon;
  if (!(in >> major_number >> colon >> minor_number >> sector) || colon != ':')
    return false;
  device = makedev(major_number, minor_number);
  return true;
}

} // namespace

MemoryMap::MemoryMap(DeviceSource source) : source(std::move(source)) {}

/// Reads a target. The formats are in linear.rst and striped.rst, in the folder
/// that @ref Target names.
MemoryMap::Mapping MemoryMap::parse(const Target &target) {
  Mapping mapping{.start = target.start * Sector,
                  .length = target.length * Sector,
                  .chunk = target.length * Sector,
                  .stripes = {},
                  .unknown = {}};
  std::istringstream in(target.arguments);
  std::uint64_t count = 0, chunk = 0;

  if (target.type == "linear") {
    count = 1;
  } else if (target.type == "striped" && in >> count >> chunk && chunk) {
    mapping.chunk = chunk * Sector;
  } else {
    mapping.unknown = "target " + target.type + NotSupported;
    return mapping;
  }

  dev_t device;
  std::uint64_t sector;
  while (mapping.stripes.size() < count && take(in, device, sector))
    mapping.stripes.push_back({device, sector * Sector});
  in >> std::ws;
  if (mapping.stripes.empty() || mapping.stripes.size() < count || !in.eof()) {
    mapping.chunk = mapping.length;
    mapping.stripes.clear();
    mapping.unknown =
        "target " + target.type + " " + target.arguments + NotSupported;
  }
  return mapping;
}

MemoryMap::Node MemoryMap::read(const Device &device) {
  Node node{.name = device.name, .address = {}, .mappings = {}, .unknown = {}};
  if (const auto *memory = std::get_if<InMemory>(&device.what)) {
    node.address = memory->address;
  } else if (const auto *part = std::get_if<Partition>(&device.what)) {
    const std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    node.mappings.push_back({.start = 0,
                             .length = all,
                             .chunk = all,
                             .stripes = {{part->disk, part->start}},
                             .unknown = {}});
  } else if (const auto *table = std::get_if<Table>(&device.what)) {
    for (const Target &target : *table)
      node.mappings.push_back(parse(target));
  } else {
    node.unknown = std::get<Unknown>(device.what).reason;
  }
  return node;
}

const MemoryMap::Node &MemoryMap::node(dev_t device) {
  const auto known = nodes.find(device);
  if (known != nodes.end())
    return known->second;
  return nodes.emplace(device, read(source(device))).first->second;
}

/// The mapping for a byte of a device; null if there is none.
const MemoryMap::Mapping *MemoryMap::mapping_at(const Node &node,
                                                std::uint64_t offset) const {
  auto next = std::upper_bound(
      node.mappings.begin(), node.mappings.end(), offset,
      [](std::uint64_t at, const Mapping &m) { return at < m.start; });
  if (next == node.mappings.begin() || offset >= (--next)->end())
    return nullptr;
  return &*next;
}

/// Adds an extent of a device to the extents in memory, split where the device
/// splits it.
/// @param depth how many devices are stacked on this one
void MemoryMap::translate(dev_t device, Extent extent, unsigned depth,
                          Placement &to) {
  const Node &node = this->node(device);
  const auto add_unknown = [&](Extent part, const std::string &reason) {
    const std::string line = node.name + ": " + reason;
    if (std::find(to.unknown.begin(), to.unknown.end(), line) ==
        to.unknown.end())
      to.unknown.push_back(line);
    part.located = false;
    to.extents.push_back(part);
  };

  if (node.address) {
    extent.physical += *node.address;
    to.extents.push_back(extent);
    return;
  }
  if (!node.unknown.empty())
    return add_unknown(extent, node.unknown);
  if (depth == MaxDepth)
    return add_unknown(extent, "more than " + std::to_string(MaxDepth) +
                                   " devices are stacked on it; use fewer");

  while (extent.length) {
    const Mapping *mapping = mapping_at(node, extent.physical);
    if (!mapping)
      return add_unknown(extent,
                         "sector " + std::to_string(extent.physical / Sector) +
                             " is in no target of its table; run daxmap again");

    const std::uint64_t offset = extent.physical - mapping->start;
    const std::uint64_t in_chunk = offset % mapping->chunk;
    Extent part = extent;
    part.length = std::min(extent.length, mapping->chunk - in_chunk);
    if (mapping->stripes.empty()) {
      add_unknown(part, mapping->unknown);
    } else {
      const std::uint64_t chunk = offset / mapping->chunk;
      const std::uint64_t count = mapping->stripes.size();
      const Stripe &stripe = mapping->stripes[chunk % count];
      part.physical = stripe.offset + chunk / count * mapping->chunk + in_chunk;
      translate(stripe.device, part, depth + 1, to);
    }
    extent.logical += part.length;
    extent.physical += part.length;
    extent.length -= part.length;
    extent.continued = true;
  }
}

MemoryMap::Placement MemoryMap::place(dev_t device,
                                      const std::vector<Extent> &extents) {
  Placement to;
  for (const Extent &extent : extents)
    if (extent.has_blocks())
      translate(device, extent, 0, to);
    else
      to.extents.push_back(extent);
  return to;
}

std::optional<std::uint64_t> MemoryMap::start(dev_t device) {
  std::uint64_t start = 0;
  for (unsigned depth = 0; depth <= MaxDepth; depth++) {
    const Node &node = this->node(device);
    if (node.address)
      return start + *node.address;
    if (node.mappings.size() != 1 || node.mappings[0].stripes.size() != 1)
      return {};
    start += node.mappings[0].stripes[0].offset;
    device = node.mappings[0].stripes[0].device;
  }
  return {};
}

} // namespace dax
