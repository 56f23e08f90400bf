// SPDX-License-Identifier: GPL-2.0
#include "plan.hpp"

#include "obstacles.hpp"
#include "size.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace pmemctl {

namespace {

/// Boot loaders put the initial RAM disk near the end of RAM, and do not know memmap=.
constexpr std::uint64_t Margin = GiB;

/// RAM that has to be left for the kernel and programs, besides struct pages.
constexpr std::uint64_t LeastRam = GiB;

/// The most to take of an amount of RAM; each page of 4 KiB that is taken needs 64
/// bytes of the rest.
std::uint64_t most_of(std::uint64_t ram) {
  return ram < LeastRam ? 0 : (ram - LeastRam) / 65 * 64;
}

/// Memory that can hold the range, if it is large enough.
struct Part {
  Range range;
  std::optional<int> node;
  bool is_reserved; ///< by memmap= of the running kernel
};

/// A place in a part.
struct Place {
  Range range;
  std::uint64_t align;
  bool has_margin;
};

/// RAM without blockers, cut at the boundaries of nodes and of reserved memory.
std::vector<Part> parts_of(const Machine &machine, const Ranges &ram) {
  std::vector<Ranges> by_node;
  std::vector<Range> known;
  for (const NodeMemory &memory : machine.nodes) {
    by_node.push_back(common(ram, {memory.range}));
    known.push_back(memory.range);
  }
  by_node.push_back(without(ram, merged(std::move(known))));

  const Ranges reserved = machine.reserved_ram();
  std::vector<Part> parts;
  for (const Ranges &ranges : by_node) {
    for (const Range &range : without(ranges, reserved))
      parts.push_back({range, machine.node_of(range), false});
    for (const Range &range : common(ranges, reserved))
      parts.push_back({range, machine.node_of(range), true});
  }
  return parts;
}

/// The highest place with an alignment; nothing if there is none.
std::optional<Range> highest(const Range &part, std::uint64_t size,
                             std::uint64_t align, std::uint64_t margin) {
  if (part.size() < size + margin)
    return {};
  const std::uint64_t start = (part.end - margin - size) / align * align;
  if (start < part.start)
    return {};
  return Range{start, start + size};
}

std::optional<Place> place_in(const Machine &machine, const Part &part,
                              std::uint64_t size) {
  // a range that is reserved already begins where memmap= says
  if (part.is_reserved) {
    const std::uint64_t start = (part.range.start + Align - 1) / Align * Align;
    if (start + size > part.range.end)
      return {};
    return Place{{start, start + size}, start % GiB ? Align : GiB, true};
  }
  const bool ends_ram =
      std::any_of(machine.firmware_ram.begin(), machine.firmware_ram.end(),
                  [&](const Range &ram) { return ram.end == part.range.end; });
  for (const std::uint64_t align : {GiB, Align}) {
    if (ends_ram)
      if (const auto range = highest(part.range, size, align, Margin))
        return Place{*range, align, true};
    if (const auto range = highest(part.range, size, align, 0))
      return Place{*range, align, !ends_ram};
  }
  return {};
}

/// RAM of the kernel on a node, or on all if the node is unknown.
std::uint64_t ram_on(const Machine &machine, std::optional<int> node) {
  const Ranges ram = machine.system_ram();
  if (!node || machine.nodes.empty())
    return size_of(ram);
  std::uint64_t size = 0;
  for (const NodeMemory &memory : machine.nodes)
    if (memory.node == *node)
      size += size_of(common(ram, {memory.range}));
  return size;
}

std::string on_node(const std::optional<int> &node) {
  return node ? "on node " + std::to_string(*node) : "on an unknown node";
}

/// The largest range that fits into a part.
std::uint64_t room_in(const Range &part) {
  const std::uint64_t start = (part.start + Align - 1) / Align * Align;
  const std::uint64_t end = part.end / Align * Align;
  return start < end ? end - start : 0;
}

/// What to know of a proposal that the running kernel has reserved already.
constexpr char ReservedNote[] =
    "the running kernel has this range reserved already; its command line needs "
    "no change, but see that the range is not for another driver";

/// One try: the parts that the blockers leave, and the best place in them.
class Search {
public:
  Search(const Machine &machine, const Request &request,
         std::vector<Blocker> blockers)
      : machine(machine), request(request), blockers(std::move(blockers)) {}

