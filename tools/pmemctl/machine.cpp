// SPDX-License-Identifier: GPL-2.0
#include "machine.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace pmemctl {

namespace {

/// The range of "[mem 0xSTART-0xLAST]" in a line of the kernel log.
std::optional<Range> logged_range(const std::string &line) {
  const std::size_t at = line.find("[mem ");
  unsigned long long start, last;
  if (at == line.npos ||
      std::sscanf(line.c_str() + at, "[mem %llx-%llx]", &start, &last) != 2 ||
      last < start)
    return {};
  return Range{start, last + 1};
}

/// A number in a table; 0 beyond its end.
template <typename Number>
Number field(const std::string &table, std::size_t offset) {
  Number value = 0;
  if (offset + sizeof(value) <= table.size())
    std::memcpy(&value, table.data() + offset, sizeof(value));
  return value;
}

/// The part of firmware's map that does not fit into the boot parameters.
std::string more_of_map(const Root &root) {
  const std::string folder = "sys/kernel/boot_params/setup_data";
  std::string more;
  for (const std::string &name : root.names_in(folder)) {
    const std::string entry = folder + "/" + name + "/";
    if (number_of(root.line(entry + "type")) == 1U) // SETUP_E820_EXT
      more += root.find(entry + "data").value_or("");
  }
  return more;
}

/// RAM from the entries of /sys/firmware/memmap.
Ranges firmware_ram(const Root &root) {
  const std::string folder = "sys/firmware/memmap";
  std::vector<Range> ram;
  for (const std::string &name : root.names_in(folder)) {
    const std::string entry = folder + "/" + name + "/";
    const auto start = number_of(root.line(entry + "start"), 16);
    const auto last = number_of(root.line(entry + "end"), 16);
    if (start && last && *start <= *last &&
        root.line(entry + "type") == "System RAM")
      ram.push_back({*start, *last + 1});
  }
  return merged(std::move(ram));
}

std::vector<NodeMemory> from_map(const std::map<int, Ranges> &memory) {
  std::vector<NodeMemory> nodes;
  for (const auto &[node, ranges] : memory)
    for (const Range &range : ranges)
      nodes.push_back({range, node});
  std::sort(nodes.begin(), nodes.end(),
            [](const NodeMemory &a, const NodeMemory &b) {
              return a.range.start < b.range.start;
            });
  return nodes;
}

/// The memory blocks of each node. Memory that is reserved has no blocks; the kernel
/// log has it, in the lines of the ACPI table SRAT.
std::vector<NodeMemory> nodes_of(const Root &root, const std::string &log) {
  const std::string folder = "sys/devices/system/node";
  const auto block =
      number_of(root.line("sys/devices/system/memory/block_size_bytes"), 16);
  std::map<int, std::vector<Range>> found;
  for (const std::string &name : root.names_in(folder)) {
    const auto node =
        name.starts_with("node") ? number_of(name.substr(4)) : std::nullopt;
    if (!node || !block)
      continue;
    for (const std::string &entry : root.names_in(folder + "/" + name))
      if (const auto index = entry.starts_with("memory")
                                 ? number_of(entry.substr(6))
                                 : std::nullopt)
        found[static_cast<int>(*node)].push_back(
            {*index * *block, (*index + 1) * *block});
  }
  std::map<int, Ranges> memory;
  Ranges known;
  for (auto &[node, blocks] : found) {
    memory[node] = merged(std::move(blocks));
    known.insert(known.end(), memory[node].begin(), memory[node].end());
  }
  known = merged(std::move(known));

  for (const std::string &line : lines_of(log)) {
    const std::size_t at = line.find("SRAT: Node ");
    const auto range = logged_range(line);
    int node;
    if (at == line.npos || !range || line.ends_with("hotplug") ||
        std::sscanf(line.c_str() + at, "SRAT: Node %d", &node) != 1)
      continue;
    Ranges &ranges = memory[node];
    for (const Range &rest : without({*range}, known))
      ranges.push_back(rest);
    ranges = merged(std::move(ranges));
  }
  return from_map(memory);
}

/// The lower of what the CPU addresses and what the kernel's direct map reaches: 46
/// bits with four levels of page tables, 52 with five.
std::uint64_t address_limit(const Root &root) {
  for (const std::string &line :
       lines_of(root.find("proc/cpuinfo").value_or(""))) {
    int physical, virtual_bits;
    if (std::sscanf(line.c_str(),
                    "address sizes : %d bits physical, %d bits virtual",
                    &physical, &virtual_bits) != 2)
      continue;
    const int mapped = virtual_bits > 48 ? 52 : 46;
    return 1ULL << std::min({physical, mapped, 52});
  }
  return Machine::MaxLimit;
}

/// A number as the kernel's memparse() reads it.
std::uint64_t memparse(const char *&at) {
  char *end;
  std::uint64_t value = std::strtoull(at, &end, 0);
  const std::string units = "KMGTPE";
  const char letter = *end >= 'a' ? static_cast<char>(*end - 'a' + 'A') : *end;
  const std::size_t unit = letter ? units.find(letter) : units.npos;
  if (unit != units.npos && end != at) {
    value <<= 10 * (unit + 1);
    end++;
  }
  at = end;
  return value;
}

} // namespace

