// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of the translation to memory: tables are followed, and no range is called
/// mappable that the kernel does not map with one page.
#include "memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <linux/fiemap.h>
#include <sys/sysmacros.h>

namespace dax {

/// For the messages of GoogleTest.
void PrintTo(const Extent &extent, std::ostream *out) {
  *out << extent.logical << "+" << extent.length << " at " << extent.physical
       << (extent.located ? "" : " not located")
       << (extent.continued ? " continued" : "");
}

void PrintTo(const Range &range, std::ostream *out) {
  *out << range.offset << "+" << range.length << " " << name_of(range.verdict);
}

namespace {

using enum Verdict;
using Extents = std::vector<Extent>;
using Lines = std::vector<std::string>;
using Ranges = std::vector<Range>;

constexpr std::uint64_t K = 1 << 10;
constexpr std::uint64_t M = 1 << 20;
constexpr std::uint64_t G = 1 << 30;
/// Sectors of a MiB.
constexpr std::uint64_t S = M / Sector;

/// Numbers of the devices of the tests.
const dev_t Pmem0 = makedev(259, 0);
const dev_t Pmem1 = makedev(259, 1);
const dev_t Part = makedev(259, 2);
const dev_t Ram = makedev(1, 0);
const dev_t Dm = makedev(253, 0);
const dev_t Lower = makedev(253, 1);

/// A machine with two pmem devices, at 4 GiB and 8 GiB, a partition that begins
/// at 1 MiB of the first one, and a disk without an address.
class Machine : public testing::Test {
protected:
  /// Sets the table of the upper device.
  void table(Table targets) { devices[Dm] = {"dm-0 (top)", targets}; }

  /// Sets the table of the lower device.
  void lower(Table targets) { devices[Lower] = {"dm-1 (low)", targets}; }

  MemoryMap map() {
    return MemoryMap([this](dev_t number) {
      asked[number]++;
      return devices.at(number);
    });
  }

  MemoryMap::Placement place(const Extents &extents, dev_t device = Dm) {
    return map().place(device, extents);
  }

  /// Verdicts for a DAX file that is one extent of a device.
  Ranges judged(std::uint64_t physical, std::uint64_t length,
                std::uint64_t page = HugePage) {
    return judge({true, length, place({{0, physical, length, 0}}).extents},
                 page);
  }

  std::map<dev_t, Device> devices{
      {Pmem0, {"pmem0", InMemory{4 * G}}},
      {Pmem1, {"pmem1", InMemory{8 * G}}},
      {Part, {"pmem0p1", Partition{Pmem0, M}}},
      {Ram, {"ram0", Unknown{"no address; use pmem"}}},
  };
  std::map<dev_t, int> asked;
};

TEST_F(Machine, AddsTheAddressOfADevice) {
  EXPECT_EQ(place({{M, 2 * M, 3 * M, FIEMAP_EXTENT_UNWRITTEN}}, Pmem1).extents,
            (Extents{{M, 8 * G + 2 * M, 3 * M, FIEMAP_EXTENT_UNWRITTEN}}));
  EXPECT_EQ(map().start(Pmem1), 8 * G);
}

TEST_F(Machine, AddsTheStartOfAPartition) {
  EXPECT_EQ(place({{0, 2 * M, 3 * M, 0}}, Part).extents,
            (Extents{{0, 4 * G + 3 * M, 3 * M, 0}}));
  EXPECT_EQ(map().start(Part), 4 * G + M);
}

TEST_F(Machine, DoesNotChangeExtentsWithoutBlocks) {
  const Extents extents{{0, 5, 7, FIEMAP_EXTENT_DELALLOC}};
  EXPECT_EQ(place(extents, Pmem0).extents, extents);
  EXPECT_EQ(place(extents, Ram).extents, extents);
  EXPECT_EQ(place(extents, Ram).unknown, Lines{});
}

TEST_F(Machine, GetsEachDeviceOnce) {
  table({{0, 4 * S, "striped", "2 2048 259:0 0 259:0 8192"}});
  MemoryMap memory = map();
  for (int i = 0; i < 2; i++)
    EXPECT_EQ(memory.place(Dm, {{0, 0, 4 * M, 0}}).extents.size(), 4);
  EXPECT_EQ(asked[Dm], 1);
  EXPECT_EQ(asked[Pmem0], 1);
}

TEST_F(Machine, LinearAt2MiBIsMappable) {
  table({{0, 64 * S, "linear", "259:0 4096"}});
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, mappable}}));
  EXPECT_EQ(map().start(Dm), 4 * G + 2 * M);
}

TEST_F(Machine, LinearAt1MiBIsPhysical) {
  table({{0, 64 * S, "linear", "259:0 2048"}});
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, physical}}));
  EXPECT_EQ(judged(M, 4 * M), (Ranges{{0, 4 * M, mappable}}));
}

TEST_F(Machine, LinearOnAPartitionAddsUp) {
  table({{0, 64 * S, "linear", "259:2 2048"}});
  EXPECT_EQ(place({{0, 0, 4 * M, 0}}).extents,
            (Extents{{0, 4 * G + 2 * M, 4 * M, 0}}));
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, mappable}}));
}

