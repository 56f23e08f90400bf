// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of plans on recorded machines: which range is taken, why others are not, and
/// that the driver accepts it after a boot.
#include "plan.hpp"

#include "driver_model.hpp"
#include "recorded_machine.hpp"
#include "size.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace pmemctl {
namespace {

Machine recorded(const std::string &name) {
  const RecordedMachine files(name);
  return read_machine(files.root());
}

Request request(std::uint64_t size, unsigned count = 1,
                std::optional<int> node = {}) {
  return {size, count, node};
}

/// The command line that is proposed, or why none is.
std::string answer(const Machine &machine, const Request &request) {
  const Plan result = plan(machine, request);
  return result.proposal ? result.proposal->memmap() : result.refusal;
}

/// The reason of the candidate that has an address.
std::string reason_at(const Plan &plan, std::uint64_t address) {
  for (const Candidate &candidate : plan.candidates)
    if (candidate.range.start <= address && address < candidate.range.end)
      return candidate.reason;
  return "";
}

bool has_note(const Plan &plan, const std::string &text) {
  return std::any_of(
      plan.notes.begin(), plan.notes.end(),
      [&](const auto &note) { return note.find(text) != note.npos; });
}

TEST(Plan, TakesTheHighestPlaceBelowTheEndOfRam) {
  EXPECT_EQ(answer(recorded("desktop-ryzen-64g"), request(32 * GiB)),
            "memmap=32G$28G");
  EXPECT_EQ(answer(recorded("laptop-skylake"), request(4 * GiB)),
            "memmap=4G$10G");
  EXPECT_EQ(answer(recorded("laptop-ryzen"), request(2 * GiB)),
            "memmap=2G$13G");
  EXPECT_EQ(answer(recorded("vm-cloud-16g"), request(8 * GiB)), "memmap=8G$8G");
}

TEST(Plan, KeepsOutOfTheKernelWhereItCan) {
  // the kernel is at 61 GiB, between 4 and 65.5 GiB
  const Plan around = plan(recorded("desktop-ryzen-64g"), request(32 * GiB));
  EXPECT_EQ(reason_at(around, 0xf34000000), "the kernel is here now");
  EXPECT_TRUE(around.notes.empty());
  // the kernel is at 11.5 GiB, in the way of 11 GiB
  const Plan over = plan(recorded("laptop-ryzen"), request(11 * GiB));
  ASSERT_TRUE(over.proposal);
  EXPECT_TRUE(over.proposal->range.contains({0x2e0000000, 0x2e2000000}));
  EXPECT_TRUE(has_note(over, "KASLR chooses another place"));
}

TEST(Plan, AddressesAreOnOneNode) {
  const Machine machine = recorded("server-opteron");
  for (const int node : machine.node_numbers()) {
    const Plan result = plan(machine, request(64 * GiB, 4, node));
    ASSERT_TRUE(result.proposal) << node;
    EXPECT_EQ(machine.node_of(result.proposal->range), node);
    EXPECT_EQ(result.proposal->range.start % GiB, 0U);
    EXPECT_EQ(
        result.proposal->ranges().substr(result.proposal->ranges().find('/')),
        "/4");
  }
  const Plan result = plan(machine, request(64 * GiB, 1, 3));
  EXPECT_EQ(reason_at(result, 0x3000000000),
            "on node 1, and --node 3 was given");
  EXPECT_EQ(answer(machine, request(129 * GiB)),
            "129G: no range is large enough; use at most 128G");
  EXPECT_EQ(answer(recorded("vm-two-nodes"), request(33 * GiB)),
            "33G: no range is large enough; use at most 32G");
}

TEST(Plan, SaysWhyEachCandidateWasNotTaken) {
  for (const std::string &name : RecordedMachine::names()) {
    const Machine machine = recorded(name);
    for (const std::uint64_t size : {512 * MiB, 2 * GiB, 8 * GiB, 4096 * GiB}) {
      const Plan result = plan(machine, request(size));
      EXPECT_FALSE(result.candidates.empty());
      EXPECT_EQ(std::count_if(result.candidates.begin(),
                              result.candidates.end(),
                              [](const auto &c) { return c.taken; }),
                result.proposal ? 1 : 0)
          << name;
      EXPECT_EQ(result.refusal.empty(), result.proposal.has_value()) << name;
      for (const Candidate &candidate : result.candidates)
        EXPECT_FALSE(candidate.reason.empty()) << name;
    }
  }
}

TEST(Plan, LeavesRamForTheKernel) {
  const Machine machine = recorded("vm-4g");
  EXPECT_EQ(answer(machine, request(GiB)), "memmap=1G$4G");
  EXPECT_TRUE(has_note(plan(machine, request(GiB)), "the end of RAM"));
  EXPECT_EQ(answer(machine, request(2 * GiB)),
            "2G: no range is large enough; use at most 1G");
  EXPECT_EQ(answer(recorded("crash-kernel"), request(1536 * MiB)),
            "1536M: no range is large enough; use at most 1260M");
}

TEST(Plan, KeepsOutOfTheInitialRamDisk) {
  // at 65.77 GiB, in RAM that ends at 65.98 GiB
  const Plan result = plan(recorded("crash-kernel"), request(512 * MiB));
  ASSERT_TRUE(result.proposal);
  EXPECT_FALSE(result.proposal->range.overlaps({0x10716cb000, 0x107b400000}));
  EXPECT_NE(reason_at(result, 0x1072000000).find("initial RAM disk"),
            std::string::npos);
}

TEST(Plan, KeepsOutOfMemoryWithAnotherUser) {
  const Plan result = plan(recorded("server-xeon"), request(16 * GiB));
  EXPECT_EQ(reason_at(result, 0x180000000),
            "in use: Persistent Memory (legacy) in /proc/iomem");
  EXPECT_EQ(reason_at(result, 0x860000000), "the crash kernel is here now");
  ASSERT_TRUE(result.proposal);
  EXPECT_EQ(result.proposal->memmap(), "memmap=16G$17G");
}

TEST(Range, OfAnotherDriverIsRefused) {
  const Machine machine = recorded("server-xeon");
  EXPECT_NO_THROW(check_range(machine, {8 * GiB, 9 * GiB}));
  try {
    check_range(machine, {7 * GiB, 9 * GiB});
    FAIL();
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "2G@7G: 0x15982c000-0x1ffffffff is Persistent Memory (legacy) "
                 "in /proc/iomem; pmemctl plan proposes a range without it");
  }
}

