// SPDX-License-Identifier: GPL-2.0
/// @file
/// bench_report: a table of what pmem_bench has measured.
#include "command.hpp"
#include "descriptor.hpp"
#include "table.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

int main(int argc, char **argv) {
  CLI::App app(
      "Print measurements as a table in Markdown: medians, the ratio of "
      "ours to each other\npeer, bold where it is above 1.03 and the spread, and the "
      "largest spread of a case.",
      "bench_report");
  std::string name, field = "kernel", peer, reasons;
  unsigned decimals = 1;
  double most = 0;
  app.add_option("--value", field,
                 "the field of the file to print; default kernel")
      ->type_name("FIELD");
  app.add_option("--decimals", decimals, "of the medians; default 1")
      ->type_name("N")
      ->transform(dax::whole_number(0, 9));
  app.add_option("--reasons", reasons,
                 "below the table, print why a ratio is above 1.03; lines of "
                 "CASES PEERS TEXT,\nboth regular expressions")
      ->type_name("FILE");
  CLI::Option *const limit =
      app.add_option("--most", most,
                     "instead, print the ratio of each case to one peer, and "
                     "fail if one is larger")
          ->type_name("RATIO")
          ->transform(dax::decimal_number(0, 1e6));
  CLI::Option *const of =
      app.add_option("--peer", peer, "the peer of --most")->type_name("PEER");
  limit->needs(of);
  of->needs(limit);
  app.add_option("FILE", name, "what pmem_bench has printed")
      ->option_text(" ")
      ->required();
  return dax::run_command(app, argc, argv, [&] {
    std::ifstream csv(name);
    if (!csv)
      dax::fail(name);
    const bench::Table table(csv, field);
    if (!*limit) {
      table.write(std::cout, static_cast<int>(decimals));
      if (!reasons.empty()) {
        std::ifstream lines(reasons);
        if (!lines)
          dax::fail(reasons);
        std::cout << '\n';
        table.explain(std::cout, bench::read_reasons(lines));
      }
      return EXIT_SUCCESS;
    }
    bool within = !table.names().empty();
    for (const std::string &each : table.names()) {
      const double ratio = table.ratio(each, peer);
      std::printf("%s: %.3f of %s\n", each.c_str(), ratio, peer.c_str());
      within = within && ratio <= most;
    }
    return within ? EXIT_SUCCESS : EXIT_FAILURE;
  });
}