TEST_F(Machine, ConcatenationIsPhysicalAtItsBoundary) {
  // aligned on both devices; the boundary is in the middle of a range
  table({{0, 5 * S, "linear", "259:0 0"},
         {5 * S, 9 * S, "linear", "259:1 2048"}});
  EXPECT_EQ(place({{0, 0, 8 * M, 0}}).extents,
            (Extents{{0, 4 * G, 5 * M, 0},
                     {5 * M, 8 * G + M, 3 * M, 0, true, true}}));
  EXPECT_EQ(judged(0, 8 * M), (Ranges{{0, 4 * M, mappable},
                                      {4 * M, 2 * M, physical},
                                      {6 * M, 2 * M, mappable}}));
  EXPECT_EQ(map().start(Dm), std::nullopt);
}

TEST_F(Machine, AdjacentConcatenationIsPhysicalToo) {
  table({{0, 5 * S, "linear", "259:0 0"},
         {5 * S, 9 * S, "linear", "259:0 10240"}});
  EXPECT_EQ(judged(0, 8 * M), (Ranges{{0, 4 * M, mappable},
                                      {4 * M, 2 * M, physical},
                                      {6 * M, 2 * M, mappable}}));
}

TEST_F(Machine, ConcatenationIsSearchedFromTheMiddle) {
  table({{0, 2 * S, "linear", "259:0 0"},
         {2 * S, 2 * S, "linear", "259:1 0"},
         {4 * S, 4 * S, "linear", "259:0 8192"}});
  EXPECT_EQ(place({{0, 2 * M, 2 * M, 0}}).extents,
            (Extents{{0, 8 * G, 2 * M, 0}}));
  EXPECT_EQ(place({{0, 3 * M, 3 * M, 0}}).extents,
            (Extents{{0, 8 * G + M, M, 0},
                     {M, 4 * G + 4 * M, 2 * M, 0, true, true}}));
}

TEST_F(Machine, StripesOf2MiBAreMappable) {
  table({{0, 128 * S, "striped", "2 4096 259:0 0 259:1 4096"}});
  EXPECT_EQ(place({{0, 2 * M, 6 * M, 0}}).extents,
            (Extents{{0, 8 * G + 2 * M, 2 * M, 0},
                     {2 * M, 4 * G + 2 * M, 2 * M, 0, true, true},
                     {4 * M, 8 * G + 4 * M, 2 * M, 0, true, true}}));
  EXPECT_EQ(judged(0, 8 * M), (Ranges{{0, 8 * M, mappable}}));
  // half of each range is in each stripe
  EXPECT_EQ(judged(M, 8 * M), (Ranges{{0, 8 * M, physical}}));
}

TEST_F(Machine, StripesOf128KiBArePhysical) {
  table({{0, 128 * S, "striped", "2 256 259:0 0 259:1 0"}});
  const Extents extents = place({{0, 64 * K, 256 * K, 0}}).extents;
  EXPECT_EQ(extents,
            (Extents{{0, 4 * G + 64 * K, 64 * K, 0},
                     {64 * K, 8 * G, 128 * K, 0, true, true},
                     {192 * K, 4 * G + 128 * K, 64 * K, 0, true, true}}));
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, physical}}));
}

TEST_F(Machine, OneStripeIsSplitAfterEachChunk) {
  table({{0, 128 * S, "striped", "1 2048 259:0 0"}});
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, physical}}));
  EXPECT_EQ(map().start(Dm), 4 * G);
  table({{0, 128 * S, "striped", "1 8192 259:0 0"}});
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, mappable}}));
}

TEST_F(Machine, StripesAreCountedFromTheirTarget) {
  // three stripes, 6 MiB after the start of the device
  table({{0, 6 * S, "linear", "259:0 0"},
         {6 * S, 60 * S, "striped", "3 4096 259:0 16384 259:1 0 259:1 16384"}});
  EXPECT_EQ(place({{0, 6 * M, 8 * M, 0}}).extents,
            (Extents{{0, 4 * G + 8 * M, 2 * M, 0},
                     {2 * M, 8 * G, 2 * M, 0, true, true},
                     {4 * M, 8 * G + 8 * M, 2 * M, 0, true, true},
                     {6 * M, 4 * G + 10 * M, 2 * M, 0, true, true}}));
}

TEST_F(Machine, NestedTablesAreFollowed) {
  // linear at 1 MiB on linear at 1 MiB
  lower({{0, 64 * S, "linear", "259:0 2048"}});
  table({{0, 32 * S, "linear", "253:1 2048"}});
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, mappable}}));
  EXPECT_EQ(map().start(Dm), 4 * G + 2 * M);
  // stripes on a concatenation
  lower({{0, 3 * S, "linear", "259:0 0"},
         {3 * S, 64 * S, "linear", "259:1 2048"}});
  table({{0, 32 * S, "striped", "2 4096 253:1 0 259:1 8192"}});
  EXPECT_EQ(place({{0, 0, 8 * M, 0}}).extents,
            (Extents{{0, 4 * G, 2 * M, 0},
                     {2 * M, 8 * G + 4 * M, 2 * M, 0, true, true},
                     {4 * M, 4 * G + 2 * M, M, 0, true, true},
                     {5 * M, 8 * G + M, M, 0, true, true},
                     {6 * M, 8 * G + 6 * M, 2 * M, 0, true, true}}));
  EXPECT_EQ(judged(0, 8 * M), (Ranges{{0, 4 * M, mappable},
                                      {4 * M, 2 * M, physical},
                                      {6 * M, 2 * M, mappable}}));
}

