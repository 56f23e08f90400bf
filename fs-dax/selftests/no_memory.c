// SPDX-License-Identifier: GPL-2.0
/*
 * When the kernel has no memory while the driver is loaded, loading fails with
 * ENOMEM and one line in the log, and nothing stays claimed: tried for each
 * allocation on the way, one after the other.
 *
 * Needs fault injection (FAILSLAB, FAIL_PAGE_ALLOC) and root. PMEM_TEST_MODULE is
 * the file pmem.ko, PMEM_TEST_PARAMETERS what to load it with, for memory that is
 * set aside. The driver must not be loaded.
 */
#include <sys/syscall.h>

#include "dax_file.h"

#define MAX_ALLOCATIONS	20000

static char *read_whole(const char *path, size_t *size)
{
	size_t room = 1 << 20, used = 0;
	char *text = (char *)malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0 || !text)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	while ((got = read(fd, text + used, room - used - 1)) > 0) {
		used += got;
		if (room - used > 1)
			continue;
		room *= 2;
		text = (char *)realloc(text, room);
		if (!text)
			ksft_exit_fail_msg("no memory\n");
	}
	close(fd);
	text[used] = '\0';
	if (size)
		*size = used;
	return text;
}

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		ksft_exit_skip("%s: %s\n", path, strerror(errno));
	if (write(fd, value, strlen(value)) < 0)
		ksft_exit_fail_msg("%s > %s: %s\n", value, path, strerror(errno));
	close(fd);
}

/* From now on all of this task's allocations count, and none tells of it. */
static void set_up_faults(void)
{
	write_setting("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_setting("/sys/kernel/debug/failslab/verbose", "0");
	write_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_setting("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_setting("/sys/kernel/debug/fail_page_alloc/verbose", "0");
}

/* How many lines of the driver the log has got since the last call. */
static int new_lines(int kmsg, char *last, size_t room)
{
	char record[2048], *text;
	ssize_t len;
	int nr = 0;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, "pmem: ", 6))
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		snprintf(last, room, "%s", text + 1);
		nr++;
	}
	return nr;
}

int main(void)
{
	size_t size, refused = 0, silent = 0, survived = 0, wrong = 0, chatty = 0;
	char *module, *iomem, *after, line[512], seen[512] = "", left[16];
	const char *path, *parameters;
	int nth, kmsg, faults, claimed = 0;

	ksft_print_header();
	path = test_variable("PMEM_TEST_MODULE");
	parameters = test_variable("PMEM_TEST_PARAMETERS");
	module = read_whole(path, &size);
	iomem = read_whole("/proc/iomem", NULL);
	set_up_faults();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	faults = open("/proc/self/fail-nth", O_RDWR);
	if (kmsg < 0 || faults < 0)
		ksft_exit_skip("no /dev/kmsg or no /proc/self/fail-nth\n");
	lseek(kmsg, 0, SEEK_END);
	ksft_set_plan(4);

	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		int lines, err = 0, untouched;

		snprintf(left, sizeof(left), "%d", nth);
		if (pwrite(faults, left, strlen(left), 0) < 0)
			ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
		if (syscall(SYS_init_module, module, size, parameters))
			err = errno;
		memset(left, 0, sizeof(left));
		pread(faults, left, sizeof(left) - 1, 0);
		untouched = atoi(left) > 0;
		pwrite(faults, "0", 1, 0);

		lines = new_lines(kmsg, line, sizeof(line));
		if (!err) {
			if (syscall(SYS_delete_module, "pmem", 0))
				ksft_exit_fail_msg("unloading: %s\n",
						   strerror(errno));
			new_lines(kmsg, line, sizeof(line));
			if (untouched)
				break;
			survived++;
			continue;
		}

		refused++;
		silent += !lines;
		if (err != ENOMEM) {
			wrong++;
			ksft_print_msg("allocation %d: %s\n", nth, strerror(err));
		}
		if (lines > 1)
			chatty++;
		if (lines && strcmp(seen, line)) {
			ksft_print_msg("from allocation %d on: %s\n", nth, line);
			snprintf(seen, sizeof(seen), "%s", line);
		}
		after = read_whole("/proc/iomem", NULL);
		claimed += !!strcmp(iomem, after);
		free(after);
	}

	ksft_print_msg("%d allocations: %zu end the load, %zu of these in silence, %zu do not\n",
		       nth - 1, refused, silent, survived);
	ksft_test_result(nth < MAX_ALLOCATIONS && refused > silent,
			 "without faults the driver loads, with faults it does not\n");
	ksft_test_result(!wrong, "each ends with ENOMEM (%zu do not)\n", wrong);
	ksft_test_result(!chatty, "and with one line at most (%zu do not)\n",
			 chatty);
	ksft_test_result(!claimed, "/proc/iomem is as it was (%d times not)\n",
			 claimed);
	ksft_finished();
}
