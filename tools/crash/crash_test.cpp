// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of what makes and compares the states that a reset can leave.
#include "guest_memory.hpp"
#include "instruction.hpp"
#include "lines.hpp"
#include "model.hpp"
#include "pairs.hpp"
#include "script.hpp"
#include "states.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace {

using crash::Choice;
using crash::decode;
using crash::Effect;
using crash::Kind;
using crash::Lines;
using crash::Operand;
using crash::Record;
using Code = std::vector<std::uint8_t>;

Effect effect(const Code &code) { return decode(code).effect; }

TEST(Instruction, WritesBackALine) {
  EXPECT_EQ(effect({0x0f, 0xae, 0x38}), Effect::write_back);       // clflush
  EXPECT_EQ(effect({0x66, 0x0f, 0xae, 0x38}), Effect::write_back); // clflushopt
  EXPECT_EQ(effect({0x66, 0x0f, 0xae, 0x30}), Effect::write_back); // clwb
  EXPECT_EQ(effect({0x3e, 0x0f, 0xae, 0x38}), Effect::write_back);
  EXPECT_EQ(effect({0x0f, 0x09}), Effect::write_all);
}

TEST(Instruction, IsNoWriteBack) {
  EXPECT_EQ(effect({0x0f, 0xae, 0x30}), Effect::none);       // xsaveopt
  EXPECT_EQ(effect({0x66, 0x0f, 0xae, 0xf0}), Effect::none); // tpause
  EXPECT_EQ(effect({0xf3, 0x0f, 0xae, 0x30}), Effect::none); // clrssbsy
  EXPECT_EQ(effect({0x0f, 0xae, 0xe8}), Effect::none);       // lfence
  EXPECT_EQ(effect({0x0f, 0xae}), Effect::none);
  EXPECT_EQ(effect({}), Effect::none);
}

TEST(Instruction, Orders) {
  EXPECT_EQ(effect({0x0f, 0xae, 0xf8}), Effect::fence);              // sfence
  EXPECT_EQ(effect({0x0f, 0xae, 0xf0}), Effect::fence);              // mfence
  EXPECT_EQ(effect({0xf0, 0x0f, 0xb1, 0x0f}), Effect::locked);       // cmpxchg
  EXPECT_EQ(effect({0xf0, 0x83, 0x04, 0x24, 0x00}), Effect::locked); // add
  EXPECT_EQ(effect({0x48, 0x87, 0x07}), Effect::locked); // xchg, in memory
  EXPECT_EQ(effect({0x48, 0x87, 0xc7}), Effect::none);   // xchg, of registers
}

TEST(Instruction, StoresAroundTheCaches) {
  EXPECT_EQ(effect({0x48, 0x0f, 0xc3, 0x07}), Effect::non_temporal); // movnti
  EXPECT_EQ(effect({0x66, 0x0f, 0xe7, 0x07}), Effect::non_temporal); // movntdq
  EXPECT_EQ(effect({0x0f, 0x2b, 0x07}), Effect::non_temporal);       // movntps
  EXPECT_EQ(effect({0xc5, 0xfd, 0xe7, 0x07}), Effect::non_temporal); // vmovntdq
  EXPECT_EQ(effect({0xc4, 0x41, 0x7d, 0xe7, 0x07}), Effect::non_temporal);
  EXPECT_EQ(effect({0x48, 0x89, 0x07}), Effect::none); // mov
}

TEST(Instruction, Marks) {
  EXPECT_EQ(effect({0x4d, 0x87, 0xed}), Effect::mark);
  EXPECT_EQ(effect({0x4d, 0x87, 0xf6}), Effect::none); // of the plugin counts
}

TEST(Instruction, HasAnAddress) {
  std::array<std::uint64_t, 16> registers;
  for (std::size_t i = 0; i < registers.size(); i++)
    registers[i] = 0x1000 * (i + 1);
  const auto address = [&](const Code &code) {
    const auto operand = decode(code).operand;
    return operand ? operand->address(registers, 0x400000) : 0;
  };
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x30}), 0x1000);             // (%rax)
  EXPECT_EQ(address({0x66, 0x41, 0x0f, 0xae, 0x30}), 0x9000);       // (%r8)
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x71, 0x40}), 0x2040);       // 64(%rcx)
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x73, 0xc0}), 0x3fc0);       // -64(%rbx)
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0xb1, 0, 1, 0, 0}), 0x2100); // 256(%rcx)
  // (%rax,%rcx,8), (%rsp), (%r12), 0x10(,%rdx,2), 0x20(%rip)
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x34, 0xc8}), 0x11000);
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x34, 0x24}), 0x5000);
  EXPECT_EQ(address({0x66, 0x41, 0x0f, 0xae, 0x34, 0x24}), 0xd000);
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x34, 0x55, 0x10, 0, 0, 0}), 0x6010);
  EXPECT_EQ(address({0x66, 0x0f, 0xae, 0x35, 0x20, 0, 0, 0}), 0x400020);
  // the address needs the base of a segment
  EXPECT_FALSE(decode(Code{0x65, 0x66, 0x0f, 0xae, 0x30}).operand);
}