TEST(Range, OfAnotherDriverInReservedMemoryIsRefused) {
  Machine machine = recorded("vm-cloud-16g");
  machine.resources = {{{8 * GiB, 12 * GiB}, 0, "Reserved"},
                       {{8 * GiB, 9 * GiB}, 1, "pmem0"},
                       {{9 * GiB, 9 * GiB + MiB}, 1, "ramoops:dump(0/3)"}};
  EXPECT_NO_THROW(check_range(machine, {8 * GiB, 9 * GiB}));
  EXPECT_THROW(check_range(machine, {8 * GiB, 10 * GiB}),
               std::invalid_argument);
}

TEST(Range, WithTheKernelIsRefusedUnderNokaslr) {
  Machine machine = recorded("vm-4g");
  const Range range{16 * MiB, 1 * GiB};
  try {
    check_rest(machine, range);
    FAIL() << "not refused";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "1008M@16M: the kernel is at 0x1000000-0x35fffff, and nokaslr "
                 "fixes it; pmemctl plan proposes a range without it");
  }
  EXPECT_NO_THROW(check_rest(machine, {1 * GiB, 2 * GiB}));
  machine.cmdline.clear();
  EXPECT_NO_THROW(check_rest(machine, range));
}

TEST(Range, WithAFixedCrashKernelIsRefused) {
  Machine machine = recorded("vm-two-nodes");
  machine.resources.push_back({{20 * GiB, 21 * GiB}, 1, "Crash kernel"});
  const Range range{16 * GiB, 24 * GiB};
  EXPECT_NO_THROW(check_rest(machine, range));
  machine.cmdline = {"crashkernel=1G@20G"};
  try {
    check_rest(machine, range);
    FAIL() << "not refused";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "8G@16G: the crash kernel is at 0x500000000-0x53fffffff, and "
                 "crashkernel= fixes it with @; pmemctl plan proposes a range "
                 "without it");
  }
  EXPECT_NO_THROW(check_rest(machine, {21 * GiB, 24 * GiB}));
}

