// SPDX-License-Identifier: GPL-2.0
/// @file
/// Fuzzes the parser of the parameters and the reader of the first page: an
/// accepted layout keeps the rules, a refused one has an error message.
///
/// An input is up to five lines, for start, size, count, ranges and map,
/// followed by the bytes of the page, which are also the ranges that are found
/// for ranges=auto. Text after a NUL byte in a value is ignored, as in the
/// driver.
#include "infoblock.h"
#include "layout.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

/// Physical address limits: of a small machine, with 4 and with 5 levels of
/// page tables, and above all that parameters can say.
constexpr std::uint64_t Limits[] = {1ULL << 36, 1ULL << 46, 1ULL << 52,
                                    1ULL << 54};

/// Aborts if the condition is false, so that libFuzzer keeps the input.
#define REQUIRE(condition)                                                     \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::cerr << "line " << __LINE__ << ": not so: " #condition "\n";        \
      std::abort();                                                            \
    }                                                                          \
  } while (0)

/// A message that shows whether it was set.
class Message : public pmem_message {
public:
  Message() { std::memset(text, Unset, sizeof(text)); }

  void requireUnset() const {
    REQUIRE(std::all_of(std::begin(text), std::end(text),
                        [](char c) { return c == Unset; }));
  }

  void requireLine() const {
    const std::size_t length = strnlen(text, sizeof(text));
    REQUIRE(length > 0);
    // not cut off: the remedy is at its end
    REQUIRE(length < sizeof(text) - 1);
    REQUIRE(std::none_of(text, text + length,
                         [](unsigned char c) { return c < ' ' || c == 0x7f; }));
  }

private:
  static constexpr char Unset = '\x01';
};

/// Requires 0 without a message, or -EINVAL with one; true for 0.
bool succeeded(int err, const Message &message) {
  if (err == 0) {
    message.requireUnset();
    return true;
  }
  REQUIRE(err == -EINVAL);
  message.requireLine();
  return false;
}

/// The rules for a parsed layout without auto.
void requireParsed(const pmem_layout &layout) {
  REQUIRE(layout.nr <= PMEM_MAX_RANGES);
  unsigned devices = 0;
  for (unsigned i = 0; i < layout.nr; i++) {
    const auto &[range, count, devDax] = layout.shares[i];
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

/// The rules for a checked layout.
void requireChecked(const pmem_layout &layout, std::uint64_t limit,
                    pmem_map_mode map) {
  unsigned index = 0;
  for (unsigned i = 0; i < layout.nr; i++) {
    const auto &[range, count, devDax] = layout.shares[i];
    REQUIRE(range.start + range.size <= limit);
    for (unsigned other = 0; other < i; other++) {
      const pmem_range &before = layout.shares[other].range;
      REQUIRE(range.start + range.size <= before.start ||
              before.start + before.size <= range.start);
    }

    // only the first and the last devices, because 1024 take long
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
                                               PMEM_STRUCT_PAGE_SIZE);
    }
    index += count;
  }
}

void checkLayout(const pmem_layout &layout) {
  requireParsed(layout);
  for (const std::uint64_t limit : Limits)
    for (const pmem_map_mode map : {PMEM_MAP_MEM, PMEM_MAP_DEV}) {
      Message message;
      const pmem_mode mode{map, false, false, false, false};
      const int err = pmem_layout_check(&layout, limit, &mode, &message);
      if (succeeded(err, message))
        requireChecked(layout, limit, map);
    }
}

/// A second parser, which compares numbers as text.
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

/// Requires that the text is accepted as an amount exactly if it is one from
/// 2 MiB to 4096 TiB and a multiple of 2 MiB, and as a count exactly if it is a
/// number from 1 to 1024, for ranges=auto with :dax or without; and that its
/// value is right.
void readText(const char *text) {
  const Number number(text);
  const auto layout = std::make_unique<pmem_layout>();

  const bool small =
      number.isAmount() && number.isAtMost(PMEM_MAX_ADDRESS >> number.shift());
  const std::uint64_t bytes =
      small ? std::stoull(number.digits) << number.shift() : 0;
  for (const bool isStart : {true, false}) {
    Message message;
    const int err = pmem_layout_parse(layout.get(), isStart ? text : "2M",
                                      isStart ? "2M" : text, "1", &message);
    const bool accepted = succeeded(err, message);
    REQUIRE(accepted == (bytes > 0 && bytes % PMEM_ALIGN == 0));
    const pmem_range &range = layout->shares[0].range;
    REQUIRE(!accepted || (isStart ? range.start : range.size) == bytes);
  }

  constexpr std::string_view Suffix = ":dax";
  std::string_view counted(text);
  const bool devDax = counted.size() >= Suffix.size() &&
                      counted.substr(counted.size() - Suffix.size()) == Suffix;
  if (devDax)
    counted.remove_suffix(Suffix.size());
  const Number devices(counted);
  const bool isCount = devices.isCount() &&
                       devices.isAtMost(PMEM_MAX_DEVICES) &&
                       devices.digits != "0";
  // COUNT of auto is the same, except that it cannot contain a comma, a slash
  // or too many zeroes
  const std::string item = std::string("auto/") + text;
  {
    Message message;
    const int err =
        pmem_layout_parse_ranges(layout.get(), item.c_str(), &message);
    const bool accepted = succeeded(err, message);
    REQUIRE(accepted == (isCount && item.size() <= 48));
    REQUIRE(!accepted || std::to_string(layout->auto_count) == devices.digits);
    REQUIRE(!accepted || layout->auto_dev_dax == devDax);
  }
}