TEST(GuestMemory, WalksPageTables) {
  std::vector<std::uint8_t> bytes(0x8000);
  const auto put = [&](std::uint64_t at, std::uint64_t entry) {
    std::memcpy(bytes.data() + at, &entry, sizeof(entry));
  };
  // bits that are no part of the address are set
  put(0x1000 + 8 * 0x111, 0x8000000000002063);
  put(0x2000, 0x3063);
  put(0x3000, 0x4063);
  put(0x3008, 0x00000000402001e3); // 2 MiB
  put(0x4000 + 8 * 5, 0x8000000000007067);
  put(0x2008, 0x5063);
  put(0x5000, 0x9063); // outside of the file
  const crash::Memory memory(bytes);
  EXPECT_EQ(memory.translate(0x1fff, 0xffff888000005123), 0x7123u);
  EXPECT_EQ(memory.translate(0x1000, 0xffff888000212345), 0x40212345u);
  EXPECT_FALSE(memory.translate(0x1000, 0xffff888000006000));
  EXPECT_FALSE(memory.translate(0x1000, 0xffff888040000000));
  EXPECT_FALSE(memory.translate(0x1000, 0));
}

Record store(std::uint64_t address, std::uint64_t value, std::uint8_t size = 8,
             Kind kind = Kind::store, std::uint8_t cpu = 0) {
  Record record{};
  record.address = address;
  record.kind = kind;
  record.cpu = cpu;
  record.size = size;
  std::memcpy(record.data.data(), &value, sizeof(value));
  return record;
}
Record event(Kind kind, std::uint64_t address = 0, std::uint8_t cpu = 0) {
  return store(address, 0, 0, kind, cpu);
}
std::uint64_t value_at(const Lines &lines, std::uint64_t address) {
  std::uint64_t value;
  std::memcpy(&value, lines.image().data() + address, sizeof(value));
  return value;
}
Lines new_lines(bool trust_locked = false) {
  return {std::vector<std::uint8_t>(16384), trust_locked};
}
void apply(Lines &lines, const std::vector<Record> &records) {
  for (const Record &record : records)
    lines.apply(record);
}

TEST(Lines, AStoreIsDurableAfterAWriteBackAndAFence) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1), event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 64), 0);
  apply(lines, {event(Kind::write_back, 100)});
  EXPECT_EQ(value_at(lines, 64), 0);
  EXPECT_TRUE(lines.completes(event(Kind::fence)));
  apply(lines, {event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 64), 1);
  EXPECT_TRUE(lines.pending().empty());
  EXPECT_FALSE(lines.completes(event(Kind::fence)));
}

TEST(Lines, AWriteBackIsNotOfLaterStores) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1), event(Kind::write_back, 64), store(64, 2),
                event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 64), 1);
  EXPECT_EQ(lines.pending().at(1).size(), 1);
}

TEST(Lines, AStoreAroundTheCachesIsDurableAfterAFence) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1, 8, Kind::non_temporal), event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 64), 1);
}

TEST(Lines, AnotherCpusFenceCompletesNothing) {
  Lines lines = new_lines();
  apply(lines,
        {store(64, 1), event(Kind::write_back, 64),
         store(128, 2, 8, Kind::non_temporal), event(Kind::fence, 0, 1)});
  EXPECT_EQ(value_at(lines, 64), 0);
  EXPECT_EQ(value_at(lines, 128), 0);
}

TEST(Lines, AnyCpuCanWriteBack) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1), event(Kind::write_back, 64, 1),
                event(Kind::fence, 0, 1)});
  EXPECT_EQ(value_at(lines, 64), 1);
}

