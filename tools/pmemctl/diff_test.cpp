// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of diffs: patch(1) makes the second text of the first.
#include "edit.hpp"

#include "random.hpp"
#include "recorded_machine.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace pmemctl {
namespace {

TEST(Diff, ShowsALineThatIsAppended) {
  EXPECT_EQ(unified_diff("etc/a", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n"),
            "--- /etc/a\n+++ /etc/a\n@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n");
  EXPECT_EQ(unified_diff("etc/a", "1\n", "1\n"), "");
}

TEST(Diff, ShowsANewAndARemovedFile) {
  EXPECT_EQ(unified_diff("etc/a", {}, "1\n"),
            "--- /dev/null\n+++ /etc/a\n@@ -0,0 +1 @@\n+1\n");
  EXPECT_EQ(unified_diff("etc/a", "1\n", {}),
            "--- /etc/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n");
}

TEST(Diff, ShowsALastLineWithoutNewline) {
  EXPECT_EQ(unified_diff("a", "1", "1\n2\n"),
            "--- /a\n+++ /a\n@@ -1 +1,2 @@\n-1\n\\ No newline at end of file\n"
            "+1\n+2\n");
}

/// Some lines, which are few, so that both texts have some in common.
std::string some_text(dax::Random &random) {
  std::string text;
  for (std::uint64_t n = random.below(40); n; n--)
    text += std::to_string(random.below(12)) + '\n';
  if (!text.empty() && random.below(4) == 0)
    text.pop_back();
  return text;
}

TEST(Diff, IsTakenByPatch) {
  if (std::system("patch --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "patch is not installed";
  dax::Random random(1);
  const RecordedMachine files;
  for (int i = 0; i < 100; i++) {
    const std::string before = some_text(random), after = some_text(random);
    // an empty file and none are the same for patch
    if (before.empty() || after.empty())
      continue;
    files.put("a", before);
    files.put("diff", unified_diff("a", before, after));
    if (before != after) {
      const std::string command = "cd " + files.directory.string() +
                                  " && patch -s -f a < diff > /dev/null";
      ASSERT_EQ(std::system(command.c_str()), 0) << files.text_of("diff");
    }
    ASSERT_EQ(files.text_of("a"), after) << files.text_of("diff");
  }
}

} // namespace
} // namespace pmemctl
