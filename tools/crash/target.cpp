// SPDX-License-Identifier: GPL-2.0
#include "target.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace crash {

namespace {

constexpr std::uint64_t Part = 1 << 20;
constexpr std::uint64_t Page = 4096;

std::string error_text(const std::string &what) {
  return what + ": " + std::strerror(errno);
}

Tree tree_of(const std::string &directory) {
  Tree tree;
  for (const auto &entry :
       std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name =
        std::filesystem::relative(entry.path(), directory).string();
    if (name == "lost+found")
      continue;
    struct stat status;
    if (lstat(entry.path().c_str(), &status))
      dax::fail(name);
    tree[name] = {.directory = S_ISDIR(status.st_mode),
                  .inode = status.st_ino,
                  .links = status.st_nlink,
                  .size = static_cast<std::uint64_t>(status.st_size)};
  }
  return tree;
}

std::vector<std::uint8_t> read_file(const std::string &name) {
  const dax::Descriptor file(name, O_RDONLY);
  struct stat status;
  if (fstat(file.get(), &status))
    dax::fail(name);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  errno = 0;
  if (pread(file.get(), bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    errno = errno ? errno : EIO;
    dax::fail(name);
  }
  return bytes;
}

/// Runs a program.
/// @param most its largest exit status that is good
/// @return what it says if it fails, or nothing
std::optional<std::string> run(const std::vector<std::string> &arguments,
                               int most) {
  constexpr const char *Said = "/run/crash-said";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, Said,
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child;
  const int error =
      posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (error || waitpid(child, &status, 0) != child)
    throw std::system_error(error ? error : errno, std::generic_category(),
                            arguments[0]);
  if (WIFEXITED(status) && WEXITSTATUS(status) <= most)
    return std::nullopt;
  std::ifstream said(Said);
  std::ostringstream text;
  text << arguments[0] << ": " << said.rdbuf();
  return text.str();
}

} // namespace

Disk::Disk(const std::string &name, std::uint64_t size)
    : name(name), size(size), file(name, O_RDWR | O_DIRECT),
      part(static_cast<std::uint8_t *>(std::aligned_alloc(Page, Part)),
           std::free) {
  if (!part)
    throw std::bad_alloc();
}

void Disk::read_part(std::uint64_t offset) {
  errno = 0;
  if (pread(file.get(), part.get(), Part, static_cast<off_t>(offset)) !=
      static_cast<ssize_t>(Part)) {
    errno = errno ? errno : EIO;
    dax::fail(name);
  }
}

void Disk::set(std::span<const std::uint8_t> image) {
  for (std::uint64_t at = 0; at < size; at += Part) {
    read_part(at);
    if (!std::memcmp(part.get(), image.data() + at, Part))
      continue;
    for (std::uint64_t page = at; page < at + Part; page += Page) {
      std::uint8_t *const bytes = part.get() + (page - at);
      if (!std::memcmp(bytes, image.data() + page, Page))
        continue;
      std::memcpy(bytes, image.data() + page, Page);
      if (pwrite(file.get(), bytes, Page, static_cast<off_t>(page)) !=
          static_cast<ssize_t>(Page))
        dax::fail(name);
    }
  }
}

void Disk::write(std::span<const std::uint8_t> image) {
  for (std::uint64_t at = 0; at < size; at += Part) {
    std::memcpy(part.get(), image.data() + at, Part);
    errno = 0;
    if (pwrite(file.get(), part.get(), Part, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(Part)) {
      errno = errno ? errno : EIO;
      dax::fail(name);
    }
  }
}

std::vector<std::uint8_t> Disk::read(std::uint64_t length) {
  std::vector<std::uint8_t> bytes;
  for (std::uint64_t at = 0; at < length; at += Part) {
    read_part(at);
    bytes.insert(bytes.end(), part.get(),
                 part.get() + std::min(Part, length - at));
  }
  return bytes;
}

Look look_at_files(const Model &model) {
  return [&model](const std::string &directory) {
    return model.check(tree_of(directory), [&](const std::string &name) {
      return read_file(directory + "/" + name);
    });
  };
}

Look look_by_program(const std::string &program, std::uint64_t done) {
  return [program, done](const std::string &directory) {
    return run({"bash", program, "check", directory, std::to_string(done)}, 0);
  };
}

std::optional<std::string> check_filesystem(const Look &look,
                                            const std::string &disk,
                                            const std::string &directory,
                                            bool repair) {
  const auto mounts = [&] {
    return mount(disk.c_str(), directory.c_str(), "ext4", 0, "dax") == 0;
  };
  if (!mounts()) {
    const std::string text = error_text("cannot be mounted");
    if (!repair)
      return text;
    // 1: errors were corrected
    if (const auto wrong = run({"e2fsck", "-fy", disk}, 1))
      return text + "; " + *wrong;
    if (!mounts())
      return error_text("cannot be mounted after e2fsck");
  }
  std::optional<std::string> wrong;
  try {
    wrong = look(directory);
  } catch (const std::system_error &error) {
    wrong = error.what();
  }
  if (umount(directory.c_str()))
    dax::fail(directory);
  return wrong ? wrong : run({"e2fsck", "-fn", disk}, 0);
}

std::optional<std::string> check_disk(const Model &model, const Script &script,
                                      Disk &disk) {
  const Tree tree = {{script.device,
                      {.directory = false,
                       .inode = 0,
                       .links = 1,
                       .size = script.device_size}}};
  return model.check(
      tree, [&](const std::string &) { return disk.read(script.device_size); });
}

} // namespace crash