TEST(Lines, LockedOperationsOrderOnRequest) {
  for (const bool trust : {false, true}) {
    Lines lines = new_lines(trust);
    apply(lines, {store(64, 1, 8, Kind::non_temporal), event(Kind::locked)});
    EXPECT_EQ(value_at(lines, 64), trust ? 1 : 0);
  }
}

TEST(Lines, AllLinesAreWrittenBackAtOnce) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1), store(640, 2)});
  EXPECT_TRUE(lines.completes(event(Kind::write_all)));
  apply(lines, {event(Kind::write_all)});
  EXPECT_EQ(value_at(lines, 64), 1);
  EXPECT_EQ(value_at(lines, 640), 2);
}

TEST(Lines, EightBytesAreStoredAtOnce) {
  Lines lines = new_lines();
  apply(lines, {store(64, 1, 16), store(132, 1, 8)});
  EXPECT_EQ(lines.pending().at(1).size(), 2);
  EXPECT_EQ(lines.pending().at(2).size(), 2);
}

TEST(Lines, AStoreCanCrossLines) {
  Lines lines = new_lines();
  apply(lines, {store(60, 0x1122334455667788), event(Kind::write_back, 64),
                event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 60), 0x1122334400000000);
}

TEST(Lines, AnOlderStoreDoesNotComeBack) {
  Lines lines = new_lines();
  // the first stays in the cache, the second goes around it
  apply(lines, {store(64, 0x1111111111111111),
                store(64, 0x22, 1, Kind::non_temporal), event(Kind::fence)});
  EXPECT_EQ(value_at(lines, 64), 0x22);
  const crash::LineBytes bytes = lines.line(1, 1);
  EXPECT_EQ(bytes[0], 0x22);
  EXPECT_EQ(bytes[1], 0x11);
}

TEST(Lines, EqualMemoryHasEqualHashes) {
  Lines lines = new_lines();
  const auto empty = lines.hash({});
  apply(lines, {store(64, 1), store(64, 0), store(128, 7)});
  EXPECT_NE(lines.hash({{1, 1}}), empty);
  EXPECT_EQ(lines.hash({{1, 2}}), empty);
  const auto with = lines.hash({{2, 1}});
  apply(lines, {event(Kind::write_back, 128), event(Kind::fence)});
  EXPECT_EQ(lines.hash({}), with);
}

/// All states that are chosen, as memory.
std::set<std::vector<std::uint8_t>> images(const Lines &lines, unsigned most,
                                           std::uint64_t atomic) {
  std::set<std::vector<std::uint8_t>> all;
  crash::States(1, atomic, {})
      .choose(lines, most,
              [&](const Choice &choice, const char *, std::uint64_t) {
                std::vector<std::uint8_t> image = lines.image();
                for (const auto &[number, count] : choice) {
                  const crash::LineBytes bytes = lines.line(number, count);
                  std::ranges::copy(bytes,
                                    image.begin() + static_cast<std::ptrdiff_t>(
                                                        number * crash::Line));
                }
                return all.insert(image).second ? crash::States::Verdict::fresh
                                                : crash::States::Verdict::known;
              });
  return all;
}

TEST(States, AreAllOfFewStores) {
  Lines lines = new_lines();
  apply(lines, {store(0, 1), store(8, 2), store(64, 3)});
  // 0, 1 or 2 stores of the first line, and 0 or 1 of the second
  EXPECT_EQ(images(lines, 100, 64).size(), 6);
  EXPECT_EQ(images(lines, 3, 64).size(), 3);
}

TEST(States, KeepABlockThatIsWrittenWhole) {
  Lines lines = new_lines();
  for (unsigned pass = 1; pass <= 2; pass++)
    for (unsigned at = 4096; at < 8192; at += 8)
      lines.apply(store(at, pass, 8, Kind::non_temporal));
  EXPECT_EQ(images(lines, 100, 4096).size(), 3);
  EXPECT_GT(images(lines, 100, 64).size(), 50);
  // one store through the caches, and it is no such block
  lines.apply(store(5000, 3));
  EXPECT_GT(images(lines, 100, 4096).size(), 50);
}

/// The choices that each rule offers, in turn.
std::map<std::string, std::vector<Choice>>
choices(const Lines &lines, unsigned most, std::uint64_t atomic,
        const std::vector<std::uint64_t> &reads) {
  std::map<std::string, std::vector<Choice>> all;
  crash::States(1, atomic, reads)
      .choose(lines, most,
              [&](const Choice &choice, const char *rule, std::uint64_t) {
                all[rule].push_back(choice);
                return crash::States::Verdict::fresh;
              });
  return all;
}

