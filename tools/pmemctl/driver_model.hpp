// SPDX-License-Identifier: GPL-2.0
/// @file
/// For tests: the driver's own checks of memory, layout.c and reserved.c, on a machine
/// that has booted with memmap=.
#ifndef PMEMCTL_DRIVER_MODEL_HPP
#define PMEMCTL_DRIVER_MODEL_HPP

#include "machine.hpp"

#include <string>

namespace pmemctl {

/// Boots a machine with a range reserved by memmap=, and loads the driver.
/// @param machine   the machine before
/// @param reserved  the range, as the kernel's memparse() reads memmap=SIZE$START
/// @param parameter the driver's parameter ranges=, without the name
/// @return the driver's error message; empty if it accepts
std::string load_driver(const Machine &machine, const Range &reserved,
                        const std::string &parameter);

} // namespace pmemctl

#endif
