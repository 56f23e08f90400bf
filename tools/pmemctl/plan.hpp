// SPDX-License-Identifier: GPL-2.0
/// @file
/// Which memory to reserve with memmap=, and why not other memory.
///
/// RAM for firmware is cut where something is in the way, and at the boundaries of
/// NUMA nodes. Each part that is left can take the range or cannot, with a reason. A
/// part is better if the range begins at a multiple of 1 GiB in it, does not reach the
/// end of RAM, and leaves much RAM on its node; in a part, the highest place is taken,
/// because the kernel needs low memory most.
///
/// All functions here compute their result from their arguments.
#ifndef PMEMCTL_PLAN_HPP
#define PMEMCTL_PLAN_HPP

#include "machine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pmemctl {

/// What a user asks for.
struct Request {
  std::uint64_t size = 0;  ///< bytes for all devices, a multiple of 2 MiB
  unsigned count = 1;      ///< devices
  std::optional<int> node; ///< the only node to use
};

/// A part of the RAM of firmware.
struct Candidate {
  Range range;
  std::optional<int> node; ///< nothing if it is unknown
  bool taken = false;
  std::string reason; ///< why it was taken or not
};

/// The range to reserve.
struct Proposal {
  Range range;
  std::optional<int> node;
  unsigned count;
  bool is_reserved; ///< the running kernel has it reserved already

  /// The kernel's parameter, without escapes: "memmap=32G$32G".
  std::string memmap() const;
  /// The driver's parameter: "ranges=32G@32G/4".
  std::string ranges() const;
};

/// The answer to a request.
struct Plan {
  std::vector<Candidate> candidates; ///< by start
  std::optional<Proposal> proposal;
  std::vector<std::string> notes; ///< what to know or check
  std::string refusal; ///< why there is no proposal; empty if there is one
};

/// Checks a request by itself, as the driver's layout.c does, and that its node exists.
/// @param machine the machine
/// @param request the request
/// @throws std::invalid_argument with the option, the value, the reason and the remedy
void check_request(const Machine &machine, const Request &request);

/// Checks a range as the driver will after a boot with memmap=: below the address
/// limit, RAM for firmware, and nobody else's, such as memory of memmap=nn!ss.
/// @param machine the machine
/// @param range   the range, aligned to 2 MiB
/// @throws std::invalid_argument with the range, the reason and the remedy
void check_range(const Machine &machine, const Range &range);

/// Checks that the kernel can boot without a range, unless it already has, and that
/// another reservation of the running kernel does not lose a part to it.
/// @param machine  the machine
/// @param range    a range that @ref check_range accepts
/// @param given_up an earlier reservation, which the kernel gets back
/// @throws std::invalid_argument with the range, the reason and the remedy
void check_rest(const Machine &machine, const Range &range,
                const Ranges &given_up = {});

/// What to know of a range besides: that the running kernel has reserved it, perhaps for
/// another driver; or that it is in low memory, kernels that place themselves in it, and
/// too many ranges for KASLR.
/// @param machine  the machine
/// @param range    the range
/// @param given_up an earlier reservation of pmemctl
std::vector<std::string> notes_on(const Machine &machine, const Range &range,
                                  const Ranges &given_up = {});

/// Proposes a range.
/// @param machine  the machine
/// @param request  a request that @ref check_request accepts
/// @param given_up an earlier reservation of pmemctl, which apply would replace
Plan plan(const Machine &machine, const Request &request,
          const Ranges &given_up = {});

} // namespace pmemctl

#endif
