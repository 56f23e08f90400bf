// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tests of Turns: threads, CPUs, order and exceptions.
#include "turns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>

namespace {

using aging::Turns;
using aging::usable_cpus;

/// Restores the CPUs of the calling thread after each test.
class TurnsTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  }
  void TearDown() override {
    ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  }

private:
  cpu_set_t before;
};

TEST_F(TurnsTest, OfOneRunInTheCallingThread) {
  Turns turns(1);
  std::thread::id worker;
  turns.run([&] {
    worker = std::this_thread::get_id();
    EXPECT_EQ(usable_cpus(), 1);
  });
  EXPECT_EQ(worker, std::this_thread::get_id());
}

TEST_F(TurnsTest, AlternateBetweenPinnedThreads) {
  if (usable_cpus() < 2)
    GTEST_SKIP() << "one CPU";
  Turns turns(2);
  std::vector<std::thread::id> threads;
  std::vector<int> on;
  for (int i = 0; i < 1000; i++)
    turns.run([&] {
      EXPECT_EQ(usable_cpus(), 1);
      threads.push_back(std::this_thread::get_id());
      on.push_back(sched_getcpu());
    });
  ASSERT_EQ(threads.size(), 1000);
  EXPECT_NE(threads[0], threads[1]);
  EXPECT_NE(on[0], on[1]);
  for (int i = 2; i < 1000; i++) {
    ASSERT_EQ(threads[i], threads[i % 2]);
    ASSERT_EQ(on[i], on[i % 2]);
  }
}

TEST_F(TurnsTest, RethrowExceptionsAndContinue) {
  Turns turns(std::min(2u, usable_cpus()));
  for (int i = 0; i < 4; i++)
    EXPECT_THROW(turns.run([] { throw std::out_of_range("x"); }),
                 std::out_of_range);
}

TEST_F(TurnsTest, RefuseMoreCpusThanUsable) {
  EXPECT_THROW(Turns(0), std::invalid_argument);
  const unsigned more = usable_cpus() + 1;
  try {
    Turns turns(more);
    FAIL() << more << " CPUs are accepted";
  } catch (const std::invalid_argument &error) {
    EXPECT_EQ(std::string(error.what()).find("--cpus: " + std::to_string(more)),
              0);
  }
}

} // namespace