/// The lines that only some of the choices keep.
std::set<std::uint64_t> varied(const std::vector<Choice> &some) {
  std::map<std::uint64_t, std::size_t> kept;
  for (const Choice &choice : some)
    for (const auto &[line, count] : choice)
      kept[line]++;
  std::set<std::uint64_t> lines;
  for (const auto &[line, count] : kept)
    if (count != some.size())
      lines.insert(line);
  return lines;
}

TEST(States, VaryFirstWhatRecoveryReads) {
  Lines lines = new_lines();
  for (std::uint64_t line = 0; line < 100; line++)
    lines.apply(store(line * crash::Line, 1));
  const std::set<std::uint64_t> read = {7, 42, 77};
  auto all = choices(lines, 400, 64, {read.begin(), read.end()});
  for (const char *rule : {"alone", "all but", "random", "up to"})
    ASSERT_GT(all[rule].size(), 90) << rule;
  for (std::size_t round = 0; round < read.size(); round++)
    EXPECT_TRUE(read.contains(all["up to"][round].rbegin()->first));
  EXPECT_GT(varied(all["up to"]).size(), 50);
  for (const char *rule : {"alone", "all but", "random"})
    all[rule].resize(read.size());
  EXPECT_EQ(varied(all["alone"]), read);
  EXPECT_EQ(varied(all["all but"]), read);
  EXPECT_TRUE(std::ranges::includes(read, varied(all["random"])));
}

TEST(States, VaryEachLineOnceBeforeOneAgain) {
  Lines lines = new_lines();
  for (std::uint64_t line = 0; line < 20; line++)
    lines.apply(store(line * crash::Line, 1));
  for (const std::vector<std::uint64_t> &reads :
       {std::vector<std::uint64_t>(), {3, 5}, {1000}}) {
    auto all = choices(lines, 82, 64, reads);
    EXPECT_EQ(all["alone"].size(), 20);
    EXPECT_EQ(varied(all["alone"]).size(), 20);
    EXPECT_EQ(varied(all["all but"]).size(), 20);
  }
}

TEST(States, ABlockIsReadIfALineIs) {
  Lines lines = new_lines();
  for (unsigned at = 0; at < 12288; at += 8)
    lines.apply(store(at, 1, 8, Kind::non_temporal));
  auto all = choices(lines, 4, 4096, {100});
  ASSERT_EQ(all["alone"].size(), 1);
  EXPECT_EQ(all["alone"][0].size(), 64);
  EXPECT_TRUE(all["alone"][0].contains(100));
}

TEST(Minimal, LeavesWhatIsNeeded) {
  std::vector<Choice> parts;
  for (std::uint64_t line = 0; line < 100; line += 2)
    parts.push_back({{line, 1}, {line + 1, 1}});
  const auto fails = [](const Choice &one) {
    return one.contains(17) && one.contains(71);
  };
  EXPECT_EQ(crash::join(crash::minimal(parts, fails, 1000)),
            (Choice{{16, 1}, {17, 1}, {70, 1}, {71, 1}}));
  EXPECT_TRUE(fails(crash::join(crash::minimal(parts, fails, 3))));
}

crash::Script script_of(const std::string &text) {
  std::istringstream stream(text);
  return crash::read_script(stream);
}

TEST(Script, IsReadAndPrinted) {
  const std::string text = "create a\nwrite a 0 4096\ntruncate a 3\n"
                           "rename a b\nsync\ntouch b write\n";
  std::string printed;
  for (const crash::Step &step : script_of("# one\n\n" + text).steps)
    printed += crash::text_of(step) + "\n";
  EXPECT_EQ(printed, text);
  EXPECT_EQ(script_of("device x 2M\nfsync x").device_size, 2 << 20);
}