TEST_F(Machine, UnknownTargetsAreNamed) {
  table({{0, 64 * S, "crypt", "aes-xts-plain64 0 0 259:0 0"}});
  const MemoryMap::Placement placement =
      place({{0, 0, 4 * M, 0}, {4 * M, 8 * M, 4 * M, 0}});
  EXPECT_EQ(placement.unknown,
            Lines{"dm-0 (top): target crypt is not supported; use linear or "
                  "striped targets"});
  EXPECT_EQ(placement.extents, (Extents{{0, 0, 4 * M, 0, false},
                                        {4 * M, 8 * M, 4 * M, 0, false}}));
  EXPECT_EQ(judged(0, 4 * M), (Ranges{{0, 4 * M, unknown}}));
  EXPECT_EQ(map().start(Dm), std::nullopt);
}

TEST_F(Machine, UnknownTargetsDoNotAffectOthers) {
  table({{0, 4 * S, "linear", "259:0 0"},
         {4 * S, 3 * S, "snapshot-origin", "259:0"},
         {7 * S, 5 * S, "linear", "259:1 2048"}});
  EXPECT_EQ(judged(0, 12 * M), (Ranges{{0, 4 * M, mappable},
                                       {4 * M, 2 * M, unknown},
                                       {6 * M, 2 * M, physical},
                                       {8 * M, 4 * M, mappable}}));
  EXPECT_EQ(place({{0, 5 * M, 3 * M, 0}}).extents,
            (Extents{{0, 5 * M, 2 * M, 0, false},
                     {2 * M, 8 * G + M, M, 0, true, true}}));
}

TEST_F(Machine, UnknownLowerDevicesAreNamed) {
  table({{0, 64 * S, "striped", "2 4096 259:0 0 1:0 0"}});
  EXPECT_EQ(place({{0, 0, 8 * M, 0}}).unknown,
            Lines{"ram0: no address; use pmem"});
  EXPECT_EQ(judged(0, 4 * M),
            (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, unknown}}));
}

TEST_F(Machine, TargetsWithInvalidArgumentsAreUnknown) {
  for (const char *arguments :
       {"", "259:0", "259 0", "259.0 0", "x:0 0", "259:0 0 1", "259:0 0x"}) {
    table({{0, 64 * S, "linear", arguments}});
    EXPECT_EQ(judged(0, 2 * M), (Ranges{{0, 2 * M, unknown}})) << arguments;
  }
  for (const char *arguments :
       {"", "2", "2 4096", "0 4096", "1 0 259:0 0", "2 4096 259:0 0",
        "2 4096 259:0 0 259:1", "2 4096 259:0 0 259:1 0 1"}) {
    table({{0, 64 * S, "striped", arguments}});
    EXPECT_EQ(judged(0, 2 * M), (Ranges{{0, 2 * M, unknown}})) << arguments;
  }
}

TEST_F(Machine, SectorsWithoutATargetAreUnknown) {
  table({{2 * S, 2 * S, "linear", "259:0 0"}});
  EXPECT_EQ(judged(0, 2 * M), (Ranges{{0, 2 * M, unknown}}));
  EXPECT_EQ(judged(2 * M, 4 * M),
            (Ranges{{0, 2 * M, mappable}, {2 * M, 2 * M, unknown}}));
  EXPECT_EQ(place({{0, 4 * M, 2 * M, 0}}).unknown,
            Lines{"dm-0 (top): sector 8192 is in no target of its table; run "
                  "daxmap again"});
  table({});
  EXPECT_EQ(judged(0, 2 * M), (Ranges{{0, 2 * M, unknown}}));
}

TEST_F(Machine, TablesWithALoopAreUnknown) {
  table({{0, 64 * S, "linear", "253:0 0"}});
  EXPECT_EQ(judged(0, 2 * M), (Ranges{{0, 2 * M, unknown}}));
  EXPECT_EQ(map().start(Dm), std::nullopt);
}

TEST_F(Machine, OneGiBPagesSpanAdjacentTargets) {
  table({{0, 512 * S, "linear", "259:0 0"},
         {512 * S, 512 * S, "linear", "259:0 1048576"},
         {1024 * S, 512 * S, "linear", "259:0 2097152"},
         {1536 * S, 512 * S, "error", ""},
         {2048 * S, 512 * S, "linear", "259:0 0"},
         {2560 * S, 512 * S, "linear", "259:1 0"}});
  EXPECT_EQ(judged(0, 3 * G, GiantPage),
            (Ranges{{0, G, mappable}, {G, G, unknown}, {2 * G, G, physical}}));
}

} // namespace
} // namespace dax
