// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl: plan a reservation of memory for the driver pmem, set it up, and see what
/// became of it. Start with program.cpp; the manual is pmemctl.1.
#include "program.hpp"

int main(int argc, char **argv) { return pmemctl::run_program(argc, argv); }
