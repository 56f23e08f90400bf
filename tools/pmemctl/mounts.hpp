// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where devices are mounted.
#ifndef PMEMCTL_MOUNTS_HPP
#define PMEMCTL_MOUNTS_HPP

#include "root.hpp"

#include <string>
#include <vector>

namespace pmemctl {

/// A mount of a filesystem.
struct Mount {
  std::string directory;
  std::string filesystem; ///< "ext4"
  bool is_dax;            ///< for all files: with "dax" or "dax=always"
};

/// The mounts of a device, from /proc/self/mountinfo.
/// @param root    of the files
/// @param numbers "MAJOR:MINOR"
std::vector<Mount> mounts_of(const Root &root, const std::string &numbers);

} // namespace pmemctl

#endif
