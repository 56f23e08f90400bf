// SPDX-License-Identifier: GPL-2.0
/// @file
/// dm_table(), the only function that needs libdevmapper.
#include "block_device.hpp"

#include <cerrno>
#include <memory>
#include <system_error>

#include <libdevmapper.h>
#include <sys/sysmacros.h>

namespace dax {

namespace {

/// Keeps libdevmapper from printing messages: the exception has the error.
void print_nothing(int, const char *, int, int, const char *, ...) {}

struct Destroy {
  void operator()(dm_task *task) const { dm_task_destroy(task); }
};

/// @param error from errno; 0 if it is not known
[[noreturn]] void fail_with(int error) {
  throw std::system_error(error ? error : EIO, std::generic_category(),
                          "reading a device-mapper table");
}

} // namespace

Table dm_table(dev_t device) {
  dm_log_with_errno_init(print_nothing);
  errno = 0;
  const std::unique_ptr<dm_task, Destroy> task(dm_task_create(DM_DEVICE_TABLE));
  if (!task) {
    // the library opens the control device once; later calls fail without errno
    static const int first = errno;
    fail_with(first);
  }
  // The arguments of a crypt target can hold a key: the library wipes its copy.
  if (!dm_task_set_major_minor(task.get(), major(device), minor(device), 1) ||
      !dm_task_secure_data(task.get()) || !dm_task_run(task.get()))
    fail_with(dm_task_get_errno(task.get()));

  Table table;
  void *next = nullptr;
  do {
    std::uint64_t start, length;
    char *type = nullptr, *arguments = nullptr;
    next = dm_get_next_target(task.get(), next, &start, &length, &type,
                              &arguments);
    if (type)
      table.push_back({start, length, type, arguments ? arguments : ""});
  } while (next);
  return table;
}

} // namespace dax
