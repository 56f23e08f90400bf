// SPDX-License-Identifier: GPL-2.0
#include "pins.hpp"

#include "model.hpp"
#include "random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

namespace stress {

namespace {

/// The capacity of a pipe.
constexpr std::size_t MostPages = 16;

/// The maximum number of pins: open files and pipes are limited.
constexpr std::size_t MostPins = 64;

const std::string BesideName = "stress.beside.";

} // namespace

std::optional<std::size_t> find_beside(std::span<const unsigned char> bytes) {
  for (std::size_t at = 0; at + sizeof(BesideWord) <= bytes.size();
       at += sizeof(BesideWord))
    if (std::memcmp(bytes.data() + at, &BesideWord, sizeof(BesideWord)) == 0)
      return at;
  return {};
}

Pins::Pins(std::chrono::milliseconds longest)
    : longest(longest), thread([this] { run(); }) {}

Pins::~Pins() {
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  changed.notify_one();
  thread.join();
}

bool Pins::add(std::span<unsigned char> bytes, std::uint64_t value) {
  const std::size_t length = std::min(bytes.size(), MostPages * PageSize);
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK))
    dax::fail("pipe");
  Pin pin{dax::Descriptor(ends[0]), dax::Descriptor(ends[1]), 0, {}};
  const iovec part = {bytes.data(), length};
  const ssize_t pinned = vmsplice(ends[1], &part, 1, 0);
  if (pinned < 0 && errno == EFAULT)
    return false;
  if (pinned < 0)
    dax::fail("vmsplice");
  pin.length = pinned;

  dax::Random random(value);
  auto time = longest * random.below(1000) / 1000;
  if (random.below(2))
    time /= 50;
  pin.end = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
  const std::lock_guard lock(mutex);
  pins.push_back(std::move(pin));
  if (pins.size() > MostPins)
    pins.front().end = Clock::now();
  changed.notify_one();
  return true;
}

std::optional<std::string> Pins::mismatch() {
  const std::lock_guard lock(mutex);
  return wrong;
}

void Pins::check(Pin pin) {
  std::vector<unsigned char> bytes(pin.length);
  const ssize_t got = ::read(pin.read_end.get(), bytes.data(), bytes.size());
  std::ostringstream text;
  if (got != static_cast<ssize_t>(pin.length))
    text << "a pipe returned " << got << " of " << pin.length << " bytes";
  else if (const auto at = find_beside(bytes))
    text << "a pinned page has data of another file, at byte " << *at << " of "
         << pin.length;
  const std::lock_guard lock(mutex);
  if (!wrong && !text.str().empty())
    wrong = text.str();
}

void Pins::run() {
  std::unique_lock lock(mutex);
  while (!stop || !pins.empty()) {
    const auto next = std::min_element(
        pins.begin(), pins.end(),
        [](const Pin &one, const Pin &other) { return one.end < other.end; });
    if (next == pins.end()) {
      changed.wait(lock);
    } else if (!stop && next->end > Clock::now()) {
      changed.wait_until(lock, next->end);
    } else {
      Pin pin = std::move(*next);
      pins.erase(next);
      lock.unlock();
      check(std::move(pin));
      lock.lock();
    }
  }
}

void remove_beside(const std::string &directory) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(directory))
    if (entry.path().filename().string().starts_with(BesideName))
      files.push_back(entry.path());
  for (const auto &file : files)
    std::filesystem::remove(file);
}

void write_beside_forever(const std::string &directory, std::uint64_t reserve) {
  constexpr std::uint64_t FileSize = 1 << 20;
  std::vector<std::uint64_t> words(FileSize / sizeof(BesideWord), BesideWord);
  dax::Random random(1);
  std::uint64_t oldest = 0, next = 0;
  const auto name = [&](std::uint64_t number) {
    return directory + "/" + BesideName + std::to_string(number);
  };
  while (true) {
    struct statvfs status;
    if (statvfs(directory.c_str(), &status))
      dax::fail(directory);
    if (status.f_bavail * status.f_frsize > reserve + FileSize) {
      const dax::Descriptor file(name(next++), O_WRONLY | O_CREAT | O_TRUNC,
                                 0600);
      // any number of pages, so that files fit in any free extent
      const std::uint64_t length =
          (1 + random.below(FileSize / PageSize)) * PageSize;
      if (::write(file.get(), words.data(), length) < 0 && errno != ENOSPC)
        dax::fail("cannot write " + name(next - 1));
      continue;
    }
    // remove the oldest file, so that freed blocks are always reused
    if (oldest < next && unlink(name(oldest++).c_str()))
      dax::fail("cannot remove " + name(oldest - 1));
    usleep(5000);
  }
}

} // namespace stress
