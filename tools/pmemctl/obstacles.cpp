// SPDX-License-Identifier: GPL-2.0
#include "obstacles.hpp"

#include "size.hpp"

namespace pmemctl {

bool has_fixed_crash_kernel(const Machine &machine) {
  return machine.parameter("crashkernel").value_or("").find('@') !=
         std::string::npos;
}

bool is_foreign(const Resource &resource) {
  return resource.name != "System RAM" && !resource.is_reserved();
}

std::vector<Blocker> fixed_blockers(const Machine &machine) {
  std::vector<Blocker> blockers;
  blockers.push_back(
      {{0, LowEnd}, "below 4 GiB, where devices and the kernel need RAM"});
  blockers.push_back({{machine.limit, ~0ULL},
                      "above " + exact(machine.limit) +
                          ", the physical address limit of this machine"});
  if (machine.initrd)
    blockers.push_back(
        {*machine.initrd,
         "the boot loader put the initial RAM disk here, and ignores memmap="});
  const auto kernel = machine.kernel_image();
  if (kernel && !machine.has_kaslr())
    blockers.push_back({*kernel, "the kernel is here, and nokaslr fixes it"});
  if (has_fixed_crash_kernel(machine))
    for (const Range &range : machine.named("Crash kernel"))
      blockers.push_back(
          {range, "crashkernel= fixes the crash kernel here with @"});

  std::string parent;
  for (const Resource &resource : machine.resources) {
    if (resource.depth == 0)
      parent = resource.name;
    const bool is_user = resource.depth == 0
                             ? is_foreign(resource)
                             : resource.depth == 1 && parent != "System RAM";
    if (is_user)
      blockers.push_back(
          {resource.range, "in use: " + resource.name + " in /proc/iomem"});
  }
  return blockers;
}

std::vector<Blocker> moving_blockers(const Machine &machine) {
  std::vector<Blocker> blockers;
  const auto kernel = machine.kernel_image();
  if (kernel && machine.has_kaslr())
    blockers.push_back({*kernel, "the kernel is here now"});
  if (!has_fixed_crash_kernel(machine))
    for (const Range &range : machine.named("Crash kernel"))
      blockers.push_back({range, "the crash kernel is here now"});
  return blockers;
}

} // namespace pmemctl
