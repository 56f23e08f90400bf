// SPDX-License-Identifier: GPL-2.0
#include "instruction.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using Code = std::vector<std::uint8_t>;

TEST(Instruction, WritesBack) {
  for (const Code &code : {Code{0x0f, 0xae, 0x38},             // clflush (%rax)
                           Code{0x66, 0x0f, 0xae, 0x38},       // clflushopt
                           Code{0x66, 0x0f, 0xae, 0x30},       // clwb (%rax)
                           Code{0x66, 0x41, 0x0f, 0xae, 0x30}, // clwb (%r8)
                           // the padding of the kernel's alternatives
                           Code{0x3e, 0x0f, 0xae, 0x38}})
    EXPECT_TRUE(counts::writes_back(code));
}

TEST(Instruction, DoesNotWriteBack) {
  for (const Code &code : {Code{0x0f, 0xae, 0xf8},       // sfence
                           Code{0x0f, 0xae, 0xf0},       // mfence
                           Code{0x0f, 0xae, 0x30},       // xsaveopt (%rax)
                           Code{0x66, 0x0f, 0xae, 0xf0}, // tpause %eax
                           Code{0xf3, 0x0f, 0xae, 0x30}, // clrssbsy (%rax)
                           Code{0x0f, 0xae}, Code{0x66}, Code{}})
    EXPECT_FALSE(counts::writes_back(code));
}

TEST(Instruction, IsMark) {
  EXPECT_TRUE(counts::is_mark(Code{0x4d, 0x87, 0xff}));
  EXPECT_FALSE(counts::is_mark(Code{0x48, 0x87, 0xff})); // xchg %rdi,%rdi
}

} // namespace
