// SPDX-License-Identifier: GPL-2.0
/// @file
/// The physical addresses of the bytes of a block device.
///
/// A device is memory, a partition of a disk, or a device-mapper device whose
/// table maps its sectors to those of other devices. @ref MemoryMap follows the
/// tables to memory, like dm_dax_direct_access() of Linux.
///
/// Nothing here calls the kernel: devices come from a @ref DeviceSource, and
/// block_device.hpp has the one for the running system.
#ifndef DAX_MEMORY_HPP
#define DAX_MEMORY_HPP

#include "pmd_range.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace dax {

/// The unit of sysfs and of device-mapper tables, in bytes, for devices with
/// sectors of any size.
constexpr std::uint64_t Sector = 512;

/// A line of a device-mapper table, as "dmsetup table" prints it
/// (Documentation/admin-guide/device-mapper/ of Linux).
struct Target {
  std::uint64_t start;   ///< first sector of the device that it maps
  std::uint64_t length;  ///< in sectors
  std::string type;      ///< "linear", "striped" and so on
  std::string arguments; ///< the rest of the line
};

/// A device-mapper device: its targets, by start.
using Table = std::vector<Target>;

/// A device that is one range of memory.
struct InMemory {
  std::uint64_t address; ///< physical address of its first byte
};

/// A device that is a part of another device.
struct Partition {
  dev_t disk;          ///< number of the other device
  std::uint64_t start; ///< offset on that device, in bytes
};

/// A device with an unknown address.
struct Unknown {
  std::string reason; ///< with the remedy: "no address in sysfs; use another"
};

/// A block device.
struct Device {
  std::string name; ///< for messages: "pmem0", "dm-0 (root)"
  std::variant<InMemory, Partition, Table, Unknown> what;
};

/// Returns the device with a number. A device that it cannot identify is an
/// @ref Unknown, not an exception.
using DeviceSource = std::function<Device(dev_t)>;

/// Translates offsets on devices to physical addresses. Gets each device from its
/// source once.
class MemoryMap {
public:
  /// @param source of the devices
  explicit MemoryMap(DeviceSource source);

  /// Extents in memory, and the devices with unknown addresses.
  struct Placement {
    /// By logical offset. An extent that crosses targets or chunks of stripes is
    /// split there, see @ref Extent::continued: the kernel maps no page across
    /// these boundaries, even if both sides are adjacent in memory.
    std::vector<Extent> extents;
    /// One line for each device with an unknown address: its name, the reason and
    /// the remedy.
    std::vector<std::string> unknown;
  };

  /// Translates the extents of a file from its filesystem's device to memory.
  ///
  /// Takes time and space proportional to the number of extents and, on stripes,
  /// of chunks. Does not change extents without blocks (@ref
  /// Extent::has_blocks).
  ///
  /// @param device  number of the device
  /// @param extents with physical offsets on the device, in bytes
  Placement place(dev_t device, const std::vector<Extent> &extents);

  /// The address of a device that is contiguous in memory.
  /// @param device number of the device
  /// @return physical address of its first byte; nothing if the device is not
  ///         contiguous in memory, or its address is unknown
  std::optional<std::uint64_t> start(dev_t device);

private:
  /// A part of a device below.
  struct Stripe {
    dev_t device;
    std::uint64_t offset; ///< of its first byte on that device, in bytes
  };

  /// A target: its chunk N is in stripe N modulo their number. The kernel accepts
  /// whole chunks only. A linear or unknown target is one chunk.
  struct Mapping {
    std::uint64_t start;         ///< on the device, in bytes
    std::uint64_t length;        ///< in bytes
    std::uint64_t chunk;         ///< in bytes
    std::vector<Stripe> stripes; ///< one if linear, none if unknown
    std::string unknown;         ///< why it is unknown

    std::uint64_t end() const { return start + length; }
  };

  /// A device with its table.
  struct Node {
    std::string name;
    std::optional<std::uint64_t> address; ///< set if it is memory
    std::vector<Mapping> mappings;        ///< set if it maps to other devices
    std::string unknown; ///< why neither is set; empty if one is
  };

  static Mapping parse(const Target &target);
  static Node read(const Device &device);
  const Node &node(dev_t device);
  const Mapping *mapping_at(const Node &node, std::uint64_t offset) const;
  void translate(dev_t device, Extent extent, unsigned depth, Placement &to);

  DeviceSource source;
  std::map<dev_t, Node> nodes;
};

} // namespace dax

#endif
