// SPDX-License-Identifier: GPL-2.0
/// @file
/// The block devices of the running system, by sysfs and device-mapper.
#ifndef DAX_BLOCK_DEVICE_HPP
#define DAX_BLOCK_DEVICE_HPP

#include "memory.hpp"

#include <filesystem>
#include <functional>

#include <sys/types.h>

namespace dax {

/// Reads the table of a device-mapper device.
using TableReader = std::function<Table(dev_t)>;

/// Reads a table from the kernel, through libdevmapper. Only root can.
/// @param device number of a device-mapper device
/// @throws std::system_error EACCES or EPERM when only root may, ENXIO when
///   there is no such device any more, or what else the kernel answered
Table dm_table(dev_t device);

/// Finds out what a block device is.
///
/// Known are devices of this project's driver
/// (Documentation/ABI/testing/sysfs-block-pmem), of drivers/nvdimm and of
/// drivers/md/dm.c of Linux, and partitions. Only root can read where their
/// memory is.
///
/// @param number of the device, as st_dev of a file on it
/// @param sysfs where sysfs is mounted
/// @param read_table for a device-mapper device
Device block_device(dev_t number, const std::filesystem::path &sysfs = "/sys",
                    const TableReader &read_table = dm_table);

/// @ref block_device, as what a @ref MemoryMap asks.
inline DeviceSource block_devices() {
  return [](dev_t number) { return block_device(number); };
}

} // namespace dax

#endif