TEST(Range, HasTheNotesOfAPlan) {
  Machine machine = recorded("vm-two-nodes");
  const Range range{16 * GiB, 24 * GiB};
  EXPECT_EQ(notes_on(machine, range), std::vector<std::string>{});
  machine.cmdline.push_back("memmap=1M#1M,1M#2M,1M#3M,1M#4M");
  machine.is_efi = true;
  EXPECT_EQ(notes_on(machine, range).size(), 2U);
  machine.resources = {{range, 0, "Reserved"}};
  EXPECT_EQ(notes_on(machine, range, {range}), std::vector<std::string>{});
}

TEST(Range, TakesThePlaceOfAnEarlierOneForKaslr) {
  Machine machine = recorded("vm-two-nodes");
  const Range range{16 * GiB, 24 * GiB}, earlier{40 * GiB, 44 * GiB};
  machine.cmdline = {"memmap=1M#1M,1M#2M,1M#3M", "memmap=4G$40G"};
  EXPECT_EQ(notes_on(machine, range, {earlier}), std::vector<std::string>{});
  const auto notes = notes_on(machine, range);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("KASLR knows 4"), std::string::npos);
  // which the running kernel does not have yet
  EXPECT_EQ(notes_on(machine, range, {{40 * GiB, 48 * GiB}}), notes);
  const Request request{.size = 8 * GiB, .count = 1, .node = {}};
  EXPECT_EQ(plan(machine, request, {earlier}).notes,
            std::vector<std::string>{});
  EXPECT_EQ(plan(machine, request).notes, notes);
  machine.cmdline.push_back("memmap=1M#4M");
  EXPECT_EQ(notes_on(machine, range, {earlier}), notes);
}

TEST(Range, ThatOthersHaveReservedIsNotedOrRefused) {
  Machine machine = recorded("vm-two-nodes");
  const Range other{16 * GiB, 24 * GiB};
  machine.resources = {{{4 * GiB, 16 * GiB}, 0, "System RAM"},
                       {other, 0, "Reserved"},
                       {{24 * GiB, 32 * GiB}, 0, "System RAM"}};
  const auto error = [&](const Range &range, const Ranges &ours) {
    try {
      check_rest(machine, range, ours);
      return std::string();
    } catch (const std::invalid_argument &error) {
      return std::string(error.what());
    }
  };
  // all of it, as for a setup by hand
  EXPECT_EQ(error(other, {}), "");
  EXPECT_EQ(notes_on(machine, other),
            std::vector<std::string>{
                "the running kernel has this range reserved already; its "
                "command line needs no change, but see that the range is not "
                "for another driver"});
  EXPECT_EQ(notes_on(machine, other, {other}), std::vector<std::string>{});
  // a part, with or without other memory
  for (const Range &range : {Range{16 * GiB, 17 * GiB},
                             {20 * GiB, 24 * GiB},
                             {15 * GiB, 17 * GiB},
                             {20 * GiB, 25 * GiB}}) {
    EXPECT_NE(error(range, {}).find(
                  ": has only a part of 0x400000000-0x5ffffffff, which the "
                  "running kernel has reserved, and not for pmemctl; take all "
                  "of it, or boot without its memmap= first"),
              std::string::npos)
        << hex(range.start);
    EXPECT_EQ(error(range, {other}), "") << hex(range.start);
  }
  // less than a chunk at its end cannot be taken
  machine.firmware_ram = {{4 * GiB, 24 * GiB - 64 * KiB}};
  EXPECT_EQ(error({16 * GiB, 24 * GiB - 2 * MiB}, {}), "");
  // all of it and more
  machine.firmware_ram = {{4 * GiB, 32 * GiB}};
  EXPECT_EQ(error({15 * GiB, 24 * GiB}, {}), "");
  const auto notes = notes_on(machine, {15 * GiB, 24 * GiB});
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("has a part of this range reserved already"),
            std::string::npos);
}

