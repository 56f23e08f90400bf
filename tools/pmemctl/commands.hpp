// SPDX-License-Identifier: GPL-2.0
/// @file
/// The commands of pmemctl: each adds its options to the command line, and what to run.
#ifndef PMEMCTL_COMMANDS_HPP
#define PMEMCTL_COMMANDS_HPP

#include "root.hpp"

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace pmemctl {

/// Exit statuses, on which scripts rely.
enum Status {
  Done = 0,
  Failed = 1,   ///< an error at run time, or no proposal
  BadInput = 2, ///< nothing was changed
  Found = 3,    ///< pages were lost, or the doctor has warnings
  Broken = 4,   ///< the doctor has errors
};

/// What all commands share.
struct Context {
  std::string directory = "/"; ///< of --root
  bool json = false;
  std::function<int()> run; ///< the chosen command

  Root root() const { return Root(directory); }
};

/// "plan": which memory to reserve.
void add_plan(CLI::App &app, Context &context);

/// "apply": write the configuration of a reservation.
void add_apply(CLI::App &app, Context &context);

/// "undo": take that back.
void add_undo(CLI::App &app, Context &context);

/// "list": the devices.
void add_list(CLI::App &app, Context &context);

/// "doctor": what is wrong after the boot.
void add_doctor(CLI::App &app, Context &context);

/// "survival": which pages a reboot keeps.
void add_survival(CLI::App &app, Context &context);

} // namespace pmemctl

#endif
