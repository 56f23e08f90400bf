// SPDX-License-Identifier: GPL-2.0
#include "block_device.hpp"

#include "descriptor.hpp"

#include <cerrno>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace dax {

namespace {

namespace fs = std::filesystem;

/// The contents of a file in sysfs, without the newline.
/// @throws std::system_error if it cannot be read
std::string text_in(const fs::path &file) {
  char text[256];
  const Descriptor descriptor(file, O_RDONLY);
  const ssize_t length = read(descriptor.get(), text, sizeof(text));
  if (length < 0)
    fail(file);
  return std::string(text,
                     length && text[length - 1] == '\n' ? length - 1 : length);
}

/// The number that a text consists of: decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> number_of(std::string_view text) {
  const bool is_hex = text.substr(0, 2) == "0x";
  text.remove_prefix(is_hex ? 2 : 0);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(
      text.data(), text.data() + text.size(), number, is_hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size())
    return {};
  return number;
}

[[noreturn]] void unexpected(const fs::path &file, const std::string &text,
                             const char *expected) {
  throw std::runtime_error(file.string() + ": \"" + text + "\": expected " +
                           expected);
}

/// The number that a file consists of.
/// @throws std::runtime_error if it is not a number
std::uint64_t number_in(const fs::path &file) {
  const std::string text = text_in(file);
  const auto number = number_of(text);
  if (!number)
    unexpected(file, text, "a number");
  return *number;
}

/// The device number in a file.
/// @throws std::runtime_error if there is none
dev_t device_in(const fs::path &file) {
  const std::string text = text_in(file);
  const std::string_view view(text);
  const std::size_t colon = view.find(':');
  if (colon == view.npos)
    unexpected(file, text, "MAJOR:MINOR");
  const auto major_number = number_of(view.substr(0, colon));
  const auto minor_number = number_of(view.substr(colon + 1));
  if (!major_number || !minor_number)
    unexpected(file, text, "MAJOR:MINOR");
  return makedev(*major_number, *minor_number);
}

/// The table of a device, or why it cannot be read.
decltype(Device::what) table_of(dev_t number, const TableReader &read_table) {
  try {
    return read_table(number);
  } catch (const std::system_error &problem) {
    const int error = problem.code().value();
    return Unknown{std::string("cannot read its device-mapper table: ") +
                   problem.code().message() +
                   (error == EACCES || error == EPERM
                        ? "; run as root"
                        : "; see what \"dmsetup table\" prints")};
  }
}

/// Identifies a device by its folder in sysfs.
/// @throws std::runtime_error if a file there cannot be read
decltype(Device::what) identify(dev_t number, const fs::path &folder,
                                const TableReader &read_table) {
  if (exists(folder / "dm"))
    return table_of(number, read_table);
  if (exists(folder / "partition"))
    return Partition{device_in(folder.parent_path() / "dev"),
                     number_in(folder / "start") * Sector};
  // the second is that of a namespace of drivers/nvdimm
  for (const auto &file :
       {folder / "pmem/data_start", folder / "device/resource"})
    if (exists(file))
      return InMemory{number_in(file)};
  return Unknown{"sysfs has no address of its memory; use a filesystem on a "
                 "pmem device"};
}

} // namespace

Device block_device(dev_t number, const fs::path &sysfs,
                    const TableReader &read_table) {
  const std::string digits =
      std::to_string(major(number)) + ":" + std::to_string(minor(number));
  std::error_code error;
  const fs::path folder = canonical(sysfs / "dev/block" / digits, error);
  if (error)
    return {"device " + digits,
            Unknown{"not a block device; use a filesystem on a pmem device"}};

  Device device{folder.filename(), Unknown{}};
  try {
    if (exists(folder / "dm/name"))
      device.name += " (" + text_in(folder / "dm/name") + ")";
    device.what = identify(number, folder, read_table);
  } catch (const std::system_error &problem) {
    const int error = problem.code().value();
    device.what =
        Unknown{std::string(problem.what()) +
                (error == EACCES || error == EPERM ? "; run as root" : "")};
  } catch (const std::runtime_error &problem) {
    device.what = Unknown{problem.what()};
  }
  return device;
}

} // namespace dax