TEST(Range, LeavesRamForTheKernel) {
  Machine machine = recorded("vm-cloud-16g");
  const Range range{1 * GiB, 16 * GiB};
  try {
    check_rest(machine, range);
    FAIL() << "not refused";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "15G@1G: of 16G RAM, 1G and struct pages have to be left for "
                 "the kernel; use at most 15122M");
  }
  // what the kernel runs without already
  machine.firmware_ram = {range};
  machine.resources = {{range, 0, "Reserved"}};
  EXPECT_NO_THROW(check_rest(machine, range));
}

TEST(Range, LeavesRamThatOthersHaveReserved) {
  Machine machine = recorded("vm-cloud-16g");
  const Range other{8 * GiB, 16 * GiB}, range{4608 * MiB, 8 * GiB};
  machine.firmware_ram = {{4 * GiB, 16 * GiB}};
  machine.resources = {{{4 * GiB, 8 * GiB}, 0, "System RAM"},
                       {other, 0, "Reserved"}};
  try {
    check_rest(machine, range);
    FAIL() << "not refused";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "3584M@4608M: of 4G RAM, 1G and struct pages have to be left "
                 "for the kernel; use at most 3024M");
  }
  EXPECT_NO_THROW(check_rest(machine, range, {other}));
}

TEST(Range, InLowMemoryIsRefusedOrNoted) {
  const Machine machine = recorded("vm-cloud-16g");
  try {
    check_rest(machine, {512 * MiB, 3 * GiB - MiB});
    FAIL() << "not refused";
  } catch (const std::invalid_argument &error) {
    EXPECT_STREQ(error.what(),
                 "2559M@512M: leaves only 512.5M RAM below 4 GiB, where "
                 "devices and the kernel need 1G; pmemctl plan proposes a "
                 "range above");
  }
  const Range range{1 * GiB, 2 * GiB};
  EXPECT_NO_THROW(check_rest(machine, range));
  const auto notes = notes_on(machine, range);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("below 4 GiB"), std::string::npos);
}

TEST(Plan, WithoutFirmwaresMapTakesSystemRam) {
  const Plan result = plan(recorded("minipc-alderlake"), request(4 * GiB));
  ASSERT_TRUE(result.proposal);
  EXPECT_EQ(result.proposal->memmap(), "memmap=4G$12G");
  EXPECT_TRUE(has_note(result, "firmware's memory map"));
}

TEST(Plan, WarnsOfTheEfiStub) {
  EXPECT_TRUE(has_note(plan(recorded("laptop-meteorlake"), request(8 * GiB)),
                       "add nokaslr, or use 6.10 or later"));
}

/// A machine that was booted with memmap=8G$8G.
Machine with_reservation() {
  Machine machine = recorded("vm-cloud-16g");
  for (Resource &resource : machine.resources)
    if (resource.range.start == 4 * GiB)
      resource.range.end = 8 * GiB;
  machine.resources.push_back({{8 * GiB, 16 * GiB}, 0, "Reserved"});
  machine.resources.push_back({{16 * GiB, 17 * GiB}, 0, "System RAM"});
  return machine;
}

TEST(Plan, ProposesWhatIsReservedAlready) {
  Machine machine = with_reservation();
  const Plan result = plan(machine, request(8 * GiB));
  ASSERT_TRUE(result.proposal);
  EXPECT_TRUE(result.proposal->is_reserved);
  EXPECT_EQ(result.proposal->ranges(), "ranges=8G@8G");
  EXPECT_TRUE(has_note(result, "needs no change"));
  EXPECT_TRUE(has_note(result, "not for another driver"));

  machine.resources.push_back({{8 * GiB, 16 * GiB}, 0, "Reserved"});
  machine.resources.push_back({{8 * GiB, 9 * GiB}, 1, "pmem0"});
  EXPECT_EQ(reason_at(plan(machine, request(8 * GiB)), 8 * GiB),
            "in use: pmem0 in /proc/iomem");
}

