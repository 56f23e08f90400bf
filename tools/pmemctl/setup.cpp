// SPDX-License-Identifier: GPL-2.0
#include "setup.hpp"

#include "size.hpp"
#include "text.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace pmemctl {

namespace {

const std::string Fstab = "etc/fstab";

/// A path without "." and "..", doubled slashes and a slash at its end.
std::string plain(const std::string &path) {
  std::string text = std::filesystem::path(path).lexically_normal();
  if (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  return text;
}

void check_mount(const Files &files, const std::string &mount) {
  const bool is_plain =
      mount.starts_with('/') && mount != "/" &&
      std::none_of(mount.begin(), mount.end(), [](unsigned char c) {
        return c < ' ' || c == '\\' || c == '#';
      });
  if (!is_plain)
    throw std::invalid_argument("--mount: " + mount +
                                ": expected the absolute path of a directory, "
                                "such as /mnt/mem");
  for (const std::string &line : lines_of(files.get(Fstab).value_or(""))) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 1 && !words[0].starts_with('#') &&
        plain(words[1]) == replaced(mount, ' ', "\\040"))
      throw std::invalid_argument("--mount: " + mount + ": /etc/fstab has " +
                                  words[0] +
                                  " there already; choose another directory");
  }
}

/// The link to the first device, which udev makes. /dev/pmem0 can be the disk of another
/// driver.
std::string link_of(const Proposal &range) {
  return "/dev/disk/by-path/pmem-" + hex(range.range.start);
}

/// A file that is ours as a whole.
void add_file(const Files &files, const std::string &path,
              const std::string &text, Changes &changes) {
  if (files.has(path))
    throw std::invalid_argument("/" + path +
                                ": is there already, and not from pmemctl; "
                                "move it away");
  changes.edits.push_back({path, {}, text, ""});
}

} // namespace

Proposal parse_range(const std::string &text) {
  const std::size_t at = text.find('@'), slash = text.find('/');
  if (at == text.npos || (slash != text.npos && slash < at))
    throw std::invalid_argument(
        text + ": expected SIZE@START[/COUNT], such as 32G@32G/4");
  const std::uint64_t size = parse_size(text.substr(0, at));
  const std::uint64_t start = parse_size(
      text.substr(at + 1, slash == text.npos ? slash : slash - at - 1));
  if (size > MaxAddress - start)
    throw std::invalid_argument(text +
                                ": ends above 4096T; use a smaller start "
                                "or size");
  unsigned count = 1;
  if (slash != text.npos) {
    const std::string digits = text.substr(slash + 1);
    const auto number = number_of(digits);
    if (!number || *number < 1 || *number > MaxDevices ||
        digits.starts_with("0x"))
      throw std::invalid_argument(text + ": count: " + digits +
                                  ": expected a number from 1 to " +
                                  std::to_string(MaxDevices));
    count = static_cast<unsigned>(*number);
  }
  try {
    check_count(size, count);
  } catch (const std::invalid_argument &error) {
    throw std::invalid_argument(text + ": count: " + error.what());
  }
  return {{start, start + size}, {}, count, false};
}

void append(const Files &files, const std::string &path,
            const std::string &block, Changes &changes) {
  const Contents before = files.get(path);
  const std::string text = before.value_or("");
  const std::string added =
      (text.empty() || text.ends_with('\n') ? "" : "\n") + UndoMark + block;
  changes.edits.push_back({path, before, text + added, added});
}

Changes changes_for(const Files &files, const Setup &setup) {
  const std::string mount = plain(setup.mount);
  if (!mount.empty())
    check_mount(files, mount);
  Changes changes = boot_changes(files, setup.range.memmap());
  if (changes.edits.empty() && !changes.notes.empty())
    throw std::runtime_error(changes.notes.front());
  if (changes.edits.empty())
    throw std::runtime_error(
        "no configuration of GRUB, systemd-boot, kernel-install or extlinux is "
        "in /etc and /boot; add " +
        setup.range.memmap() + " to the kernel command line by hand");
  for (const Edit &edit : changes.edits)
    if (edit.added.empty() && edit.before)
      throw std::invalid_argument("/" + edit.path +
                                  ": is there already, and not from pmemctl; "
                                  "move it away");

  const std::string note = "# written by pmemctl\n";
  add_file(files, ModprobeConfig,
           note + "options pmem " + setup.range.ranges() + '\n', changes);
  add_file(files, "etc/modules-load.d/pmem.conf", note + "pmem\n", changes);
  if (!mount.empty()) {
    append(files, Fstab,
           link_of(setup.range) + ' ' + replaced(mount, ' ', "\\040") + ' ' +
               setup.filesystem + " dax,nofail,X-mount.mkdir 0 2\n",
           changes);
  }
  return changes;
}

} // namespace pmemctl
