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

TEST(Instruction, IsRepeated) {
  using counts::is_repeated;
  EXPECT_TRUE(is_repeated(Code{0xf3, 0xa4}));        // rep movsb
  EXPECT_TRUE(is_repeated(Code{0xf3, 0x48, 0xab}));  // rep stos %rax
  EXPECT_FALSE(is_repeated(Code{0xa4}));             // movsb
  EXPECT_FALSE(is_repeated(Code{0xf3, 0x90}));       // pause
  EXPECT_FALSE(is_repeated(Code{0xf3, 0x0f, 0xa7})); // not of this form
  EXPECT_FALSE(is_repeated(Code{}));
}

TEST(Instruction, Marks) {
  using counts::Mark;
  using counts::mark_of;
  EXPECT_EQ(mark_of(Code{0x4d, 0x87, 0xff}), Mark::Total);
  EXPECT_EQ(mark_of(Code{0x4d, 0x87, 0xf6}), Mark::Place);
  EXPECT_EQ(mark_of(Code{0x4d, 0x87, 0xf7}), Mark::None); // xchg %r14,%r15
  EXPECT_EQ(mark_of(Code{0x48, 0x87, 0xff}), Mark::None); // xchg %rdi,%rdi
}

} // namespace
