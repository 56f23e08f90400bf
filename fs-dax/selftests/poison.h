/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Poison a device's memory through debugfs (CONFIG_BLK_DEV_PMEM_INJECT, root only), and
 * survive the SIGBUS of touching it.
 */
#ifndef _POISON_H
#define _POISON_H

#include <setjmp.h>
#include <signal.h>

#include "dax_file.h"

static sigjmp_buf after_signal;
static int signal_code;
static void *signal_address;
/* bytes from there that are lost, as a power of two */
static int signal_shift;

static inline void on_sigbus(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	signal_code = info->si_code;
	signal_address = info->si_addr;
	signal_shift = info->si_addr_lsb;
	siglongjmp(after_signal, 1);
}

/* Read a byte. Returns the si_code of the SIGBUS, or 0 if there was none. */
static inline int touch(const char *address)
{
	signal_code = 0;
	if (!sigsetjmp(after_signal, 1))
		asm volatile("" : : "r" (*address));
	return signal_code;
}

static inline const char *disk_name(const char *device)
{
	const char *slash = strrchr(device, '/');

	return slash ? slash + 1 : device;
}

/* Poison @len bytes at @offset. Returns the si_code of a SIGBUS meanwhile, or 0. */
static inline int inject(const char *device, uint64_t offset, uint64_t len)
{
	char path[128], text[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/pmem/%s/inject_poison",
		 disk_name(device));
	fd = open(path, O_WRONLY);
	if (fd < 0)
		ksft_exit_skip("%s: %s\n", path, strerror(errno));
	snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)offset,
		 (unsigned long long)len);

	signal_code = 0;
	if (!sigsetjmp(after_signal, 1) &&
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ksft_exit_fail_msg("%s > %s: %s\n", text, path, strerror(errno));
	close(fd);
	return signal_code;
}

/* Inject with MADV_HWPOISON. Returns the si_code of a SIGBUS meanwhile, or -1. */
static inline int poison_mapping(char *address)
{
	signal_code = 0;
	if (!sigsetjmp(after_signal, 1) && madvise(address, PAGE, MADV_HWPOISON))
		return -1;
	return signal_code;
}

/* Install on_sigbus() as the handler of SIGBUS. */
static inline void survive_sigbus(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_sigbus;
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGBUS, &action, NULL);
}

#endif /* _POISON_H */
