// SPDX-License-Identifier: GPL-2.0
#include "plan_report.hpp"

#include "size.hpp"
#include "table.hpp"

#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

Json node_of(const std::optional<int> &node) {
  return node ? Json(*node) : Json();
}

} // namespace

void write_plan(std::ostream &out, const Plan &plan) {
  std::vector<std::vector<std::string>> rows;
  for (const Candidate &candidate : plan.candidates)
    rows.push_back({hex(candidate.range.start), hex(candidate.range.end - 1),
                    rounded(candidate.range.size()),
                    candidate.node ? std::to_string(*candidate.node) : "",
                    candidate.reason});
  write_columns(
      out, {{"START"}, {"LAST"}, {"SIZE", true}, {"NODE", true}, {"REASON"}},
      rows);
  if (!plan.proposal)
    return;

  const Proposal &proposal = *plan.proposal;
  out << '\n'
      << "kernel command line: " << proposal.memmap() << '\n'
      << "driver:              modprobe pmem " << proposal.ranges() << '\n';
  for (const std::string &note : plan.notes)
    out << "note: " << note << '\n';
  if (!proposal.is_reserved)
    out << "next: pmemctl apply " << proposal.ranges().substr(7) << '\n';
}

void write_plan_json(std::ostream &out, const Plan &plan) {
  Json candidates = Json::array();
  for (const Candidate &candidate : plan.candidates)
    candidates.push_back({{"start", candidate.range.start},
                          {"size", candidate.range.size()},
                          {"node", node_of(candidate.node)},
                          {"taken", candidate.taken},
                          {"reason", candidate.reason}});
  Json object{{"candidates", std::move(candidates)}, {"proposal", Json()}};
  if (const auto &proposal = plan.proposal)
    object["proposal"] = {
        {"start", proposal->range.start},    {"size", proposal->range.size()},
        {"node", node_of(proposal->node)},   {"count", proposal->count},
        {"reserved", proposal->is_reserved}, {"memmap", proposal->memmap()},
        {"driver", proposal->ranges()}};
  else
    object["refusal"] = plan.refusal;
  object["notes"] = plan.notes;
  out << object.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace pmemctl
