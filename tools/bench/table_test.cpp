// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace {

using bench::Table;

TEST(Table, MedianAndSpread) {
  EXPECT_EQ(bench::median({3, 1, 2}), 2);
  EXPECT_EQ(bench::median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(bench::spread({9, 10, 12}), 0.3);
  EXPECT_EQ(bench::spread({0, 0}), 0);
}

constexpr const char *Csv = "case,peer,round,kernel\n"
                            "read,ours,1,104\n"
                            "read,other,1,100\n"
                            "write,ours,1,50\n"
                            "case,peer,round,kernel\n"
                            "read,ours,2,106\n"
                            "read,other,2,100\n";

TEST(Table, WritesMarkdown) {
  std::istringstream csv(Csv);
  std::ostringstream out;
  Table(csv, "kernel").write(out, 1);
  EXPECT_EQ(out.str(), "| case | ours | other | ours / other | spread |\n"
                       "|---|--:|--:|--:|--:|\n"
                       "| read | 105.0 | 100.0 | **1.050** | 1.9 % |\n"
                       "| write | 50.0 | - | - | - |\n");
}

TEST(Table, MarksNothingAboveTheFloor) {
  std::istringstream csv("case,peer,kernel\n"
                         "read,ours,200\n"
                         "read,empty,100\n");
  std::ostringstream out;
  Table(csv, "kernel").write(out, 0);
  EXPECT_NE(out.str().find("| read | 200 | 100 | 2.000 |"), std::string::npos)
      << out.str();
}

TEST(Table, MarksNoNoise) {
  std::istringstream csv("case,peer,kernel\n"
                         "read,ours,110\nread,ours,130\n"
                         "read,other,100\nread,other,120\n"
                         "write,ours,200\nwrite,ours,210\n"
                         "write,other,100\nwrite,other,101\n");
  std::ostringstream out;
  Table(csv, "kernel").write(out, 0);
  EXPECT_NE(out.str().find(" 1.091 "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(" **2.040** "), std::string::npos) << out.str();
}

TEST(Table, ComparesWithAPeer) {
  std::istringstream csv(Csv);
  const Table table(csv, "kernel");
  EXPECT_DOUBLE_EQ(table.ratio("read", "other"), 1.05);
  EXPECT_THROW(table.ratio("write", "other"), std::runtime_error);
  EXPECT_THROW(table.ratio("erase", "other"), std::runtime_error);
}

TEST(Table, ExplainsWhereOursIsBehind) {
  std::istringstream lines("# comment\n"
                           "\n"
                           "re.* oth.* it keeps fewer promises\n"
                           "write other not this one\n");
  std::istringstream csv("case,peer,kernel\n"
                         "read,ours,200\nread,other,100\n"
                         "reread,ours,200\nreread,other,100\n"
                         "write,ours,100\nwrite,other,100\n"
                         "erase,ours,200\nerase,other,100\n"
                         "erase,empty,10\n");
  std::ostringstream out;
  Table(csv, "kernel").explain(out, bench::read_reasons(lines));
  EXPECT_EQ(out.str(), "- other: it keeps fewer promises\n"
                       "- other: erase has no explanation yet\n");
}

TEST(Table, RejectsReasonsWithoutText) {
  for (const char *text :
       {"read", "read other", "read other ", "( other why", "read ( why"}) {
    std::istringstream lines(text);
    EXPECT_THROW(bench::read_reasons(lines), std::runtime_error) << text;
  }
}

TEST(Table, RejectsOtherText) {
  for (const char *text :
       {"", "case,round,kernel\n", "case,peer,kernel\nread,ours\n",
        "case,peer,kernel\nread,ours,many\n",
        "case,peer,kernel\nread,ours,1x\n"}) {
    std::istringstream csv(text);
    EXPECT_THROW(Table(csv, "kernel"), std::runtime_error) << text;
  }
}

} // namespace
