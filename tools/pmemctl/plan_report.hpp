// SPDX-License-Identifier: GPL-2.0
/// @file
/// The output of "pmemctl plan": a table and what to type next, or JSON.
#ifndef PMEMCTL_PLAN_REPORT_HPP
#define PMEMCTL_PLAN_REPORT_HPP

#include "plan.hpp"

#include <ostream>

namespace pmemctl {

/// Writes a table of the candidates, the parameters of the proposal and the notes.
/// @param out  where to write it
/// @param plan the plan
void write_plan(std::ostream &out, const Plan &plan);

/// Writes one JSON object (RFC 8259).
/// @param out  where to write it
/// @param plan the plan
void write_plan_json(std::ostream &out, const Plan &plan);

} // namespace pmemctl

#endif
