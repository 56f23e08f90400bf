// SPDX-License-Identifier: GPL-2.0
/// @file
/// The block devices of the running system, from sysfs and device-mapper.
#ifndef DAX_BLOCK_DEVICE_HPP
#define DAX_BLOCK_DEVICE_HPP

#include "memory.hpp"

#include <filesystem>
#include <functional>

#include <sys/types.h>

namespace dax {

/// Reads the table of a device-mapper device.
using TableReader = std::function<Table(dev_t)>;

/// Reads a table from the kernel, with libdevmapper. Needs root.
/// @param device number of a device-mapper device
/// @return the table
/// @throws std::system_error EACCES or EPERM without root, ENXIO if the device is
///         gone, or any other error of the kernel
Table dm_table(dev_t device);

/// Identifies a block device: one of the driver pmem
/// (Documentation/ABI/testing/sysfs-block-pmem), of drivers/nvdimm or of
/// drivers/md/dm.c of Linux, or a partition. Reading their addresses needs root.
///
/// @param number     of the device, like st_dev of a file on it
/// @param sysfs      mount point of sysfs
/// @param read_table called for a device-mapper device
/// @return the device; @ref Unknown with the reason if it could not be identified
Device block_device(dev_t number, const std::filesystem::path &sysfs = "/sys",
                    const TableReader &read_table = dm_table);

/// @ref block_device, as the source of a @ref MemoryMap.
inline DeviceSource block_devices() {
  return [](dev_t number) { return block_device(number); };
}

} // namespace dax

#endif