std::vector<Memmap> parse_memmap(const std::vector<std::string> &cmdline) {
  std::vector<Memmap> memmaps;
  for (const std::string &word : cmdline) {
    if (!word.starts_with("memmap="))
      continue;
    std::istringstream list(word.substr(word.find('=') + 1));
    for (std::string item; std::getline(list, item, ',');) {
      if (item == "exactmap")
        continue;
      const char *at = item.c_str();
      const std::uint64_t size = memparse(at);
      Memmap memmap{item, {0, size}, 0};
      if (*at && std::string("@#$!%").find(*at) != std::string::npos) {
        memmap.kind = *at++;
        const std::uint64_t start = memparse(at);
        memmap.range = {start, start + size};
      }
      memmaps.push_back(std::move(memmap));
    }
  }
  return memmaps;
}

std::vector<Resource> parse_iomem(const std::string &text) {
  std::vector<Resource> resources;
  bool has_address = false;
  for (const std::string &line : lines_of(text)) {
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(" : ");
    unsigned long long start, last;
    if (colon == line.npos ||
        std::sscanf(line.c_str(), " %llx-%llx", &start, &last) != 2 ||
        last < start)
      continue;
    has_address |= last != 0;
    resources.push_back({{start, last + 1},
                         static_cast<unsigned>(indent / 2),
                         line.substr(colon + 3)});
  }
  if (!has_address)
    throw std::runtime_error(
        "/proc/iomem has no addresses; run as root to see them");
  return resources;
}

Ranges firmware_ram_in(const std::string &log) {
  std::vector<Range> ram;
  for (const std::string &line : lines_of(log)) {
    const auto range = logged_range(line);
    // Linux 7.0 calls usable memory "System RAM"
    if (range && line.find("BIOS-e820:") != line.npos &&
        (line.ends_with("usable") || line.ends_with("System RAM")))
      ram.push_back(*range);
  }
  return merged(std::move(ram));
}

Ranges firmware_ram_in_boot_params(const std::string &data,
                                   const std::string &more) {
  // e820_entries and e820_table; an entry has an address, a size and a type
  constexpr std::size_t Count = 0x1e8, Table = 0x2d0, Entry = 20, Most = 128;
  if (data.size() < Table + Most * Entry)
    return {};
  const std::size_t count =
      std::min<std::size_t>(static_cast<unsigned char>(data[Count]), Most);
  const std::string table = data.substr(Table, count * Entry) + more;
  std::vector<Range> ram, other;
  for (std::size_t at = 0; at + Entry <= table.size(); at += Entry) {
    const std::uint64_t start = field<std::uint64_t>(table, at);
    const std::uint64_t size = field<std::uint64_t>(table, at + 8);
    const bool is_ram = field<std::uint32_t>(table, at + 16) == 1;
    if (size && size <= ~0ULL - start)
      (is_ram ? ram : other).push_back({start, start + size});
  }
  return without(merged(std::move(ram)), merged(std::move(other)));
}

std::optional<Range> initrd_in_boot_params(const std::string &data) {
  const auto number = [&](std::size_t offset) {
    return std::uint64_t(field<std::uint32_t>(data, offset));
  };
  // ramdisk_image and ramdisk_size; their upper halves are in ext_ramdisk_*
  const std::uint64_t start = number(0x218) | number(0x0c0) << 32;
  const std::uint64_t size = number(0x21c) | number(0x0c4) << 32;
  if (!start || !size)
    return {};
  return Range{start, start + size};
}

