// SPDX-License-Identifier: GPL-2.0
#include "sizes.hpp"

#include <algorithm>

namespace aging {

namespace {

using dax::Random;

/// The default of Impressions: a lognormal body and a Pareto tail. From Agrawal,
/// Arpaci-Dusseau and Arpaci-Dusseau, "Generating Realistic Impressions for
/// File-System Benchmarking", FAST 2009, with the data of Agrawal, Bolosky, Douceur
/// and Lorch, "A Five-Year Study of File-System Metadata", FAST 2007.
double draw_agrawal(Random &random) {
  constexpr double Body = 0.99994;
  constexpr double Mu = 9.48, Sigma = 2.46;
  constexpr double Shape = 0.91, Scale = 512.0 * MiB;

  if (random.unit() < Body)
    return random.lognormal(Mu, Sigma);
  return random.pareto(Shape, Scale);
}

/// Many small files, and a few large ones with most of the bytes.
double draw_baseline(Random &random) {
  const double share = random.unit();

  if (share < 0.70)
    return random.log_uniform(4 * KiB, 256 * KiB);
  if (share < 0.95)
    return random.log_uniform(256 * KiB, 4 * MiB);
  return random.log_uniform(4 * MiB, 64 * MiB);
}

constexpr Distribution All[] = {
    {"agrawal",
     "lognormal(9.48, 2.46), 0.006 % Pareto(0.91, 512 MiB): Agrawal et al., "
     "FAST '07 and '09",
     draw_agrawal},
    {"baseline",
     "70 % of 4 to 256 KiB, 25 % to 4 MiB, 5 % to 64 MiB, log-uniform in each",
     draw_baseline},
};

} // namespace

std::span<const Distribution> distributions() { return All; }

const Distribution *find_distribution(std::string_view name) {
  const auto *found = std::ranges::find(All, name, &Distribution::name);
  return found == std::end(All) ? nullptr : found;
}

std::uint64_t draw_size(const Distribution &distribution, Random &random,
                        std::uint64_t largest) {
  const double size = distribution.draw(random);
  // compare before the conversion, which overflows for a large double
  if (size >= static_cast<double>(largest))
    return largest;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(size));
}

} // namespace aging