TEST(Script, IsRefused) {
  for (
      const auto &[text, said] :
      {std::pair{"create a\nwrit a 0 1", "line 2: writ: no such step"},
       {"write a 0", "line 1: a length is missing"},
       {"write a 0 0", "line 1: the length must not be zero"},
       {"create ./a",
        "line 1: ./a: give the path below the filesystem, without . and .. and further slashes"},
       {"create a/../b",
        "line 1: a/../b: give the path below the filesystem, without . and .. and further slashes"},
       {"create d//b",
        "line 1: d//b: give the path below the filesystem, without . and .. and further slashes"},
       {"create d/",
        "line 1: d/: give the path below the filesystem, without . and .. and further slashes"},
       {"create /a",
        "line 1: /a: give the path below the filesystem, without . and .. and further slashes"},
       {"rename a ./b",
        "line 1: ./b: give the path below the filesystem, without . and .. and further slashes"},
       {"write a x 1",
        "line 1: x: expected a number of at most 9 digits, which can end in K or M"},
       {"write a 1G 1",
        "line 1: 1G: expected a number of at most 9 digits, which can end in K or M"},
       {"write a -1 1",
        "line 1: -1: expected a number of at most 9 digits, which can end in K or M"},
       {"device x 1M\nsync", "line 2: sync: is not for a disk; expected fsync"},
       {"fdatasync .", "line 1: .: only fsync takes it"},
       {"msync a 100 1", "line 1: the offset must be a multiple of 4K"},
       {"touch a often", "line 1: often: expected read or write"},
       {"create a b", "line 1: b: one word too many"},
       {"create a\ndevice x 1M", "line 2: device must be the first line"}}) {
    try {
      script_of(text);
      ADD_FAILURE() << text;
    } catch (const std::runtime_error &error) {
      EXPECT_STREQ(error.what(), said);
    }
  }
}

/// A model after the steps of a script, and files to compare with it.
class Play {
public:
  /// @param unfinished whether the last step has only begun
  explicit Play(const std::string &text, bool unfinished = false)
      : script(script_of(text)), model(script) {
    for (const crash::Step &step : script.steps) {
      model.begin(step);
      if (!unfinished || &step != &script.steps.back())
        model.end(step);
    }
  }

  /// A file of bytes that steps have written: each part is a step and a length.
  Play &file(const std::string &name,
             const std::vector<std::pair<int, unsigned>> &parts) {
    std::vector<std::uint8_t> bytes;
    for (const auto &[step, length] : parts)
      for (unsigned i = 0; i < length; i++)
        bytes.push_back(step < 0 ? 0 : crash::byte_of(step, bytes.size()));
    return raw(name, bytes);
  }
  Play &raw(const std::string &name, const std::vector<std::uint8_t> &bytes) {
    tree[name] = {false, ++inode, 1, bytes.size()};
    contents[name] = bytes;
    return *this;
  }
  Play &link(const std::string &name, const std::string &other) {
    tree[name].links++;
    tree[other] = tree[name];
    contents[other] = contents[name];
    return *this;
  }
  Play &directory(const std::string &name) {
    tree[name] = {true, ++inode, 2, 4096};
    return *this;
  }

  /// What is wrong; empty if nothing is. Forgets the files.
  std::string wrong() {
    const auto said = model.check(
        tree, [&](const std::string &name) { return contents.at(name); });
    tree.clear();
    contents.clear();
    return said.value_or("");
  }

private:
  crash::Script script;
  crash::Model model;
  crash::Tree tree;
  std::map<std::string, std::vector<std::uint8_t>> contents;
  std::uint64_t inode = 10;
};

TEST(Model, WhatWasNotPromisedCanBeLost) {
  Play play("create a\nwrite a 0 100");
  EXPECT_EQ(play.wrong(), "");
  EXPECT_EQ(play.file("a", {}).wrong(), "");
  EXPECT_EQ(play.file("a", {{1, 100}}).wrong(), "");
  EXPECT_EQ(play.file("a", {{-1, 40}, {1, 60}}).wrong(), "");
  EXPECT_EQ(play.file("a", {{1, 101}}).wrong(),
            "a: the size is 101, expected 0 to 100; "
            "not the names before step 0: a is there");
}

TEST(Model, ForeignBytesAreFound) {
  Play play("create a\nwrite a 0 100");
  std::vector<std::uint8_t> bytes(100);
  bytes[99] = 0xff;
  EXPECT_EQ(play.raw("a", bytes).wrong(),
            "a: byte 99 is 0xff, expected 0x00 (no step) or 0x1b (step 1); "
            "not the names before step 0: a is there");
}

TEST(Model, FsyncPromisesTheFile) {
  Play play("create a\nwrite a 0 100\nfsync a");
  EXPECT_EQ(play.file("a", {{1, 100}}).wrong(), "");
  EXPECT_NE(play.wrong(), "");
  EXPECT_NE(play.file("a", {{1, 99}}).wrong(), "");
  EXPECT_NE(play.file("a", {{1, 99}, {-1, 1}}).wrong(), "");
}

