// SPDX-License-Identifier: GPL-2.0
/// @file
/// Compiles reserved.c of the driver as C++, with a model of the kernel's memory maps.
#include "driver_model.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include <linux/kernel.h>
#include <linux/types.h>

#include "layout.h"

// pmem.h of the driver includes what only the kernel has; this stands in for it, and
// for the kernel's headers
#define _PMEM_H

#define BIT_ULL(n) (1ULL << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE 4096ULL
#define U64_MAX (~0ULL)
#define pr_info(...) static_cast<void>(0)
#define pr_debug(...) static_cast<void>(0)
#define pr_err(format, text) static_cast<void>(last_error = (text))
#define strscpy(to, from) snprintf(to, sizeof(to), "%s", from)

namespace {

std::string last_error;

enum e820_type {
  E820_TYPE_RAM,
  E820_TYPE_RESERVED,
  E820_TYPE_ACPI,
  E820_TYPE_NVS,
  E820_TYPE_UNUSABLE,
  E820_TYPE_PMEM,
  E820_TYPE_PRAM,
  E820_TYPE_SOFT_RESERVED,
};

enum { IORESOURCE_BUSY = 1, IORESOURCE_SYSTEM_RAM = 2, IORESOURCE_MEM = 4 };
enum { IORES_DESC_NONE, IORES_DESC_RESERVED, IORES_DESC_PERSISTENT_MEMORY };
enum { REGION_INTERSECTS, REGION_DISJOINT, REGION_MIXED };

struct resource {
  u64 start, end;
};

struct range {
  u64 start, end;
};

struct {
  unsigned x86_phys_bits;
} boot_cpu_data;

pmemctl::Ranges firmware_ram, kernel_ram, kernel_reserved, kernel_pram;
u64 kernel_limit;

bool overlaps(const pmemctl::Ranges &ranges, u64 start, u64 end) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto &r) {
    return r.overlaps({start, end});
  });
}

bool e820__mapped_raw_any(u64 start, u64 end, e820_type type) {
  return type == E820_TYPE_RAM && overlaps(firmware_ram, start, end);
}

bool e820__mapped_any(u64 start, u64 end, e820_type type) {
  if (type == E820_TYPE_RAM)
    return overlaps(kernel_ram, start, end);
  if (type == E820_TYPE_PRAM)
    return overlaps(kernel_pram, start, end);
  return type == E820_TYPE_RESERVED && overlaps(kernel_reserved, start, end);
}

int region_intersects(u64 start, u64 size, unsigned long flags, int) {
  return flags == IORESOURCE_SYSTEM_RAM &&
                 overlaps(kernel_ram, start, start + size)
             ? REGION_INTERSECTS
             : REGION_DISJOINT;
}

[[maybe_unused]] int walk_iomem_res_desc(int, int, u64, u64, void *data,
                                         int (*found)(resource *, void *)) {
  for (const pmemctl::Range &reserved : kernel_reserved) {
    resource res{reserved.start, reserved.end - 1};
    if (const int err = found(&res, data))
      return err;
  }
  return 0;
}

range mhp_get_pluggable_range(bool) { return {0, kernel_limit - 1}; }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "reserved.c"
#pragma GCC diagnostic pop

} // namespace

namespace pmemctl {

std::string load_driver(const Machine &machine, const Range &reserved,
                        const std::string &parameter) {
  firmware_ram = machine.firmware_ram;
  // where both overlap, memmap=nn!ss wins over memmap=nn$ss
  kernel_pram = machine.named("Persistent Memory (legacy)");
  kernel_ram = without(without(firmware_ram, {reserved}), kernel_pram);
  kernel_reserved = without(common(firmware_ram, {reserved}), kernel_pram);
  kernel_limit = machine.limit;
  boot_cpu_data.x86_phys_bits = 52;
  last_error.clear();

  pmem_layout layout;
  pmem_message message{};
  if (pmem_layout_parse_ranges(&layout, parameter.c_str(), &message))
    return message.text;
  const pmem_mode mode{};
  if (pmem_check_memory(&layout, &mode))
    return last_error;
  return "";
}

} // namespace pmemctl
