// SPDX-License-Identifier: GPL-2.0
/// @file
/// Any text as the driver's parameters, any bytes as the first page of its
/// memory: what is accepted keeps the rules, what is refused is told why.
///
/// An input is up to five lines, start, size, count, ranges and map, which is
/// what a module could be given; what follows them is the page. The driver's
/// text ends at a NUL byte, so a value may have one, and what is behind it does
/// not count.
#include "infoblock.h"
#include "layout.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

/// Where physical addresses end: on a small machine, with 4 and with 5 levels
/// of page tables, and as far as numbers go.
constexpr std::uint64_t Limits[] = {1ULL << 36, 1ULL << 46, 1ULL << 52,
                                    0xffffffffffe00000};

/// Ends with what is wrong, for libFuzzer to catch and keep the input.
#define REQUIRE(condition)                                                     \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::cerr << "line " << __LINE__ << ": not so: " #condition "\n";        \
      std::abort();                                                            \
    }                                                                          \
  } while (0)

/// A complaint that shows whether it was written to.
class Complaint : public pmem_complaint {
public:
  Complaint() { std::memset(text, Unset, sizeof(text)); }

  void requireUnset() const {
    REQUIRE(std::all_of(std::begin(text), std::end(text),
                        [](char c) { return c == Unset; }));
  }

  void requireLine() const {
    const std::size_t length = strnlen(text, sizeof(text));
    REQUIRE(length > 0);
    // cut off nowhere: the advice is at the end
    REQUIRE(length < sizeof(text) - 1);
    REQUIRE(std::none_of(text, text + length,
                         [](unsigned char c) { return c < ' ' || c == 0x7f; }));
  }

private:
  static constexpr char Unset = '\x01';
};

/// Whether an answer is one of those that the function is documented to give.
bool answered(int err, const Complaint &complaint,
              std::initializer_list<int> documented) {
  if (err == 0) {
    complaint.requireUnset();
    return true;
  }
  REQUIRE(std::find(documented.begin(), documented.end(), err) !=
          documented.end());
  complaint.requireLine();
  return false;
}

/// What the text alone has to give.
void requireParsed(const pmem_layout &layout) {
  REQUIRE(layout.nr >= 1 && layout.nr <= PMEM_MAX_RANGES);
  unsigned devices = 0;
  for (unsigned i = 0; i < layout.nr; i++) {
    const auto &[range, count] = layout.shares[i];
    REQUIRE(range.start % PMEM_ALIGN == 0);
    REQUIRE(range.size % PMEM_ALIGN == 0);
    REQUIRE(range.size > 0);
    REQUIRE(range.start + range.size > range.start);
    REQUIRE(count >= 1 && count <= PMEM_MAX_DEVICES);
    REQUIRE(range.size % count == 0);
    REQUIRE(range.size / count % PMEM_ALIGN == 0);
    devices += count;
  }
  REQUIRE(devices <= PMEM_MAX_DEVICES);
  REQUIRE(pmem_layout_count(&layout) == devices);
}

/// What a layout has to be that devices are made of.
void requireChecked(const pmem_layout &layout, std::uint64_t limit,
                    pmem_map_mode map) {
  unsigned index = 0;
  for (unsigned i = 0; i < layout.nr; i++) {
    const auto &[range, count] = layout.shares[i];
    REQUIRE(range.start + range.size <= limit);
    for (unsigned other = 0; other < i; other++) {
      const pmem_range &before = layout.shares[other].range;
      REQUIRE(range.start + range.size <= before.start ||
              before.start + before.size <= range.start);
    }

    // the first devices and the last, because 65536 take long
    for (unsigned n = 0; n < count;
         n = n == 8 ? std::max(9U, count - 8) : n + 1) {
      const pmem_range device = pmem_layout_device(&layout, index + n);
      REQUIRE(device.size == range.size / count);
      REQUIRE(device.start == range.start + n * device.size);

      const std::uint64_t offset = pmem_data_offset(device.size, map);
      REQUIRE(offset % PMEM_ALIGN == 0);
      REQUIRE(offset < device.size);
      REQUIRE(map == PMEM_MAP_MEM
                  ? offset == 0
                  : offset >= PMEM_ALIGN + device.size / PMEM_PAGE_SIZE *
                                               PMEM_DESCRIPTOR_SIZE);
    }
    index += count;
  }
}

/// What is written of an amount is read as the same.
void requireReadBack(std::uint64_t bytes) {
  char text[24];
  std::memset(text, 'x', sizeof(text));
  REQUIRE(pmem_format_size(text, sizeof(text), bytes) == text);
  REQUIRE(strnlen(text, sizeof(text)) < sizeof(text));
  __u64 again = ~bytes;
  REQUIRE(pmem_parse_size(text, &again) == 0);
  REQUIRE(again == bytes);
}

