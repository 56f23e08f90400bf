// SPDX-License-Identifier: GPL-2.0
#include "turns.hpp"

#include "descriptor.hpp"

#include <future>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <sched.h>

namespace aging {

namespace {

/// The CPUs that this process can use, in order.
std::vector<int> allowed_cpus() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed))
    dax::fail("cannot get the CPUs of the process");
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &allowed))
      cpus.push_back(cpu);
  return cpus;
}

/// Pins the calling thread.
void pin(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof(one), &one))
    dax::fail("cannot pin a thread to CPU " + std::to_string(cpu));
}

} // namespace

unsigned usable_cpus() { return static_cast<unsigned>(allowed_cpus().size()); }

/// A thread that waits for functions to run.
class Turns::Worker {
public:
  explicit Worker(int cpu) : thread([this] { serve(); }) {
    try {
      run([cpu] { pin(cpu); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Worker() { stop(); }
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  void run(const std::function<void()> &work) {
    task = std::packaged_task<void()>(work);
    std::future<void> done = task.get_future();
    wanted.release();
    done.get();
  }

private:
  void serve() {
    while (true) {
      wanted.acquire();
      // run() can be called again before now() returns
      std::packaged_task<void()> now = std::move(task);
      if (!now.valid())
        return;
      now();
    }
  }

  void stop() {
    task = {};
    wanted.release();
    thread.join();
  }

  std::packaged_task<void()> task; ///< empty if the thread has to end
  std::binary_semaphore wanted{0};
  std::thread thread; ///< starts last, because it uses the members above
};

Turns::Turns(unsigned count) {
  const std::vector<int> cpus = allowed_cpus();
  if (count == 0 || count > cpus.size())
    throw std::invalid_argument(
        "--cpus: " + std::to_string(count) + ": expected a number from 1 to " +
        std::to_string(cpus.size()) + ", the CPUs that the process can use");
  for (unsigned i = 1; i < count; i++)
    others.push_back(std::make_unique<Worker>(cpus[i]));
  pin(cpus[0]);
}

Turns::~Turns() = default;

void Turns::run(const std::function<void()> &work) {
  const std::size_t now = turn;
  turn = (turn + 1) % (others.size() + 1);
  if (now == 0)
    work();
  else
    others[now - 1]->run(work);
}

} // namespace aging
