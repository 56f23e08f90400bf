// SPDX-License-Identifier: GPL-2.0
/// @file
/// Makes the changes of setup.hpp, and takes them back.
#ifndef PMEMCTL_APPLY_HPP
#define PMEMCTL_APPLY_HPP

#include "descriptor.hpp"
#include "record.hpp"
#include "setup.hpp"

#include <string>
#include <vector>

namespace pmemctl {

/// A file with its contents as they are and as they will be.
struct Replacement {
  std::string path;
  Contents now;
  Contents then;
};

/// What is to be done, and the record of it.
struct Work {
  std::vector<Replacement> replacements; ///< only of files that change
  Record record;                         ///< afterwards
  std::vector<std::string> commands;     ///< of boot loaders, to run afterwards
  std::vector<std::string> notes;
};

/// Keeps other pmemctl from changing files as long as the result exists. On the running
/// system, that is a lock on /run/pmemctl.lock, which only root can open. Below --root,
/// it is one on the directory, so that no file is made.
/// @param root of the files
/// @throws std::runtime_error if another pmemctl has the lock
/// @throws std::system_error if the file or directory cannot be opened or locked
dax::Descriptor lock(const Root &root);

/// What has to be done so that a setup is in force: nothing if it is. An earlier setup
/// is taken back.
/// @param root  of the files
/// @param setup what to set up
/// @throws std::invalid_argument or std::runtime_error, see @ref changes_for and @ref
///         taken_back
Work work_to_apply(const Root &root, const Setup &setup);

/// What has to be done so that no setup is in force.
/// @param root of the files
/// @throws std::runtime_error, see @ref taken_back
Work work_to_undo(const Root &root);

/// The memory that a setup has reserved.
/// @param record of the setup
/// @return nothing for an empty record
Ranges reserved_by(const Record &record);

/// Runs the commands of the boot loaders.
/// @param work what was done
/// @throws std::runtime_error if one fails, with the remedy
void run_commands(const Work &work);

/// Does it.
/// @param root of the files
/// @param work what to do
/// @throws std::system_error if a file cannot be written; "pmemctl undo" then takes
///         back what was done
void do_work(const Root &root, const Work &work);

} // namespace pmemctl

#endif