TEST(Model, AnFsyncThatHasNotEndedPromisesNothing) {
  Play play("create a\nwrite a 0 100\nfsync a", true);
  EXPECT_EQ(play.wrong(), "");
}

TEST(Model, AnOverwriteIsOldOrNewByteByByte) {
  Play play("create a\nwrite a 0 100\nfsync a\nwrite a 10 50");
  EXPECT_EQ(play.file("a", {{1, 20}, {3, 10}, {1, 70}}).wrong(), "");
  EXPECT_NE(play.file("a", {{1, 20}, {-1, 10}, {1, 70}}).wrong(), "");
  EXPECT_NE(play.file("a", {{1, 5}, {3, 95}}).wrong(), "");
}

TEST(Model, AFlushedStorePromisesItsRangeOnly) {
  Play play("create a\nwrite a 0 200\nfsync a\nstore a 0 50\n"
            "store_flushed a 100 50");
  EXPECT_EQ(play.file("a", {{1, 100}, {4, 50}, {1, 50}}).wrong(), "");
  EXPECT_EQ(play.file("a", {{3, 50}, {1, 50}, {4, 50}, {1, 50}}).wrong(), "");
  EXPECT_NE(play.file("a", {{3, 50}, {1, 150}}).wrong(), "");
}

TEST(Model, TruncatedBytesDoNotComeBack) {
  Play play("create a\nwrite a 0 100\nfsync a\ntruncate a 50\nfsync a\n"
            "truncate a 100\nfsync a");
  EXPECT_EQ(play.file("a", {{1, 50}, {-1, 50}}).wrong(), "");
  EXPECT_NE(play.file("a", {{1, 100}}).wrong(), "");
}

TEST(Model, HolesAndMovesOfBytes) {
  EXPECT_EQ(Play("create a\nwrite a 0 300\npunch a 100 100\nfsync a")
                .file("a", {{1, 100}, {-1, 100}, {1, 100}})
                .wrong(),
            "");
  Play collapse(
      "create a\nwrite a 0 300\nfsync a\ncollapse a 100 100\nfsync a");
  std::vector<std::uint8_t> bytes;
  for (unsigned i = 0; i < 200; i++)
    bytes.push_back(crash::byte_of(1, i < 100 ? i : i + 100));
  EXPECT_EQ(collapse.raw("a", bytes).wrong(), "");
  EXPECT_NE(collapse.file("a", {{1, 200}}).wrong(), "");
  Play insert("create a\nwrite a 0 300\nfsync a\ninsert a 100 100\nfsync a");
  bytes.clear();
  for (unsigned i = 0; i < 400; i++)
    bytes.push_back(i < 100   ? crash::byte_of(1, i)
                    : i < 200 ? 0
                              : crash::byte_of(1, i - 100));
  EXPECT_EQ(insert.raw("a", bytes).wrong(), "");
  EXPECT_NE(insert.file("a", {{1, 400}}).wrong(), "");
}

TEST(Model, AWriteCanBeWhereItWasBeforeAMove) {
  const std::string text =
      "create a\nwrite a 0 8192\nfsync a\ninsert a 4096 4096\n";
  std::vector<std::uint8_t> bytes(8192);
  for (unsigned i = 0; i < bytes.size(); i++)
    bytes[i] = i < 4096 ? crash::byte_of(1, i) : crash::byte_of(4, i + 4096);
  EXPECT_EQ(Play(text + "write a 8192 4096").raw("a", bytes).wrong(), "");
  EXPECT_NE(Play(text + "fsync a\nwrite a 8192 4096").raw("a", bytes).wrong(),
            "");
}

TEST(Model, AllMovesCanBeTakenBack) {
  std::vector<std::uint8_t> bytes(16384);
  for (unsigned i = 0; i < bytes.size(); i++)
    bytes[i] = i < 4096 ? crash::byte_of(5, i + 4096) : crash::byte_of(1, i);
  EXPECT_EQ(Play("create a\nwrite a 0 16K\nfsync a\ninsert a 0 4K\n"
                 "insert a 12K 4K\nwrite a 4K 4K")
                .raw("a", bytes)
                .wrong(),
            "");
  for (unsigned i = 0; i < bytes.size(); i++)
    bytes[i] = i >= 4904 && i < 5004 ? 0 : crash::byte_of(1, i);
  EXPECT_EQ(Play("create a\nwrite a 0 16K\nfsync a\ninsert a 4K 4K\n"
                 "punch a 9000 100")
                .raw("a", bytes)
                .wrong(),
            "");
}