TEST(Plan, TakesNoPartOfWhatIsReserved) {
  const Machine machine = with_reservation();
  const Plan result = plan(machine, request(2 * GiB));
  ASSERT_TRUE(result.proposal);
  EXPECT_FALSE(result.proposal->is_reserved);
  EXPECT_FALSE(result.proposal->range.overlaps({8 * GiB, 16 * GiB}));
  EXPECT_NE(reason_at(result, 8 * GiB).find("with another size"),
            std::string::npos);
  EXPECT_EQ(answer(machine, request(5 * GiB)),
            "5G: no range is large enough; use at most 4G");
}

TEST(Request, RefusesWhatTheDriverOrTheMachineDoesNotHave) {
  const Machine machine = recorded("vm-two-nodes");
  const auto error = [&](const Request &request) -> std::string {
    try {
      check_request(machine, request);
      return "";
    } catch (const std::invalid_argument &error) {
      return error.what();
    }
  };
  EXPECT_EQ(error(request(GiB, 4, 1)), "");
  EXPECT_EQ(error(request(GiB, 3)),
            "--count: 3: must divide 1G into multiples of 2 MiB; use 2");
  EXPECT_EQ(error(request(GiB, 1, 2)),
            "--node: 2: no such node with memory; use one of 0, 1");
}

TEST(Driver, AcceptsEachPlanAfterTheBoot) {
  unsigned accepted = 0;
  for (const std::string &name : RecordedMachine::names()) {
    const Machine machine = recorded(name);
    unsigned on_this = 0;
    for (const std::uint64_t size :
         {2 * MiB, 6 * MiB, 510 * MiB, GiB, 3 * GiB, 4 * GiB, 7 * GiB,
          10 * GiB + 2 * MiB, 16 * GiB, 32 * GiB, 128 * GiB})
      for (const unsigned count : {1U, 3U, 4U}) {
        const Request wanted = request(size, count);
        try {
          check_request(machine, wanted);
        } catch (const std::invalid_argument &) {
          continue;
        }
        const Plan result = plan(machine, wanted);
        if (!result.proposal)
          continue;
        const Proposal &proposal = *result.proposal;
        EXPECT_EQ(proposal.range.size(), size);
        EXPECT_GE(proposal.range.start, 4 * GiB);
        EXPECT_NO_THROW(check_range(machine, proposal.range));
        EXPECT_EQ(
            load_driver(machine, proposal.range, proposal.ranges().substr(7)),
            "")
            << name << ' ' << proposal.memmap();
        accepted++;
        on_this++;
      }
    EXPECT_GT(on_this, 4U) << name;
  }
  EXPECT_GT(accepted, 100U);
}

TEST(Driver, RefusesWhatCheckRangeRefuses) {
  for (const std::string &name : RecordedMachine::names()) {
    const Machine machine = recorded(name);
    for (std::uint64_t start = 2 * MiB; start < 1100 * GiB;
         start += start < 20 * GiB ? 254 * MiB : 31 * GiB) {
      const Range range{start, start + 2 * GiB};
      const std::string text = exact(range.size()) + '@' + exact(range.start);
      bool is_refused = false;
      try {
        check_range(machine, range);
      } catch (const std::invalid_argument &) {
        is_refused = true;
      }
      const std::string message = load_driver(machine, range, text);
      if (!message.empty()) {
        EXPECT_TRUE(is_refused) << name << ' ' << text << ": " << message;
      } else if (is_refused) {
        // reserved.c looks at RAM in steps of 2 MiB, and misses smaller holes
        EXPECT_LT(size_of(without({range}, machine.firmware_ram)), 2 * MiB)
            << name << ' ' << text;
      }
    }
  }
}

} // namespace
} // namespace pmemctl