void checkLayout(const pmem_layout &layout) {
  requireParsed(layout);
  for (unsigned i = 0; i < layout.nr; i++) {
    requireReadBack(layout.shares[i].range.start);
    requireReadBack(layout.shares[i].range.size);
  }
  for (const std::uint64_t limit : Limits)
    for (const pmem_map_mode map : {PMEM_MAP_MEM, PMEM_MAP_DEV}) {
      Complaint complaint;
      const int err = pmem_layout_check(&layout, limit, map, &complaint);
      if (answered(err, complaint, {-EINVAL, -ERANGE}))
        requireChecked(layout, limit, map);
    }
}

/// A number by another way than arithmetic: compared as text.
struct Number {
  std::string digits;
  std::string_view unit;

  explicit Number(std::string_view text)
      : digits(text.substr(0, text.find_first_not_of("0123456789"))),
        unit(text.substr(digits.size())) {
    isNumber = !digits.empty();
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  }

  bool isAmount() const {
    return isNumber && (unit.empty() || (unit.size() == 1 && shift()));
  }

  bool isCount() const { return isNumber && unit.empty(); }

  unsigned shift() const {
    const std::size_t at = std::string_view("KkMmGgTt").find(unit);
    return unit.empty() ? 30 : at < 8 ? 10 + at / 2 * 10 : 0;
  }

  bool isAtMost(std::uint64_t most) const {
    const std::string other = std::to_string(most);
    return digits.size() < other.size() ||
           (digits.size() == other.size() && digits <= other);
  }

private:
  bool isNumber;
};

void readText(const char *text) {
  const Number number(text);

  __u64 bytes;
  int err = pmem_parse_size(text, &bytes);
  if (!number.isAmount()) {
    // too large, with something behind it, may be either
    REQUIRE(err == -EINVAL || (err == -ERANGE && !number.isAtMost(UINT64_MAX)));
  } else if (!number.isAtMost(UINT64_MAX >> number.shift())) {
    REQUIRE(err == -ERANGE);
  } else {
    REQUIRE(err == 0);
    REQUIRE(std::to_string(bytes >> number.shift()) == number.digits);
    requireReadBack(bytes);
  }

  unsigned count;
  err = pmem_parse_count(text, &count);
  if (!number.isCount()) {
    REQUIRE(err == -EINVAL || (err == -ERANGE && !number.isAtMost(UINT64_MAX)));
  } else if (!number.isAtMost(UINT32_MAX)) {
    REQUIRE(err == -ERANGE);
  } else {
    REQUIRE(err == 0);
    REQUIRE(std::to_string(count) == number.digits);
  }
}

void readPage(std::string_view bytes) {
  // on the heap and just as large, so that reading past its end is seen
  const auto page = std::make_unique<char[]>(PMEM_INFOBLOCK_SIZE);
  const auto copy = bytes.copy(page.get(), std::size_t{PMEM_INFOBLOCK_SIZE});
  const std::string before(page.get(), PMEM_INFOBLOCK_SIZE);

  const char *content = pmem_content(page.get());
  REQUIRE(!content || *content);
  const __u64 written = (copy + 3) * PMEM_ALIGN;
  __u64 size = 0, again = 0;
  const int found = pmem_infoblock_found(page.get(), &size);
  REQUIRE(found == 0 || found == 1);
  REQUIRE(found ? size >= 3 * PMEM_ALIGN && size % PMEM_ALIGN == 0 : size == 0);
  REQUIRE(before == std::string_view(page.get(), PMEM_INFOBLOCK_SIZE));

  pmem_infoblock_fill(page.get(), written);
  REQUIRE(pmem_infoblock_found(page.get(), &again) == 1);
  REQUIRE(again == written);
  REQUIRE(pmem_content(page.get()) == nullptr);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  std::string_view rest(reinterpret_cast<const char *>(data), size);
  std::array<std::string, 5> values;
  for (std::string &value : values) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    value = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    readText(value.c_str());
  }
  const auto &[start, length, count, ranges, place] = values;

  // on the heap for the same reason as the page
  const auto layout = std::make_unique<pmem_layout>();
  {
    Complaint complaint;
    const int err = pmem_layout_parse(
        layout.get(), start.c_str(), length.c_str(), count.c_str(), &complaint);
    if (answered(err, complaint, {-EINVAL, -ERANGE})) {
      REQUIRE(layout->nr == 1);
      checkLayout(*layout);
    }
  }
  {
    Complaint complaint;
    const int err =
        pmem_layout_parse_ranges(layout.get(), ranges.c_str(), &complaint);
    if (answered(err, complaint, {-EINVAL, -ERANGE, -E2BIG}))
      checkLayout(*layout);
  }
  {
    Complaint complaint;
    pmem_map_mode map = PMEM_MAP_MEM;
    const int err = pmem_parse_map(place.c_str(), &map, &complaint);
    if (answered(err, complaint, {-EINVAL}))
      REQUIRE(place.c_str() ==
              std::string_view(map == PMEM_MAP_DEV ? "dev" : "mem"));
  }
  readPage(rest);
  return 0;
}
