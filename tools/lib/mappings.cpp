// SPDX-License-Identifier: GPL-2.0
#include "mappings.hpp"

#include "descriptor.hpp"

#include <array>
#include <charconv>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace dax {

namespace {

#ifdef PAGEMAP_SCAN
using ScanArgument = pm_scan_arg;
using ScanRegion = page_region;
constexpr unsigned long Scan = PAGEMAP_SCAN;
constexpr std::uint64_t IsPresent = PAGE_IS_PRESENT;
constexpr std::uint64_t IsHuge = PAGE_IS_HUGE;
#else
// Headers of Linux before 6.7 do not define it; the running kernel can have it.
struct ScanRegion {
  std::uint64_t start, end, categories;
};
struct ScanArgument {
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  std::uint64_t category_inverted, category_mask, category_anyof_mask;
  std::uint64_t return_mask;
};
constexpr unsigned long Scan = _IOWR('f', 16, ScanArgument);
constexpr std::uint64_t IsPresent = 1 << 3;
constexpr std::uint64_t IsHuge = 1 << 6;
#endif

std::string in_proc(pid_t pid, const char *name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

/// The contents of a file in /proc, whose size is not known.
std::string contents(const std::string &name) {
  const Descriptor file(name, O_RDONLY);
  std::string text;
  std::array<char, 1 << 16> buffer;
  ssize_t length;
  while ((length = read(file.get(), buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), length);
  if (length < 0)
    fail(name);
  return text;
}

Mapped scan(const Descriptor &pagemap, const std::string &name,
            std::uint64_t start, std::uint64_t end) {
  std::array<ScanRegion, 512> regions;
  ScanArgument argument{};
  argument.size = sizeof(argument);
  argument.end = end;
  argument.vec = reinterpret_cast<std::uintptr_t>(regions.data());
  argument.vec_len = regions.size();
  argument.category_mask = IsPresent;
  argument.return_mask = IsPresent | IsHuge;

  Mapped mapped;
  for (; start < end; start = argument.walk_end) {
    argument.start = start;
    const int count = ioctl(pagemap.get(), Scan, &argument);
    if (count < 0)
      fail("PAGEMAP_SCAN of " + name);
    for (int i = 0; i < count; i++)
      (regions[i].categories & IsHuge ? mapped.huge : mapped.base) +=
          regions[i].end - regions[i].start;
  }
  return mapped;
}

/// Removes a number and the character after it from the start of a line.
/// @return whether both were there
template <typename Number>
bool take(std::string_view &line, Number &number, int base, char next) {
  const auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), number, base);
  line.remove_prefix(end - line.data());
  if (error != std::errc() || !line.starts_with(next))
    return false;
  line.remove_prefix(1);
  return true;
}

} // namespace

Mapped &Mapped::operator+=(const Mapped &other) {
  huge += other.huge;
  base += other.base;
  return *this;
}

std::optional<Area> parse_area(std::string_view line) {
  Area area;
  unsigned major_number, minor_number;
  std::uint64_t offset;
  if (!take(line, area.start, 16, '-') || !take(line, area.end, 16, ' ') ||
      line.size() < 5 || line[4] != ' ')
    return {};
  line.remove_prefix(5); // permissions
  if (!take(line, offset, 16, ' ') || !take(line, major_number, 16, ':') ||
      !take(line, minor_number, 16, ' ') || !take(line, area.inode, 10, ' '))
    return {};
  area.device = makedev(major_number, minor_number);
  return area;
}

Mapped mapped_in(pid_t pid, std::uint64_t start, std::uint64_t end) {
  const std::string name = in_proc(pid, "pagemap");
  return scan(Descriptor(name, O_RDONLY), name, start, end);
}

Mapped mapped_of(pid_t pid, dev_t device, ino_t inode) {
  const std::string name = in_proc(pid, "pagemap");
  const Descriptor pagemap(name, O_RDONLY);
  const std::string areas = contents(in_proc(pid, "maps"));

  Mapped mapped;
  for (std::size_t at = 0; at < areas.size();) {
    const std::size_t end = areas.find('\n', at);
    const auto area = parse_area(std::string_view(areas).substr(at, end - at));
    if (area && area->device == device && area->inode == inode)
      mapped += scan(pagemap, name, area->start, area->end);
    at = end == areas.npos ? end : end + 1;
  }
  return mapped;
}

} // namespace dax
