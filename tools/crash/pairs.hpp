// SPDX-License-Identifier: GPL-2.0
/// @file
/// Pairs of operations: short sequences have found many bugs of crashes ("Finding
/// Crash-Consistency Bugs with Bounded Black-Box Crash Testing", OSDI 2018; Chipmunk,
/// EuroSys 2023).
#ifndef CRASH_PAIRS_HPP
#define CRASH_PAIRS_HPP

#include "script.hpp"

#include <vector>

namespace crash {

/// All pairs of operations on a file of 8 KiB and a second name, that are possible one
/// after the other. Each pair is in a new directory, ends with a promise, and is removed.
/// @return the steps of each pair
std::vector<std::vector<Step>> all_pairs();

} // namespace crash

#endif