Machine read_machine(const Root &root) {
  Machine machine;
  const std::string log = root.kernel_log();
  machine.resources = parse_iomem(root.read("proc/iomem"));
  machine.cmdline = words_of(root.find("proc/cmdline").value_or(""));
  machine.release = root.line("proc/sys/kernel/osrelease");
  machine.is_efi = root.has("sys/firmware/efi");
  machine.limit = address_limit(root);

  machine.firmware_ram = firmware_ram(root);
  if (machine.firmware_ram.empty())
    machine.firmware_ram = firmware_ram_in(log);
  const std::string parameters =
      root.find("sys/kernel/boot_params/data").value_or("");
  const Ranges at_boot =
      firmware_ram_in_boot_params(parameters, more_of_map(root));
  if (machine.firmware_ram.empty())
    machine.firmware_ram = at_boot;
  else if (!at_boot.empty())
    machine.firmware_ram = common(machine.firmware_ram, at_boot);
  if (machine.firmware_ram.empty()) {
    machine.has_firmware_map = false;
    machine.firmware_ram = machine.system_ram();
  }
  machine.nodes = nodes_of(root, log);

  machine.initrd = initrd_in_boot_params(parameters);
  for (const std::string &line : lines_of(log))
    if (!machine.initrd && line.find("RAMDISK: ") != line.npos)
      machine.initrd = logged_range(line);
  return machine;
}

Ranges Machine::system_ram() const {
  std::vector<Range> ram;
  for (const Resource &resource : resources)
    if (resource.depth == 0 && resource.name == "System RAM")
      ram.push_back(resource.range);
  return merged(std::move(ram));
}

Ranges Machine::reserved_ram() const {
  std::vector<Range> reserved;
  for (const Resource &resource : resources)
    if (resource.depth == 0 && resource.is_reserved())
      reserved.push_back(resource.range);
  return common(firmware_ram, merged(std::move(reserved)));
}

Ranges Machine::named(const std::string &prefix) const {
  std::vector<Range> ranges;
  for (const Resource &resource : resources)
    if (resource.name.starts_with(prefix))
      ranges.push_back(resource.range);
  return merged(std::move(ranges));
}

std::optional<Range> Machine::kernel_image() const {
  const Ranges image = named("Kernel ");
  if (image.empty())
    return {};
  return Range{image.front().start, image.back().end};
}

std::size_t Machine::memmap_count() const {
  const std::vector<Memmap> memmaps = parse_memmap(cmdline);
  return static_cast<std::size_t>(
      std::count_if(memmaps.begin(), memmaps.end(), [](const Memmap &memmap) {
        return memmap.range.start &&
               (memmap.kind == '$' || memmap.kind == '#' || memmap.kind == '!');
      }));
}

std::optional<int> Machine::node_of(const Range &range) const {
  if (nodes.empty())
    return 0;
  std::set<int> found;
  for (const NodeMemory &memory : nodes)
    if (memory.range.overlaps(range))
      found.insert(memory.node);
  if (found.empty() && node_numbers().size() == 1)
    return nodes.front().node;
  if (found.size() != 1)
    return {};
  return *found.begin();
}

std::vector<int> Machine::node_numbers() const {
  std::set<int> numbers;
  for (const NodeMemory &memory : nodes)
    numbers.insert(memory.node);
  if (numbers.empty())
    numbers.insert(0);
  return {numbers.begin(), numbers.end()};
}

std::optional<std::string> Machine::parameter(const std::string &name) const {
  std::optional<std::string> value;
  for (const std::string &word : cmdline)
    if (word.starts_with(name + "="))
      value = word.substr(name.size() + 1);
  return value;
}

bool Machine::has_kaslr() const {
  return std::find(cmdline.begin(), cmdline.end(), "nokaslr") == cmdline.end();
}

bool Machine::has_efi_stub_trap() const {
  unsigned major_number = 0, minor_number = 0;
  if (std::sscanf(release.c_str(), "%u.%u", &major_number, &minor_number) != 2)
    return false;
  return is_efi && has_kaslr() && major_number == 6 && minor_number >= 6 &&
         minor_number < 10;
}

} // namespace pmemctl
