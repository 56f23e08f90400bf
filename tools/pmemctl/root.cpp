// SPDX-License-Identifier: GPL-2.0
#include "root.hpp"

#include "descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace pmemctl {

namespace fs = std::filesystem;

bool Root::has(const std::string &name) const {
  std::error_code error;
  return fs::exists(path(name), error);
}

std::string Root::read(const std::string &name) const {
  const fs::path file = path(name);
  const dax::Descriptor descriptor(file, O_RDONLY);
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t length =
        ::read(descriptor.get(), buffer.data(), buffer.size());
    if (length < 0)
      dax::fail(file);
    if (length == 0)
      return text;
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
}

std::optional<std::string> Root::find(const std::string &name) const try {
  return read(name);
} catch (const std::system_error &error) {
  const int code = error.code().value();
  if (code == ENOENT || code == ENOTDIR)
    return {};
  throw;
}

std::string Root::line(const std::string &name) const {
  const std::string text = find(name).value_or("");
  return text.substr(0, text.find('\n'));
}

std::vector<std::string> Root::names_in(const std::string &name) const {
  std::vector<std::string> names;
  std::error_code error;
  // a directory of a process or a device can vanish meanwhile
  for (fs::directory_iterator entry(path(name), error), end;
       !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string Root::kernel_log() const try {
  const fs::path file = path("dev/kmsg");
  // each read(2) of the device returns one record, and waits at the end without
  // O_NONBLOCK
  const dax::Descriptor descriptor(file, O_RDONLY | O_NONBLOCK);
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t length =
        ::read(descriptor.get(), buffer.data(), buffer.size());
    if (length < 0 && errno == EPIPE) // the record was overwritten
      continue;
    if (length <= 0)
      return text;
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
} catch (const std::system_error &) {
  return "";
}

} // namespace pmemctl
