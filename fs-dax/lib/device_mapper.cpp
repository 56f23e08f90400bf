// SPDX-License-Identifier: GPL-2.0
/// @file
/// dm_table(), the one function here that needs libdevmapper.
#include "block_device.hpp"

#include <cerrno>
#include <memory>
#include <system_error>

#include <libdevmapper.h>
#include <sys/sysmacros.h>

namespace dax {

namespace {

/// For libdevmapper, which writes to standard error otherwise. The exception
/// has the reason.
void say_nothing(int, const char *, int, int, const char *, ...) {}

struct Destroy {
  void operator()(dm_task *task) const { dm_task_destroy(task); }
};

} // namespace

Table dm_table(dev_t device) {
  dm_log_with_errno_init(say_nothing);
  errno = 0;
  const std::unique_ptr<dm_task, Destroy> task(dm_task_create(DM_DEVICE_TABLE));
  // The arguments of a target that encrypts may hold a key: the library wipes
  // its copy of them.
  if (!task ||
      !dm_task_set_major_minor(task.get(), major(device), minor(device), 1) ||
      !dm_task_secure_data(task.get()) || !dm_task_run(task.get())) {
    int error = task ? dm_task_get_errno(task.get()) : 0;
    if (!error)
      error = errno ? errno : EIO;
    throw std::system_error(error, std::generic_category(),
                            "reading its device-mapper table");
  }

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
