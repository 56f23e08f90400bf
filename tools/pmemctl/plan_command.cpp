// SPDX-License-Identifier: GPL-2.0
/// @file
/// pmemctl plan.
#include "apply.hpp"
#include "command.hpp"
#include "commands.hpp"
#include "plan.hpp"
#include "plan_report.hpp"
#include "size.hpp"

#include <iostream>
#include <memory>
#include <stdexcept>

namespace pmemctl {

namespace {

struct Options {
  Request request;
  int node = 0;
};

/// For CLI::Option::transform(): an amount for parse_size(), made a number of bytes.
CLI::Validator size_text() {
  return CLI::Validator(
      [](std::string &text) {
        try {
          text = std::to_string(parse_size(text));
          return std::string();
        } catch (const std::invalid_argument &error) {
          return std::string(error.what());
        }
      },
      "");
}

int run(const Context &context, const Request &request) {
  const Root root = context.root();
  const Machine machine = read_machine(root);
  check_request(machine, request);
  const Plan result = plan(machine, request, reserved_by(read_record(root)));
  if (result.proposal)
    check_range(machine, result.proposal->range);

  if (context.json)
    write_plan_json(std::cout, result);
  else
    write_plan(std::cout, result);
  if (!result.proposal) {
    std::cerr << "pmemctl: SIZE: " << result.refusal << '\n';
    return Failed;
  }
  return Done;
}

} // namespace

void add_plan(CLI::App &app, Context &context) {
  CLI::App *command = app.add_subcommand(
      "plan", "propose memory to reserve for devices; changes nothing");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("SIZE", options->request.size,
                   "memory for all devices: GiB, or a number with K, M, G or T")
      ->option_text(" ")
      ->required()
      ->transform(size_text());
  CLI::Option *node =
      command
          ->add_option("-n,--node", options->node, "only memory of NUMA node N")
          ->type_name("N")
          ->transform(dax::whole_number(0, 1023));
  command
      ->add_option("-c,--count", options->request.count,
                   "number of devices that share the memory (default 1)")
      ->type_name("N")
      ->transform(dax::whole_number(1, MaxDevices));
  command->callback([&context, options, node] {
    context.run = [&context, options, node] {
      if (node->count())
        options->request.node = options->node;
      return run(context, options->request);
    };
  });
}

} // namespace pmemctl
