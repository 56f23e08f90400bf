/* SPDX-License-Identifier: GPL-2.0 */
/* Pages of DAX files that a pipe pins, and a truncate that has to wait for them. */
#ifndef _PINS_H
#define _PINS_H

#include <sys/uio.h>

#include "dax_file.h"

/* Truncate @fd in a child. It closes the pipe of @ends, which would hold the pin, too. */
static inline pid_t truncate_in_child(int fd, const int *ends)
{
	pid_t child = fork();

	if (child < 0)
		ksft_exit_fail_msg("fork: %s\n", strerror(errno));
	if (!child) {
		close(ends[0]);
		close(ends[1]);
		_exit(ftruncate(fd, 0) ? errno : 0);
	}
	return child;
}

/* Pin the page at @map; the pipe in @ends holds it. */
static inline void pin(const char *map, int *ends)
{
	struct iovec vec = { .iov_base = (void *)map, .iov_len = PAGE };

	if (pipe(ends) || vmsplice(ends[1], &vec, 1, 0) != (ssize_t)PAGE)
		ksft_exit_fail_msg("vmsplice: %s\n", strerror(errno));
}

#endif /* _PINS_H */
