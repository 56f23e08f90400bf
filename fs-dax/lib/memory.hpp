// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where the bytes of a block device are in physical memory.
///
/// A device is memory itself, a partition of a disk, or a device-mapper device,
/// whose table maps its sectors to those of other devices. @ref MemoryMap
/// follows tables down to memory, the way dm_dax_direct_access() of Linux does.
///
/// Nothing here asks the kernel: the devices come from a @ref DeviceSource,
/// which block_device.hpp has for the running system.
#ifndef DAX_MEMORY_HPP
#define DAX_MEMORY_HPP

#include "windows.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace dax {

/// The unit of sysfs and of device-mapper tables, in bytes, whatever the
/// device's own sectors are.
constexpr std::uint64_t Sector = 512;

/// A line of a device-mapper table, as "dmsetup table" prints it
/// (Documentation/admin-guide/device-mapper/ of Linux).
struct Target {
  std::uint64_t start;   ///< first sector of the device that it maps
  std::uint64_t length;  ///< in sectors
  std::string type;      ///< "linear", "striped" and so on
  std::string arguments; ///< what follows the type
};

/// A device-mapper device: its targets, by start.
using Table = std::vector<Target>;

/// A device that is one range of memory.
struct InMemory {
  std::uint64_t address; ///< physical address of its byte 0, in bytes
};

/// A device that is a part of another one.
struct Partition {
  dev_t disk;          ///< number of the other one
  std::uint64_t start; ///< where it begins there, in bytes
};

/// A device whose memory cannot be found.
struct Unknown {
  std::string reason; ///< and the remedy: "no address in sysfs; use another"
};

/// A block device.
struct Device {
  std::string name; ///< for messages: "pmem0", "dm-0 (root)"
  std::variant<InMemory, Partition, Table, Unknown> what;
};

/// Tells what the device of a number is. What it cannot find out is an
/// @ref Unknown, not an exception.
using DeviceSource = std::function<Device(dev_t)>;

/// Translates offsets on devices to physical addresses. Each device is asked
/// for once.
class MemoryMap {
public:
  /// @param source of the devices
  explicit MemoryMap(DeviceSource source);

  /// Extents in memory, and what is missing.
  struct Placement {
    /// By logical offset. An extent that is in several pieces of memory, or in
    /// several targets or chunks of stripes, comes out as several: the kernel
    /// maps no page across their boundaries, even where they adjoin.
    std::vector<Extent> extents;
    /// For each device that keeps extents from being located, once: its name,
    /// the reason and the remedy, in one line.
    std::vector<std::string> unknown;
  };

  /// Moves the extents of a file from its filesystem's device to memory.
  ///
  /// Takes time and space in proportion to the extents and, on stripes, to
  /// their chunks. Extents without a place (@ref Extent::has_place) stay as
  /// they are.
  ///
  /// @param device number of the device
  /// @param extents with physical offsets on the device, in bytes
  Placement place(dev_t device, const std::vector<Extent> &extents);

  /// Where a device begins in memory, if all of it is in one piece.
  /// @param device number of the device
  /// @return physical address of its byte 0, in bytes; nothing when the device
  ///   is in several pieces, or its memory is not known
  std::optional<std::uint64_t> start(dev_t device);

private:
  /// A part of a device below, from an offset in bytes.
  struct Stripe {
    dev_t device;
    std::uint64_t offset;
  };

  /// A target: its chunk N is in stripe N modulo their number. The kernel takes
  /// whole chunks only. Linear and unknown ones are one chunk.
  struct Mapping {
    std::uint64_t start;         ///< on the device, in bytes
    std::uint64_t length;        ///< in bytes
    std::uint64_t chunk;         ///< in bytes
    std::vector<Stripe> stripes; ///< one if linear, none if unknown
    std::string unknown;         ///< why it is unknown

    std::uint64_t end() const { return start + length; }
  };

  /// A device, with its table read.
  struct Node {
    std::string name;
    std::optional<std::uint64_t> address; ///< there when it is memory
    std::vector<Mapping> mappings;        ///< there when it maps to others
    std::string unknown; ///< why it is neither; empty when it is one
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
