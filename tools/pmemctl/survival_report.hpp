// SPDX-License-Identifier: GPL-2.0
/// @file
/// The output of "pmemctl survival": text or JSON.
#ifndef PMEMCTL_SURVIVAL_REPORT_HPP
#define PMEMCTL_SURVIVAL_REPORT_HPP

#include "survival.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace pmemctl {

/// Writes the counts, the runs of lost pages and the map.
/// @param out      where to write it
/// @param name     of the device
/// @param seed     of the pattern; nothing if no page has one
/// @param survival the result
void write_survival(std::ostream &out, const std::string &name,
                    std::optional<std::uint64_t> seed,
                    const Survival &survival);

/// Writes one JSON object (RFC 8259) with the same.
void write_survival_json(std::ostream &out, const std::string &name,
                         std::optional<std::uint64_t> seed,
                         const Survival &survival);

} // namespace pmemctl

#endif
