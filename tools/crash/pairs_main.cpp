// SPDX-License-Identifier: GPL-2.0
/// @file
/// crash-pairs: prints a script of pairs of operations.
#include "command.hpp"
#include "pairs.hpp"
#include "random.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

int main(int argc, char **argv) {
  CLI::App app(
      "Print a script for crash-play: pairs of operations, in an order that "
      "the seed\nchooses.",
      "crash-pairs");
  std::uint64_t count = 1000000, seed = 1;
  app.add_option("--count", count, "at most N pairs; default all")
      ->type_name("N")
      ->transform(dax::whole_number(1, 1000000));
  app.add_option("--seed", seed, "default 1")
      ->type_name("N")
      ->transform(dax::whole_number(0, UINT32_MAX));
  return dax::run_command(app, argc, argv, [&] {
    auto pairs = crash::all_pairs();
    dax::Random random(seed);
    for (std::size_t i = pairs.size(); i > 1; i--)
      std::swap(pairs[i - 1], pairs[random.below(i)]);
    pairs.resize(std::min<std::size_t>(pairs.size(), count));
    std::printf("# %zu pairs of operations\n", pairs.size());
    for (const auto &pair : pairs)
      for (const crash::Step &step : pair)
        std::printf("%s\n", crash::text_of(step).c_str());
    return EXIT_SUCCESS;
  });
}
