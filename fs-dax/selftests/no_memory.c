// SPDX-License-Identifier: GPL-2.0
/*
 * Does loading the driver fail cleanly if an allocation fails?
 *
 * It must fail with ENOMEM and one line in the log, and leave nothing claimed. Each
 * allocation of the load fails in turn or, with PMEM_TEST_STEP=N, every Nth one.
 *
 * Needs fault injection (FAILSLAB, FAIL_PAGE_ALLOC) and root. PMEM_TEST_MODULE is the
 * path of pmem.ko, PMEM_TEST_PARAMETERS its parameters, for memory that is reserved. The
 * driver must not be loaded.
 */
#include <sys/syscall.h>

#include "dax_file.h"

#define MAX_ALLOCATIONS	4096

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

/*
 * Let allocations of this task fail, without a message: all slab allocations, and page
 * allocations of more than one page. Not single pages: on x86, the kernel panics if it
 * gets none for a page table of its direct map of memory that is added
 * (alloc_low_pages() cannot fail).
 */
static void set_up_faults(void)
{
	write_setting("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_setting("/sys/kernel/debug/failslab/verbose", "0");
	write_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_setting("/sys/kernel/debug/fail_page_alloc/min-order", "1");
	write_setting("/sys/kernel/debug/fail_page_alloc/verbose", "0");
}

/* What the driver, not the module loader, has logged since the last call. */
static int new_lines(int kmsg, char *last, size_t room)
{
	char record[2048], *text;
	ssize_t len;
	int nr = 0;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, "pmem: ", 6) ||
		    strstr(text, "invalid for parameter"))
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		snprintf(last, room, "%s", text + 1);
		nr++;
	}
	return nr;
}

/* The result of loading with one failing allocation. */
struct outcome {
	int err;	/* of loading, or 0 */
	int faulted;	/* there was such an allocation */
	int lines;	/* that the driver logged */
	char line[512];	/* the last one */
};

static int faults, kmsg;

static struct outcome try_load(const char *module, size_t size,
			       const char *parameters, int nth)
{
	struct outcome outcome = { 0 };
	char text[16] = "";

	snprintf(text, sizeof(text), "%d", nth);
	if (pwrite(faults, text, strlen(text), 0) < 0)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
	if (syscall(SYS_init_module, module, size, parameters))
		outcome.err = errno;
	memset(text, 0, sizeof(text));
	if (pread(faults, text, sizeof(text) - 1, 0) < 0 ||
	    pwrite(faults, "0", 1, 0) < 0)
		ksft_exit_fail_msg("fail-nth: %s\n", strerror(errno));
	outcome.faulted = atoi(text) == 0;

	outcome.lines = new_lines(kmsg, outcome.line, sizeof(outcome.line));
	if (!outcome.err && syscall(SYS_delete_module, "pmem", 0))
		ksft_exit_fail_msg("unloading: %s\n", strerror(errno));
	return outcome;
}

int main(void)
{
	size_t size, loader = 0, refused = 0, survived = 0, wrong = 0, chatty = 0;
	int nth, low = 0, high = MAX_ALLOCATIONS, claimed = 0, step = 1;
	char *module, *iomem, *after, seen[512] = "";
	const char *path, *parameters;
	struct outcome outcome;

	ksft_print_header();
	path = test_variable("PMEM_TEST_MODULE");
	parameters = test_variable("PMEM_TEST_PARAMETERS");
	if (getenv("PMEM_TEST_STEP"))
		step = atoi(getenv("PMEM_TEST_STEP"));
	if (step < 1)
		ksft_exit_fail_msg("PMEM_TEST_STEP must be 1 or more\n");
	module = read_whole(path, &size);
	iomem = read_whole("/proc/iomem", NULL);
	set_up_faults();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	faults = open("/proc/self/fail-nth", O_RDWR);
	if (kmsg < 0 || faults < 0)
		ksft_exit_skip("no /dev/kmsg or no /proc/self/fail-nth\n");
	lseek(kmsg, 0, SEEK_END);
	ksft_set_plan(4);

	/* The module loader allocates first, and can do without some. Skip most of these. */
	while (high - low > 1) {
		nth = (low + high) / 2;
		outcome = try_load(module, size, parameters, nth);
		if (outcome.err && !outcome.lines)
			low = nth;
		else
			high = nth;
	}

	for (nth = high; nth < MAX_ALLOCATIONS; nth += step) {
		outcome = try_load(module, size, parameters, nth);
		if (!outcome.faulted)
			break;
		if (!refused && !outcome.lines) {
			loader++;
			continue;
		}
		if (!outcome.err) {
			survived++;
			continue;
		}

		refused++;
		if (outcome.err != ENOMEM || outcome.lines != 1)
			ksft_print_msg("allocation %d: %s, %d lines\n", nth,
				       strerror(outcome.err), outcome.lines);
		wrong += outcome.err != ENOMEM;
		chatty += outcome.lines != 1;
		if (strcmp(seen, outcome.line)) {
			ksft_print_msg("from allocation %d: %s\n", nth,
				       outcome.line);
			snprintf(seen, sizeof(seen), "%s", outcome.line);
		}
		after = read_whole("/proc/iomem", NULL);
		claimed += !!strcmp(iomem, after);
		free(after);
	}

	ksft_print_msg("tried %d to %d, step %d: %zu of the loader; %zu end the load, %zu do not\n",
		       high, nth - 1, step, loader, refused, survived);
	ksft_test_result(!outcome.faulted && !outcome.err && refused,
			 "a load succeeds if no allocation fails, and fails if some do\n");
	ksft_test_result(!wrong, "each failure is ENOMEM (%zu are not)\n", wrong);
	ksft_test_result(!chatty, "each failure logs one line (%zu do not)\n",
			 chatty);
	ksft_test_result(!claimed, "each failure leaves /proc/iomem unchanged (%d do not)\n",
			 claimed);
	ksft_finished();
}