  /// Lists the candidates, and makes the best the proposal.
  void run(Plan &plan) {
    add_blocked(plan);
    std::optional<Rank> best;
    std::size_t best_at = 0;
    Place best_place{};
    for (const Part &part : parts) {
      Candidate candidate{part.range, part.node, false, ""};
      const auto place = place_in(machine, part, request.size);
      if (request.node && part.node != request.node) {
        candidate.reason = on_node(part.node) + ", and --node " +
                           std::to_string(*request.node) + " was given";
      } else if (part.is_reserved && room_in(part.range) != request.size) {
        // nobody may see that a part of it is taken
        candidate.reason = "reserved already, with another size; pmemctl apply "
                           "takes all of it if nothing else uses it";
      } else if (!place) {
        candidate.reason = "too small: it has " + exact(room_in(part.range)) +
                           " between multiples of 2 MiB";
        largest = std::max(largest, room_in(part.range));
      } else {
        largest = std::max(largest, room_in(part.range));
        const Rank rank{part.is_reserved, place->align, place->has_margin,
                        ram_on(machine, part.node), place->range.start};
        candidate.reason =
            "large enough, but another is better: " + merit(rank, *place);
        if (!best || *best < rank) {
          best = rank;
          best_at = plan.candidates.size();
          best_place = *place;
          plan.proposal = Proposal{place->range, part.node, request.count,
                                   part.is_reserved};
        }
      }
      plan.candidates.push_back(std::move(candidate));
    }
    if (best) {
      Candidate &taken = plan.candidates[best_at];
      taken.taken = true;
      taken.reason = "taken: " + merit(*best, best_place);
      place = best_place;
    }
    std::sort(plan.candidates.begin(), plan.candidates.end(),
              [](const Candidate &a, const Candidate &b) {
                return a.range.start < b.range.start;
              });
  }

  std::uint64_t largest = 0;  ///< bytes that fit into the largest part
  std::optional<Place> place; ///< of the proposal

private:
  /// Larger is better: reserved already, alignment, margin, RAM of the node, start.
  using Rank =
      std::tuple<bool, std::uint64_t, bool, std::uint64_t, std::uint64_t>;

  static std::string merit(const Rank &rank, const Place &place) {
    std::string text = exact(place.range.size()) + " at " +
                       exact(place.range.start) + ", aligned to " +
                       (place.align == GiB ? "1 GiB" : "2 MiB");
    if (std::get<0>(rank))
      text += ", reserved already";
    if (!place.has_margin)
      text += ", up to the end of RAM";
    return text;
  }

  /// Lists what blockers take of RAM, and keeps the rest as parts.
  void add_blocked(Plan &plan) {
    Ranges ram = machine.firmware_ram;
    for (const Blocker &blocker : blockers) {
      for (const Range &range : common(ram, {blocker.range}))
        if (range.size() >= Align || blocker.range.size() < Align)
          plan.candidates.push_back(
              {range, machine.node_of(range), false, blocker.reason});
      ram = without(ram, {blocker.range});
    }
    parts = parts_of(machine, ram);
  }

  const Machine &machine;
  const Request &request;
  std::vector<Blocker> blockers;
  std::vector<Part> parts;
};

void add_notes(const Machine &machine, const Search &search,
               const Ranges &given_up, Plan &plan) {
  const Proposal &proposal = *plan.proposal;
  const auto kernel = machine.kernel_image();
  if (!machine.has_firmware_map)
    plan.notes.push_back(
        "firmware's memory map is not in /sys/firmware/memmap nor in the kernel "
        "log; System RAM of /proc/iomem stands in for it");
  if (proposal.is_reserved) {
    plan.notes.push_back(ReservedNote);
    return;
  }
  if (search.place->align < GiB)
    plan.notes.push_back("no range of this size begins at a multiple of 1 GiB");
  if (!search.place->has_margin)
    plan.notes.push_back(
        "the range reaches the end of RAM, where boot loaders often put the "
        "initial RAM disk; check with pmemctl doctor after the boot");
  if (kernel && kernel->overlaps(proposal.range))
    plan.notes.push_back("the kernel is in this range now; with memmap=, KASLR "
                         "chooses another place at the next boot");
  for (const Range &crash : machine.named("Crash kernel"))
    if (crash.overlaps(proposal.range))
      plan.notes.push_back("the crash kernel is in this range now; with "
                           "memmap=, it gets another place at the next boot");
  for (std::string &note : notes_on(machine, proposal.range, given_up))
    plan.notes.push_back(std::move(note));
}

} // namespace

