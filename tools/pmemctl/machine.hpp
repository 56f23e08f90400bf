// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a machine's memory is used for: firmware's map, /proc/iomem, NUMA nodes, the
/// places of the kernel and of the initial RAM disk.
#ifndef PMEMCTL_MACHINE_HPP
#define PMEMCTL_MACHINE_HPP

#include "range.hpp"
#include "root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pmemctl {

/// A line of /proc/iomem.
struct Resource {
  Range range;
  unsigned depth;   ///< 0 for a line without indent
  std::string name; ///< "System RAM", "Kernel code"

  bool is_reserved() const { return name == "Reserved" || name == "reserved"; }
};

/// Memory of one NUMA node.
struct NodeMemory {
  Range range;
  int node;
};

/// A range on the kernel command line.
struct Memmap {
  std::string text; ///< "32G$32G"
  Range range;
  char kind; ///< '$' for reserved, '@', '#', '!' or '%'; 0 if there is no start
};

/// A machine.
struct Machine {
  Ranges firmware_ram;             ///< RAM in firmware's map
  bool has_firmware_map = true;    ///< false if System RAM stands in for it
  std::vector<Resource> resources; ///< /proc/iomem
  std::vector<NodeMemory>
      nodes; ///< by start, without overlap; empty without NUMA
  std::optional<Range> initrd;      ///< where the boot loader put it
  std::vector<std::string> cmdline; ///< the kernel's parameters
  std::string release;              ///< of the kernel: "6.12.1-amd64"
  bool is_efi = false;              ///< firmware is UEFI
  /// The first address that the CPU or the kernel's page tables do not reach.
  std::uint64_t limit = MaxLimit;

  static constexpr std::uint64_t MaxLimit = 1ULL << 46;

  /// Memory that the kernel uses as RAM: the top lines "System RAM".
  Ranges system_ram() const;
  /// RAM for firmware that memmap= or another parameter took from the kernel.
  Ranges reserved_ram() const;
  /// The resources with a name, merged.
  /// @param prefix the beginning of their names
  Ranges named(const std::string &prefix) const;
  /// The kernel's image; nothing if /proc/iomem has no such line.
  std::optional<Range> kernel_image() const;
  /// The memmap= ranges on the command line that KASLR has to keep out of. It knows the
  /// first four of all parameters together (mem_avoid_memmap() of the kernel): if the
  /// parameter that has the fourth goes on, KASLR is off, and if others follow, the
  /// kernel can place itself in their ranges.
  std::size_t memmap_count() const;
  /// The node that has all of a range.
  /// @return nothing if it is on several nodes, or unknown; 0 without NUMA
  std::optional<int> node_of(const Range &range) const;
  /// The number of all nodes, in order; 0 only without NUMA.
  std::vector<int> node_numbers() const;
  /// The value of the last parameter NAME=VALUE.
  std::optional<std::string> parameter(const std::string &name) const;
  /// Whether the kernel chooses its place in memory at random. A kernel that is built
  /// without KASLR is not told from one with it.
  bool has_kaslr() const;
  /// Whether the kernel's EFI stub ignores memmap= when it chooses the kernel's place:
  /// mainline 6.6 to 6.9, which commit 15aa8fb852f9 ("x86/efistub: Omit physical
  /// KASLR when memory reservations exist") ended. Distributions may have the fix.
  bool has_efi_stub_trap() const;
};

/// Parses the memmap= parameters, as parse_memmap_one() of the kernel does.
/// @param cmdline parameters
std::vector<Memmap> parse_memmap(const std::vector<std::string> &cmdline);

/// Parses /proc/iomem.
/// @param text of the file
/// @throws std::runtime_error if all addresses are 0, as those see who are not root
std::vector<Resource> parse_iomem(const std::string &text);

/// Reads the memory map of firmware from a kernel log: the lines "BIOS-e820".
/// @param log the kernel log
/// @return RAM
Ranges firmware_ram_in(const std::string &log);

/// Reads the memory map of firmware from the kernel's boot parameters
/// (Documentation/arch/x86/zero-page.rst of Linux): memory that was added after the
/// boot, as /sys/firmware/memmap has it, too, is not in it.
/// @param data /sys/kernel/boot_params/data
/// @param more the setup_data of type SETUP_E820_EXT; empty for none
/// @return RAM
Ranges firmware_ram_in_boot_params(const std::string &data,
                                   const std::string &more);

/// Reads the place of the initial RAM disk from the kernel's boot parameters
/// (Documentation/arch/x86/zero-page.rst of Linux).
/// @param data /sys/kernel/boot_params/data
/// @return nothing if there is no RAM disk
std::optional<Range> initrd_in_boot_params(const std::string &data);

/// Reads a machine.
/// @param root of its files
/// @throws std::runtime_error or std::system_error if there is no memory map
Machine read_machine(const Root &root);

} // namespace pmemctl

#endif