TEST(Model, ARenameIsAtomic) {
  const char *const text = "create a\ncreate b\nsync\nwrite b 0 10\nfsync b\n"
                           "rename b a";
  Play play(text);
  EXPECT_EQ(play.file("a", {}).file("b", {{3, 10}}).wrong(), "");
  EXPECT_EQ(play.file("a", {{3, 10}}).wrong(), "");
  EXPECT_NE(play.file("b", {{3, 10}}).wrong(), "");
  EXPECT_NE(play.wrong(), "");
  EXPECT_NE(play.file("a", {{3, 10}}).link("a", "b").wrong(), "");
}

TEST(Model, EqualNamesCanBeOfOtherFiles) {
  Play play("create a\nwrite a 0 10000\nfsync a\ncreate b\nwrite b 0 10\n"
            "rename b a");
  EXPECT_EQ(play.file("a", {{1, 10000}}).wrong(), "");
  EXPECT_EQ(play.file("a", {{4, 10}}).wrong(), "");
  EXPECT_NE(play.file("a", {{1, 9000}}).wrong(), "");
}

TEST(Model, ARenameOfTwoNamesOfAFileDoesNothing) {
  Play play("create a\nlink a b\nrename a b\nsync");
  EXPECT_EQ(play.file("a", {}).link("a", "b").wrong(), "");
  EXPECT_NE(play.file("b", {}).wrong(), "");
}

TEST(Pairs, LeaveNothing) {
  for (const auto &steps : crash::all_pairs()) {
    std::map<std::string, unsigned> files; // by name
    unsigned file = 0;
    for (const auto &[action, name, other, offset, length] : steps) {
      using crash::Action;
      if (action == Action::mkdir || action == Action::create) {
        EXPECT_TRUE(files.emplace(name, ++file).second);
      } else if (action == Action::link) {
        EXPECT_TRUE(files.emplace(other, files.at(name)).second);
      } else if (action == Action::unlink || action == Action::rmdir) {
        EXPECT_EQ(files.erase(name), 1);
      } else if (action == Action::rename &&
                 !(files.contains(other) &&
                   files.at(other) == files.at(name))) {
        files[other] = files.at(name);
        files.erase(name);
      } else if (action != Action::sync) {
        EXPECT_TRUE(files.contains(name));
      }
    }
    EXPECT_TRUE(files.empty());
  }
}

TEST(Model, NamesAreThoseOfOneMoment) {
  Play play("create a\ncreate b\ncreate c");
  EXPECT_EQ(play.file("a", {}).file("b", {}).wrong(), "");
  EXPECT_NE(play.file("a", {}).file("c", {}).wrong(), "");
  EXPECT_NE(play.file("x", {}).wrong(), "");
}

TEST(Model, LinksAreOneFile) {
  Play play("create a\nlink a b\nfsync a");
  EXPECT_EQ(play.file("a", {}).link("a", "b").wrong(), "");
  EXPECT_NE(play.file("a", {}).file("b", {}).wrong(), "");
  EXPECT_NE(play.file("a", {}).wrong(), "");
}

TEST(Model, DirectoriesTakeTheirNamesAlong) {
  Play play("mkdir d\ncreate d/a\nrename d e\nfsync .");
  EXPECT_EQ(play.directory("e").file("e/a", {}).wrong(), "");
  EXPECT_NE(play.directory("d").file("d/a", {}).wrong(), "");
  EXPECT_NE(play.directory("e").wrong(), "");
  EXPECT_NE(play.file("e", {}).file("e/a", {}).wrong(), "");
}

TEST(Model, ADiskIsOneFile) {
  Play play("device x 4096\nwrite_synced x 0 512\nwrite x 1024 512");
  EXPECT_EQ(play.file("x", {{0, 512}, {-1, 3584}}).wrong(), "");
  EXPECT_EQ(play.file("x", {{0, 512}, {-1, 512}, {1, 512}, {-1, 2560}}).wrong(),
            "");
  EXPECT_NE(play.file("x", {{-1, 4096}}).wrong(), "");
}

} // namespace
