// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl doctor.
#include "commands.hpp"
#include "doctor.hpp"
#include "text.hpp"

#include <algorithm>
#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace pmemctl {

namespace {

/// Keeps the order of members that this file has.
using Json = nlohmann::ordered_json;

const char *name_of(Level level) {
  switch (level) {
  case Level::ok:
    return "ok";
  case Level::warning:
    return "warning";
  case Level::error:
    return "error";
  }
  return "";
}

int run(const Context &context) {
  const Root root = context.root();
  std::vector<Finding> findings = check_memory(root, read_machine(root));
  run_check("devices", findings, [&] {
    for (Finding &finding :
         check_disks(root, find_disks(root), find_dax_devices(root)))
      findings.push_back(std::move(finding));
  });

  Level worst = Level::ok;
  Json list = Json::array();
  for (const Finding &finding : findings) {
    worst = std::max(worst, finding.level);
    list.push_back(
        {{"check", finding.check},
         {"level", name_of(finding.level)},
         {"text", finding.text},
         {"remedy", finding.remedy.empty() ? Json() : Json(finding.remedy)}});
    if (context.json)
      continue;
    std::cout << name_of(finding.level) << ": " << finding.check << ": "
              << printable(finding.text)
              << (finding.remedy.empty() ? "" : "; " + finding.remedy) << '\n';
  }
  if (context.json)
    std::cout << Json{{"worst", name_of(worst)}, {"findings", std::move(list)}}
                     .dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  switch (worst) {
  case Level::ok:
    return Done;
  case Level::warning:
    return Found;
  default:
    return Broken;
  }
}

} // namespace

void add_doctor(CLI::App &app, Context &context) {
  CLI::App *command = app.add_subcommand(
      "doctor", "after the boot: check the memory and the devices");
  command->callback(
      [&context] { context.run = [&context] { return run(context); }; });
}

} // namespace pmemctl
