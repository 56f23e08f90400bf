// SPDX-License-Identifier: GPL-2.0
/// @file
/// The configuration that reserves memory at each boot and loads the driver: which files
/// of which boot loader, and what goes into them.
#ifndef PMEMCTL_SETUP_HPP
#define PMEMCTL_SETUP_HPP

#include "edit.hpp"
#include "plan.hpp"

#include <string>
#include <vector>

namespace pmemctl {

/// The parameters of the driver.
inline const std::string ModprobeConfig = "etc/modprobe.d/pmem.conf";

/// What to set up.
struct Setup {
  Proposal range;         ///< memory and devices
  std::string mount;      ///< mount point of the first device; empty for none
  std::string filesystem; ///< "ext4" or "xfs"
};

/// The changes, and what to do besides.
struct Changes {
  std::vector<Edit> edits;
  std::vector<std::string>
      commands; ///< of boot loaders, to run after the edits
  std::vector<std::string>
      steps; ///< to do by hand after the edits, and after undo
  std::vector<std::string> notes; ///< what the edits do not cover
};

/// Reads SIZE@START[/COUNT], as the driver reads ranges=.
/// @param text the range
/// @throws std::invalid_argument with the text, the reason and the remedy
Proposal parse_range(const std::string &text);

/// The comment above lines of pmemctl in a file of others.
inline const std::string UndoMark =
    "# pmemctl: \"pmemctl undo\" takes this out\n";

/// Appends lines to a file.
/// @param files   of the system
/// @param path    of the file
/// @param block   the lines
/// @param changes to add the edit to
void append(const Files &files, const std::string &path,
            const std::string &block, Changes &changes);

/// The changes that reserve the memory: GRUB's drop-in, or its file where the
/// distribution's GRUB has no drop-ins; systemd-boot's entries, the command line of
/// kernel-install, and extlinux where they are found.
/// @param files  of the system, without earlier changes of pmemctl
/// @param memmap the kernel's parameter, without escapes
Changes boot_changes(const Files &files, const std::string &memmap);

/// The entries of the Boot Loader Specification, in the places where the EFI system
/// partition and the extended boot loader partition are mounted.
/// @param files of the system
std::vector<std::string> entry_paths(const Files &files);

/// GRUB's menu, if that lacks the parameter. After update-grub, this is so if another
/// file of GRUB's configuration has overwritten the variable.
/// @param files  of the system
/// @param memmap the kernel's parameter, without escapes
/// @return the path of the menu; empty if it has the parameter, or there is no menu
std::string menu_without(const Files &files, const std::string &memmap);

/// All changes: those of the boot, modprobe.d, modules-load.d and a line in fstab.
/// @param files of the system, without earlier changes of pmemctl
/// @param setup what to set up
/// @throws std::invalid_argument if fstab has the mount point already, or a file that
///         would be ours is there
/// @throws std::runtime_error if no boot loader is found
Changes changes_for(const Files &files, const Setup &setup);

} // namespace pmemctl

#endif
