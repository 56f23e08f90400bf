// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the counts of mapped bytes.
#include "mappings.hpp"
#include "pmd_range.hpp"
#include "shared_map.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dax {
namespace {

constexpr std::uint64_t Page = 4096;

TEST(Area, IsParsed) {
  EXPECT_EQ(
      parse_area("7f0000000000-7f0000200000 rw-s 00100000 103:1f 1234567890123 "
                 "                      /mnt/mem/a file"),
      (Area{0x7f0000000000, 0x7f0000200000, makedev(0x103, 0x1f),
            1234567890123}));
  EXPECT_EQ(parse_area("00400000-00401000 r-xp 00000000 00:00 0 "),
            (Area{0x400000, 0x401000, 0, 0}));
  EXPECT_EQ(parse_area("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 "
                       "0                  [vsyscall]"),
            (Area{0xffffffffff600000, 0xffffffffff601000, 0, 0}));
}

TEST(Area, IsNotParsedFromOtherLines) {
  for (const char *line :
       {"", "text", "400000", "400000-", "400000-401000", "400000-401000 ",
        "400000-401000 r-xp", "400000-401000 r-xp ", "400000-401000 r-xpp 0 ",
        "400000-401000 r-xp 0 00:00", "400000-401000 r-xp 0 00-00 0 ",
        "400000-401000 r-xp 0 00:00 x ", "-401000 r-xp 0 00:00 0 ",
        "10000000000000000-401000 r-xp 0 00:00 0 "})
    EXPECT_EQ(parse_area(line), std::nullopt) << line;
}

/// Anonymous pages, not mapped yet.
class Pages {
public:
  explicit Pages(std::uint64_t count) : size(count * Page) {
    at = static_cast<char *>(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (at == MAP_FAILED || madvise(at, size, MADV_NOHUGEPAGE))
      throw std::system_error(errno, std::generic_category(), "mmap");
  }
  ~Pages() { munmap(at, size); }
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;

  void touch(std::uint64_t page) { at[page * Page] = 1; }
  Mapped mapped() const {
    const auto start = reinterpret_cast<std::uintptr_t>(at);
    return mapped_in(getpid(), start, start + size);
  }

private:
  std::uint64_t size;
  char *at;
};

TEST(Mapped, CountsTouchedPages) try {
  Pages pages(4096);
  EXPECT_EQ(pages.mapped(), Mapped());
  pages.touch(7);
  EXPECT_EQ(pages.mapped(), (Mapped{0, Page}));
  // more regions than one call of PAGEMAP_SCAN returns
  for (std::uint64_t page = 0; page < 4096; page += 2)
    pages.touch(page);
  EXPECT_EQ(pages.mapped(), (Mapped{0, 2049 * Page}));
} catch (const std::system_error &error) {
  if (error.code().value() != ENOTTY)
    throw;
  GTEST_SKIP() << "Linux before 6.7";
}

TEST(SharedMap, IsAlignedLikeTheFileAndKeepsItsContents) try {
  std::string name = testing::TempDir() + "map.XXXXXX";
  const int fd = mkstemp(name.data());
  ASSERT_GE(fd, 0);
  unlink(name.c_str());
  ASSERT_EQ(ftruncate(fd, 16 * Page), 0);
  ASSERT_EQ(pwrite(fd, "x", 1, 5 * Page), 1);

  const SharedMap map(fd, "a file", 3 * Page, 13 * Page);
  EXPECT_EQ(
      (reinterpret_cast<std::uintptr_t>(map.data()) - 3 * Page) % HugePage, 0);
  EXPECT_EQ(map.mapped(), Mapped());
  map.fault_for_store(2 * Page);
  EXPECT_EQ(map.mapped(), (Mapped{0, Page}));
  EXPECT_EQ(map.data()[2 * Page], 'x');
  map.data()[0] = 'y';
  char byte = 0;
  EXPECT_EQ(pread(fd, &byte, 1, 3 * Page), 1);
  EXPECT_EQ(byte, 'y');
  close(fd);
} catch (const std::system_error &error) {
  if (error.code().value() != ENOTTY)
    throw;
  GTEST_SKIP() << "Linux before 6.7";
}

TEST(SharedMap, NamesTheFileThatCannotBeMapped) {
  try {
    SharedMap map(-1, "a-name", 0, Page);
    ADD_FAILURE() << "a closed file is mapped";
  } catch (const std::system_error &error) {
    EXPECT_EQ(error.code().value(), EBADF);
    EXPECT_NE(std::string(error.what()).find("a-name"), std::string::npos);
  }
}

TEST(Mapped, FailsForAProcessThatHasEnded) {
  const pid_t child = fork();
  if (child == 0)
    _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  try {
    mapped_of(child, 0, 0);
    FAIL() << "process " << child << " is still there";
  } catch (const std::system_error &error) {
    EXPECT_EQ(error.code().value(), ENOENT);
  }
}

TEST(Mapped, CountsOneFile) try {
  struct stat status;
  ASSERT_EQ(stat("/proc/self/exe", &status), 0);
  EXPECT_GT(mapped_of(getpid(), status.st_dev, status.st_ino).base, 0);
  EXPECT_EQ(mapped_of(getpid(), status.st_dev, ~status.st_ino), Mapped());
  EXPECT_EQ(mapped_of(getpid(), ~status.st_dev, status.st_ino), Mapped());
} catch (const std::system_error &error) {
  if (error.code().value() != ENOTTY)
    throw;
  GTEST_SKIP() << "Linux before 6.7";
}

TEST(Mapped, AddsUp) {
  Mapped sum{1, 2};
  sum += {10, 20};
  EXPECT_EQ(sum, (Mapped{11, 22}));
}

} // namespace
} // namespace dax
