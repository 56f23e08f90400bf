// SPDX-License-Identifier: GPL-2.0
#include "survival_io.hpp"

#include "descriptor.hpp"
#include "signature.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace pmemctl {

namespace {

constexpr std::uint64_t Chunk = 2 << 20;

/// The pages that a poll for the seed reads, if there are as many.
constexpr std::uint64_t Sample = 4096;

/// Memory for O_DIRECT, which wants it aligned.
class Buffer {
public:
  Buffer()
      : words(
            static_cast<std::uint64_t *>(std::aligned_alloc(PageSize, Chunk))) {
    if (!words)
      throw std::bad_alloc();
  }

  std::span<std::uint64_t, PageSize / 8> page(std::uint64_t offset) {
    return std::span<std::uint64_t, PageSize / 8>(words.get() + offset / 8,
                                                  PageSize / 8);
  }
  void *data() { return words.get(); }

private:
  struct Free {
    void operator()(std::uint64_t *memory) const { std::free(memory); }
  };
  std::unique_ptr<std::uint64_t, Free> words;
};

[[noreturn]] void fail_at(const OpenDevice &device, const char *action,
                          std::uint64_t offset, int error) {
  throw std::system_error(error, std::generic_category(),
                          device.name + ": " + action + " at " +
                              std::to_string(offset));
}

/// Reads all of a range.
/// @return false if memory there is bad
bool read_all(const OpenDevice &device, void *data, std::uint64_t length,
              std::uint64_t offset) {
  for (std::uint64_t done = 0; done < length;) {
    const ssize_t got = pread(device.fd, static_cast<char *>(data) + done,
                              length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EIO)
      return false;
    if (got < 0)
      fail_at(device, "read", offset + done, errno);
    if (got == 0)
      fail_at(device, "read beyond the end", offset + done, EIO);
    done += static_cast<std::uint64_t>(got);
  }
  return true;
}

/// Reads a part of a device, with zeroes for pages that have a pattern.
/// @return nothing if memory there is bad
std::optional<std::string_view>
read_unpatterned(const OpenDevice &device, Buffer &buffer, const Range &part) {
  if (!read_all(device, buffer.data(), part.size(), part.start))
    return {};
  for (std::uint64_t at = 0; at + PageSize <= part.size(); at += PageSize)
    if (const auto page = buffer.page(at); whole_pattern(page))
      std::fill(page.begin(), page.end(), 0);
  return std::string_view(static_cast<char *>(buffer.data()), part.size());
}

} // namespace

std::string signature_on(const OpenDevice &device, std::uint64_t size) {
  Buffer buffer;
  const auto head = read_unpatterned(
      device, buffer, {0, std::min<std::uint64_t>(size, SignatureBytes)});
  // what can be read may be a part of a filesystem
  const char *bad = "bad memory where a signature would be";
  if (!head)
    return bad;
  if (const std::string name = signature_in(*head); !name.empty())
    return name;
  const auto tail = read_unpatterned(
      device, buffer, {size - std::min<std::uint64_t>(size, EndBytes), size});
  return tail ? signature_at_end(*tail, size) : bad;
}

void write_pattern(const OpenDevice &device, const Range &memory,
                   std::uint64_t seed, const Progress &progress) {
  Buffer buffer;
  for (std::uint64_t offset = 0; offset < memory.size();) {
    const std::uint64_t length = std::min(Chunk, memory.size() - offset);
    for (std::uint64_t at = 0; at < length; at += PageSize)
      fill_page({seed, memory.start + offset + at}, buffer.page(at));
    for (std::uint64_t done = 0; done < length;) {
      const ssize_t put =
          pwrite(device.fd, static_cast<char *>(buffer.data()) + done,
                 length - done, static_cast<off_t>(offset + done));
      if (put < 0 && errno == EINTR)
        continue;
      if (put <= 0)
        fail_at(device, "write", offset + done, put < 0 ? errno : EIO);
      done += static_cast<std::uint64_t>(put);
    }
    offset += length;
    progress(offset);
  }
  if (fsync(device.fd))
    dax::fail(device.name + ": fsync");
}

std::optional<std::uint64_t> find_seed(const OpenDevice &device,
                                       const Range &memory) {
  Buffer buffer;
  const std::uint64_t pages = memory.size() / PageSize;
  const std::uint64_t sample = std::min(Sample, pages);
  SeedPoll poll;
  for (std::uint64_t i = 0; i < sample; i++) {
    const std::uint64_t offset = pages / sample * i * PageSize;
    if (read_all(device, buffer.data(), PageSize, offset))
      poll.add(buffer.page(0), memory.start + offset);
  }
  for (std::uint64_t page = 0; page < pages && !poll.winner(); page++)
    if (read_all(device, buffer.data(), PageSize, page * PageSize))
      poll.add(buffer.page(0), memory.start + page * PageSize);
  return poll.winner();
}

Survival check_pattern(const OpenDevice &device, const Range &memory,
                       std::uint64_t seed, const Progress &progress) {
  Buffer buffer;
  Survival survival(memory.start, memory.size() / PageSize);
  for (std::uint64_t offset = 0; offset < memory.size();) {
    const std::uint64_t length = std::min(Chunk, memory.size() - offset);
    // bad memory fails all of a read: then each page alone
    const bool is_good = read_all(device, buffer.data(), length, offset);
    for (std::uint64_t at = 0; at < length; at += PageSize) {
      const bool is_readable =
          is_good ||
          read_all(device, buffer.page(at).data(), PageSize, offset + at);
      const PatternName name{seed, memory.start + offset + at};
      survival.add(is_readable ? judge(buffer.page(at), name)
                               : Fate::unreadable);
    }
    offset += length;
    progress(offset);
  }
  return survival;
}

} // namespace pmemctl
