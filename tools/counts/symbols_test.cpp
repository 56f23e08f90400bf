// SPDX-License-Identifier: GPL-2.0
#include "symbols.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace {

using counts::by_function;
using counts::Symbols;

Symbols symbols() {
  std::istringstream text("ffffffff81000000 T _text\n"
                          "ffffffff81000100 t first\n"
                          "ffffffff81000100 T also_first\n"
                          "ffffffff81000180 d data\n"
                          "ffffffff81000200 W second\n"
                          "ffffffffc0000000 t third\t[module]\n");
  return Symbols(text);
}

TEST(Symbols, FindsTheFunctionOfAnAddress) {
  const Symbols known = symbols();
  EXPECT_EQ(known.at(0xffffffff81000100), "first");
  EXPECT_EQ(known.at(0xffffffff810001ff), "first");
  EXPECT_EQ(known.at(0xffffffff81000200), "second");
  EXPECT_EQ(known.at(0xffffffffc0000010), "third");
  EXPECT_EQ(known.at(0xffffffff80000000), "unknown");
  EXPECT_EQ(known.at(0x7fff00000000), "user");
}

TEST(Symbols, PrintsAPlaceLikeKernelLogs) {
  const Symbols known = symbols();
  EXPECT_EQ(known.place(0xffffffff81000100), "first+0x0/0x100");
  EXPECT_EQ(known.place(0xffffffff81000108), "first+0x8/0x100");
  EXPECT_EQ(known.place(0xffffffffc0000010), "third+0x10");
  EXPECT_EQ(known.place(0x7fff00000000), "user");
  EXPECT_EQ(known.place(0xffffffff80000000), "unknown");
}

TEST(Symbols, RejectsHiddenAddresses) {
  std::istringstream hidden("0000000000000000 T _text\n");
  EXPECT_THROW(Symbols{hidden}, std::runtime_error);
}

TEST(Symbols, AddsUpByFunction) {
  std::istringstream places("0 7\n"
                            "ffffffff81000100 1\n"
                            "ffffffff81000110 2\n"
                            "ffffffff81000204 5\n");
  const std::map<std::string, std::uint64_t> expected{
      {"user", 7}, {"first", 3}, {"second", 5}};
  EXPECT_EQ(by_function(places, symbols()), expected);
}

TEST(Symbols, RejectsOtherText) {
  std::istringstream places("ffffffff81000100\n");
  EXPECT_THROW(by_function(places, symbols()), std::runtime_error);
}

} // namespace