/// Adds the ranges that the bytes are to a layout.
void addRanges(pmem_layout &layout, std::string_view bytes) {
  pmem_share added{{}, layout.auto_count, layout.auto_dev_dax};
  pmem_range &range = added.range;
  while (bytes.size() >= sizeof(range)) {
    std::memcpy(&range, bytes.data(), sizeof(range));
    bytes.remove_prefix(sizeof(range));
    // resources of the kernel: whole bytes of 52 bits of address
    range.start %= PMEM_MAX_ADDRESS;
    range.size = 1 + range.size % PMEM_MAX_ADDRESS;

    const unsigned nr = layout.nr;
    Message message;
    const int err = pmem_layout_add(&layout, &added, &message);
    if (!succeeded(err, message)) {
      REQUIRE(layout.nr == nr);
      continue;
    }
    REQUIRE(layout.nr == nr + 1);
    const auto &[got, count, devDax] = layout.shares[nr];
    REQUIRE(count == layout.auto_count && devDax == layout.auto_dev_dax);
    REQUIRE(got.start >= range.start && got.start - range.start < PMEM_ALIGN);
    REQUIRE(got.start + got.size <= range.start + range.size);
    // and no larger devices fit
    REQUIRE(got.start + got.size + count * PMEM_ALIGN >
            range.start + range.size);
  }
}

void readPage(std::string_view bytes) {
  // on the heap with its exact size, so that the sanitizer sees overruns
  const auto page = std::make_unique<char[]>(PMEM_INFOBLOCK_SIZE);
  const auto copy = bytes.copy(page.get(), std::size_t{PMEM_INFOBLOCK_SIZE});
  const std::string before(page.get(), PMEM_INFOBLOCK_SIZE);

  const u64 written = (copy + 3) * PMEM_ALIGN;
  u64 size = 0, again = 0;
  std::array<u8, PMEM_UUID_SIZE> uuid{}, uuidAgain{};
  const bool found = pmem_infoblock_found(page.get(), &size, uuid.data());
  REQUIRE(before == std::string_view(page.get(), PMEM_INFOBLOCK_SIZE));
  if (found) {
    // nothing else is in the page
    pmem_infoblock_fill(page.get(), size, uuid.data());
    REQUIRE(before == std::string_view(page.get(), PMEM_INFOBLOCK_SIZE));
  } else {
    REQUIRE(size == 0 && uuid == uuidAgain);
  }

  std::copy_n(before.begin(), uuid.size(), uuid.begin());
  pmem_infoblock_fill(page.get(), written, uuid.data());
  REQUIRE(pmem_infoblock_found(page.get(), &again, uuidAgain.data()));
  REQUIRE(again == written && uuidAgain == uuid);
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

  // on the heap, as the page is
  const auto layout = std::make_unique<pmem_layout>();
  std::memset(layout.get(), 0xa5, sizeof(*layout));
  {
    Message message;
    const int err = pmem_layout_parse(layout.get(), start.c_str(),
                                      length.c_str(), count.c_str(), &message);
    if (succeeded(err, message)) {
      REQUIRE(layout->nr == 1 && layout->auto_count == 0);
      checkLayout(*layout);
    }
  }
  {
    Message message;
    const int err =
        pmem_layout_parse_ranges(layout.get(), ranges.c_str(), &message);
    if (succeeded(err, message)) {
      REQUIRE((layout->nr == 0) == (layout->auto_count > 0));
      if (layout->auto_count > 0)
        addRanges(*layout, rest);
      checkLayout(*layout);
    }
  }
  {
    Message message;
    pmem_mode mode{};
    const int err = pmem_parse_map(place.c_str(), &mode, &message);
    if (succeeded(err, message))
      REQUIRE(place.c_str() == std::string_view(mode.format ? "dev,format"
                                                : mode.map == PMEM_MAP_DEV
                                                    ? "dev"
                                                    : "mem"));
  }
  readPage(rest);
  return 0;
}
