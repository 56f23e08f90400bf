// SPDX-License-Identifier: GPL-2.0
/*
 * The driver refuses memory that the kernel uses and addresses without memory, and
 * writes to neither.
 *
 * The memory in use is memory of this process. The test loads the driver, so it
 * must not be loaded yet.
 */
#include "dax_file.h"

static char pattern(size_t i)
{
	return (char)(i * 31 + i / 4096);
}

/* Load and unload the module: 0, the errno of the load, or -1 for any other error. */
static int load(uint64_t start, uint64_t size)
{
	char start_text[64], size_text[64], command[256];
	FILE *output;
	char line[512];
	int err = 0;

	snprintf(start_text, sizeof(start_text), "start=%lluK",
		 (unsigned long long)start >> 10);
	snprintf(size_text, sizeof(size_text), "size=%lluK",
		 (unsigned long long)size >> 10);
	snprintf(command, sizeof(command), "modprobe pmem %s %s count=1 2>&1",
		 start_text, size_text);

	output = popen(command, "r");
	if (!output)
		ksft_exit_fail_msg("popen: %s\n", strerror(errno));
	while (fgets(line, sizeof(line), output)) {
		ksft_print_msg("%s", line);
		if (strstr(line, strerror(EBUSY)))
			err = EBUSY;
		else if (strstr(line, strerror(ENXIO)))
			err = ENXIO;
		else if (strstr(line, strerror(EINVAL)))
			err = EINVAL;
	}
	if (!pclose(output)) {
		if (system("rmmod pmem"))
			ksft_print_msg("rmmod failed\n");
		return 0;
	}
	return err ? err : -1;
}

/* A copy of /proc/iomem. */
static char *memory_map(void)
{
	size_t room = 0, size = 0, got;
	FILE *file = fopen("/proc/iomem", "r");
	char *text = NULL;

	if (!file)
		ksft_exit_fail_msg("/proc/iomem: %s\n", strerror(errno));
	do {
		room += 65536;
		text = (char *)realloc(text, room + 1);
		if (!text)
			ksft_exit_fail_msg("no memory\n");
		got = fread(text + size, 1, room - size, file);
		size += got;
	} while (got && size == room);
	text[size] = '\0';
	fclose(file);
	return text;
}

/* The first PMD-aligned address above all entries of the map. */
static uint64_t end_of_memory_map(const char *line)
{
	unsigned long long first, last, end = 0;

	while (line && *line) {
		if (sscanf(line, "%llx-%llx", &first, &last) == 2 && last > end)
			end = last;
		line = strchr(line, '\n');
		line += !!line;
	}
	return (end + PMD_SIZE) & ~(PMD_SIZE - 1);
}

int main(void)
{
	size_t size = 2 * PMD_SIZE, i, differ = 0;
	uint64_t address;
	char *before, *memory;
	int err;

	ksft_print_header();
	if (geteuid())
		ksft_exit_skip("loading a module needs root\n");
	if (!access("/sys/module/pmem", F_OK))
		ksft_exit_skip("the driver is loaded, or built in\n");
	/* nd_pmem has the alias pmem in kernels without this driver */
	if (system("modinfo -F filename pmem 2> /dev/null | grep -q '/pmem\\.ko'"))
		ksft_exit_skip("no module pmem found\n");

	memory = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED || mlock(memory, size))
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	for (i = 0; i < size; i++)
		memory[i] = pattern(i);
	address = physical_address(memory) & ~(PMD_SIZE - 1);

	ksft_set_plan(4);
	before = memory_map();

	err = load(address, PMD_SIZE);
	ksft_test_result(err == EBUSY,
			 "memory of this process at %#llx is refused (error %d)\n",
			 (unsigned long long)address, err);
	for (i = 0; i < size; i++)
		differ += memory[i] != pattern(i);
	ksft_test_result(!differ,
			 "memory of this process is unchanged (%zu bytes differ)\n",
			 differ);

	address = end_of_memory_map(before);
	err = load(address, PMD_SIZE);
	/* EINVAL if the physical address limit is below */
	ksft_test_result(err == ENXIO || err == EINVAL,
			 "address without memory at %#llx is refused (error %d)\n",
			 (unsigned long long)address, err);

	ksft_test_result(!strcmp(before, memory_map()),
			 "/proc/iomem is unchanged\n");
	ksft_finished();
}
