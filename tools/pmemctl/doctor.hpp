// SPDX-License-Identifier: GPL-2.0
/// @file
/// What is wrong with a reservation and its devices after the boot, and what to do.
#ifndef PMEMCTL_DOCTOR_HPP
#define PMEMCTL_DOCTOR_HPP

#include "devices.hpp"
#include "machine.hpp"
#include "root.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pmemctl {

/// How bad a finding is.
enum class Level { ok, warning, error };

/// The result of one check of one thing.
struct Finding {
  std::string check; ///< "reservation", "dax"
  Level level;
  std::string text;   ///< what was found
  std::string remedy; ///< what to do; empty if all is well
};

/// Runs a check. A file that cannot be read becomes a warning, so that it does not take
/// the results of other checks along.
/// @param name     of the check, for the warning
/// @param findings to add the warning to
/// @param check    throws std::system_error with the path of that file
void run_check(const std::string &name, std::vector<Finding> &findings,
               const std::function<void()> &check);

/// Checks the memory: the reservation is there and whole, kernel and initial RAM disk
/// are not in it, firmware does not erase it, it is cached.
/// @param root    of the files
/// @param machine the machine
std::vector<Finding> check_memory(const Root &root, const Machine &machine);

/// Checks the disks: they are there, have no bad blocks, partitions are aligned, mounts
/// have DAX, and page faults get 2 MiB pages.
/// @param root        of the files
/// @param disks       the disks
/// @param dax_devices the device DAX devices, which need a driver
std::vector<Finding> check_disks(const Root &root,
                                 const std::vector<DiskInfo> &disks,
                                 const std::vector<DiskInfo> &dax_devices);

} // namespace pmemctl

#endif