std::string Proposal::memmap() const {
  return "memmap=" + exact(range.size()) + '$' + exact(range.start);
}

std::string Proposal::ranges() const {
  return "ranges=" + exact(range.size()) + '@' + exact(range.start) +
         (count == 1 ? "" : '/' + std::to_string(count));
}

void check_request(const Machine &machine, const Request &request) {
  try {
    check_count(request.size, request.count);
  } catch (const std::invalid_argument &error) {
    throw std::invalid_argument(std::string("--count: ") + error.what());
  }
  const std::vector<int> nodes = machine.node_numbers();
  if (request.node &&
      std::find(nodes.begin(), nodes.end(), *request.node) == nodes.end()) {
    std::string list;
    for (const int node : nodes)
      list += (list.empty() ? "" : ", ") + std::to_string(node);
    throw std::invalid_argument("--node: " + std::to_string(*request.node) +
                                ": no such node with memory; use one of " +
                                list);
  }
}

void check_range(const Machine &machine, const Range &range) {
  const std::string name = exact(range.size()) + "@" + exact(range.start);
  if (range.end > machine.limit)
    throw std::invalid_argument(
        name + ": ends above " + exact(machine.limit) +
        ", the physical address limit of this machine; use a smaller start or "
        "size");
  if (!contains(machine.firmware_ram, range)) {
    std::string ram;
    for (const Range &part : machine.firmware_ram)
      if (part.size() >= Align)
        ram += (ram.empty() ? "" : ", ") + hex(part.start) + "-" +
               hex(part.end - 1);
    throw std::invalid_argument(name +
                                ": not all of it is RAM; firmware has RAM at " +
                                ram + ", and pmemctl plan proposes a range");
  }
  bool is_reserved = false;
  for (const Resource &resource : machine.resources) {
    if (resource.depth == 0)
      is_reserved = resource.is_reserved();
    // "pmem0" or "dax0.0" below "Reserved" is a device of this driver
    const bool is_used = resource.depth == 0
                             ? is_foreign(resource)
                             : resource.depth == 1 && is_reserved &&
                                   !resource.name.starts_with("pmem") &&
                                   !resource.name.starts_with("dax");
    if (is_used && !common(machine.firmware_ram, {resource.range}).empty() &&
        resource.range.overlaps(range))
      throw std::invalid_argument(
          name + ": " + hex(resource.range.start) + "-" +
          hex(resource.range.end - 1) + " is " + resource.name +
          " in /proc/iomem; pmemctl plan proposes a range without it");
  }
}

void check_rest(const Machine &machine, const Range &range,
                const Ranges &given_up) {
  const std::string name = exact(range.size()) + "@" + exact(range.start);
  for (const Range &other : without(machine.reserved_ram(), given_up)) {
    const Ranges rest = without({other}, {range});
    // those who use it may not see that a part of it is taken
    if (other.overlaps(range) &&
        std::any_of(rest.begin(), rest.end(),
                    [](const Range &part) { return room_in(part) != 0; }))
      throw std::invalid_argument(
          name + ": has only a part of " + hex(other.start) + "-" +
          hex(other.end - 1) +
          ", which the running kernel has reserved, and not for pmemctl; take "
          "all of it, or boot without its memmap= first");
  }
  if (contains(machine.reserved_ram(), range))
    return;
  const auto kernel = machine.kernel_image();
  if (kernel && !machine.has_kaslr() && kernel->overlaps(range))
    throw std::invalid_argument(
        name + ": the kernel is at " + hex(kernel->start) + "-" +
        hex(kernel->end - 1) +
        ", and nokaslr fixes it; pmemctl plan proposes a range without it");
  if (has_fixed_crash_kernel(machine))
    for (const Range &crash : machine.named("Crash kernel"))
      if (crash.overlaps(range))
        throw std::invalid_argument(
            name + ": the crash kernel is at " + hex(crash.start) + "-" +
            hex(crash.end - 1) +
            ", and crashkernel= fixes it with @; pmemctl plan proposes a range "
            "without it");
  // not what another memmap= or mem= keeps from the kernel
  std::vector<Range> kept = machine.system_ram();
  kept.insert(kept.end(), given_up.begin(), given_up.end());
  const Ranges now = common(machine.firmware_ram, merged(std::move(kept)));
  const std::uint64_t ram = size_of(without(now, {range})) +
                            size_of(common(machine.firmware_ram, {range}));
  if (range.size() > most_of(ram))
    throw std::invalid_argument(
        name + ": of " + rounded(ram) +
        " RAM, 1G and struct pages have to be left for the kernel; use at "
        "most " +
        exact(most_of(ram) / Align * Align));
  if (range.start >= LowEnd)
    return;
  const std::uint64_t low =
      size_of(common(without(now, {range}), {{0, LowEnd}}));
  if (low < LeastRam)
    throw std::invalid_argument(
        name + ": leaves only " + rounded(low) +
        " RAM below 4 GiB, where devices and the kernel need 1G; pmemctl plan "
        "proposes a range above");
}

