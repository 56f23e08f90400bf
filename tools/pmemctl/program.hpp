// SPDX-License-Identifier: GPL-2.0
/// @file
/// The program pmemctl as a function, for its tests.
#ifndef PMEMCTL_PROGRAM_HPP
#define PMEMCTL_PROGRAM_HPP

namespace pmemctl {

/// Runs pmemctl.
/// @param argc of main()
/// @param argv of main()
/// @return the exit status, see commands.hpp
int run_program(int argc, char **argv);

} // namespace pmemctl

#endif
