// SPDX-License-Identifier: GPL-2.0
#include "guard.hpp"

#include "descriptor.hpp"

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstring>

namespace stress {

namespace {

sigjmp_buf back;
volatile std::sig_atomic_t guarded = 0;

void on_bus_error(int number) {
  if (guarded)
    siglongjmp(back, 1);
  // not ours: the access is repeated after this, and ends the process
  signal(number, SIG_DFL);
}

} // namespace

void catch_bus_errors() {
  struct sigaction action {};
  action.sa_handler = on_bus_error;
  // so that sigsetjmp() need not save the signal mask, with a system call
  action.sa_flags = SA_NODEFER;
  if (sigaction(SIGBUS, &action, nullptr))
    dax::fail("sigaction");
}

bool copy_guarded(void *to, const void *from, std::size_t length) {
  if (sigsetjmp(back, 0)) {
    guarded = 0;
    return false;
  }
  guarded = 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memcpy(to, from, length);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  guarded = 0;
  return true;
}

bool touch_guarded(unsigned char *byte) {
  if (sigsetjmp(back, 0)) {
    guarded = 0;
    return false;
  }
  guarded = 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // stores the value that it has loaded, unless that has changed; compilers would
  // replace an atomic or with 0 by a load
  std::atomic_ref shared(*byte);
  unsigned char found = shared.load();
  shared.compare_exchange_strong(found, found);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  guarded = 0;
  return true;
}

} // namespace stress