std::vector<std::string> notes_on(const Machine &machine, const Range &range,
                                  const Ranges &given_up) {
  std::vector<std::string> notes;
  const Ranges reserved = machine.reserved_ram();
  const bool is_foreign = !common(without(reserved, given_up), {range}).empty();
  if (contains(reserved, range)) {
    if (is_foreign)
      notes.push_back(ReservedNote);
    return notes;
  }
  if (is_foreign)
    notes.push_back("the running kernel has a part of this range reserved "
                    "already; see that it is not for another driver");
  if (range.start < LowEnd)
    notes.push_back(
        "the range begins below 4 GiB, where devices and the kernel "
        "need RAM; pmemctl plan proposes one above");
  if (machine.has_efi_stub_trap())
    notes.push_back("Linux " + machine.release +
                    " started by UEFI can place itself in memmap= ranges; add "
                    "nokaslr, or use 6.10 or later");
  // the new one replaces that of an earlier apply
  const std::vector<Memmap> memmaps = parse_memmap(machine.cmdline);
  const bool is_replaced =
      std::any_of(memmaps.begin(), memmaps.end(), [&](const Memmap &memmap) {
        return memmap.kind == '$' && std::find(given_up.begin(), given_up.end(),
                                               memmap.range) != given_up.end();
      });
  if (machine.memmap_count() + (is_replaced ? 0 : 1) > 4 && machine.has_kaslr())
    notes.push_back(
        "KASLR knows 4 memmap= ranges only: with more, the kernel can place "
        "itself in one, or KASLR is off; use fewer, or add nokaslr");
  return notes;
}

Plan plan(const Machine &machine, const Request &request,
          const Ranges &given_up) {
  Plan plan;
  std::vector<Blocker> blockers = moving_blockers(machine);
  const std::vector<Blocker> fixed = fixed_blockers(machine);
  blockers.insert(blockers.begin(), fixed.begin(), fixed.end());

  // first around the kernel, then where it is now
  Search search(machine, request, std::move(blockers));
  search.run(plan);
  if (!plan.proposal) {
    Plan second;
    Search without_moving(machine, request, fixed);
    without_moving.run(second);
    search.largest = without_moving.largest;
    if (second.proposal) {
      search.place = without_moving.place;
      plan = std::move(second);
    }
  }

  const std::string size = exact(request.size);
  // memory that is added after the boot comes too late for the kernel
  const std::uint64_t ram =
      size_of(common(machine.system_ram(), machine.firmware_ram));
  const std::uint64_t most =
      std::min(search.largest, most_of(ram) / Align * Align);
  if (!plan.proposal) {
    plan.refusal =
        size + ": no range is large enough" +
        (request.node ? " on node " + std::to_string(*request.node) : "") +
        (most ? "; use at most " + exact(most)
              : "; there is no free RAM above 4 GiB");
  } else if (!plan.proposal->is_reserved && request.size > most_of(ram)) {
    plan.refusal = size + ": of " + rounded(ram) +
                   " RAM, 1G and struct pages have to be left for the kernel" +
                   (most ? "; use at most " + exact(most) : "");
    for (Candidate &candidate : plan.candidates)
      if (candidate.taken) {
        candidate.taken = false;
        candidate.reason = "leaves too little RAM for the kernel";
      }
    plan.proposal.reset();
  } else {
    add_notes(machine, search, given_up, plan);
  }
  return plan;
}

} // namespace pmemctl
