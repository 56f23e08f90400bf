// SPDX-License-Identifier: GPL-2.0
/*
 * Does the driver create the devices that its parameters describe?
 *
 * Each device has an equal share of the memory, in the order of their numbers, the geometry
 * of a disk of that size, a queue that takes flushes, and matching attributes in sysfs.
 */
#include <linux/hdreg.h>

#include "dax_file.h"

#define MAX_DEVICES	64

struct device {
	int number;
	uint64_t first;
	uint64_t last;
};

/* A parameter of the module: GiB, or a number with K, M, G or T. */
static uint64_t parameter(const char *name, int shift)
{
	static const char units[] = "KMGT";
	char path[128], text[64], *end;
	const char *unit;
	uint64_t value;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/pmem/parameters/%s", name);
	file = fopen(path, "r");
	if (!file)
		ksft_exit_skip("the driver is not loaded: no %s\n", path);
	if (!fgets(text, sizeof(text), file))
		ksft_exit_fail_msg("%s is empty\n", path);
	fclose(file);

	value = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (unit)
		shift = 10 * (unit - units + 1);
	return value << shift;
}

/* The claims in /proc/iomem, in the order of their addresses. */
static int find_devices(struct device *devices)
{
	FILE *file = fopen("/proc/iomem", "r");
	unsigned long long first, last;
	char line[256], path[64];
	int nr = 0, number;

	if (!file)
		ksft_exit_fail_msg("/proc/iomem: %s\n", strerror(errno));

	while (fgets(line, sizeof(line), file) && nr < MAX_DEVICES) {
		if (sscanf(line, " %llx-%llx : pmem%d", &first, &last,
			   &number) != 3)
			continue;
		snprintf(path, sizeof(path), "/dev/pmem%d", number);
		if (access(path, F_OK))
			continue;
		devices[nr].number = number;
		devices[nr].first = first;
		devices[nr].last = last;
		nr++;
	}

	fclose(file);
	return nr;
}

/* Whether the attribute @name of the disk in sysfs reads @value. */
static int attribute_is(const struct device *device, const char *name,
			const char *value)
{
	char path[128], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/pmem%d/%s", device->number,
		 name);
	file = fopen(path, "r");
	if (file) {
		if (fgets(text, sizeof(text), file))
			text[strcspn(text, "\n")] = '\0';
		fclose(file);
	}
	if (strcmp(text, value))
		ksft_print_msg("%s: %s, not %s\n", path, text, value);
	return !strcmp(text, value);
}

static int attribute_is_number(const struct device *device, const char *name,
			       const char *format, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), format, (unsigned long long)value);
	return attribute_is(device, name, text);
}

/* 0, or the errno of writing @value to the attribute. */
static int set_attribute(const struct device *device, const char *name,
			 const char *value)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/sys/block/pmem%d/%s", device->number,
		 name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int write_cache_can_be_set(const struct device *device)
{
	return attribute_is(device, "dax/write_cache", "1") &&
	       !set_attribute(device, "dax/write_cache", "0") &&
	       attribute_is(device, "dax/write_cache", "0") &&
	       set_attribute(device, "dax/write_cache", "2") == EINVAL &&
	       set_attribute(device, "dax/write_cache", "on") == EINVAL &&
	       attribute_is(device, "dax/write_cache", "0") &&
	       !set_attribute(device, "dax/write_cache", "1") &&
	       attribute_is(device, "dax/write_cache", "1");
}

static int open_device(const struct device *device)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/pmem%d", device->number);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		ksft_exit_fail_msg("open %s: %s\n", path, strerror(errno));
	return fd;
}

int main(void)
{
	struct device devices[MAX_DEVICES];
	uint64_t start, size, count, each;
	int nr, i;

	ksft_print_header();
	if (geteuid())
		ksft_exit_skip("/proc/iomem shows addresses to root only\n");
	start = parameter("start", 30);
	size = parameter("size", 30);
	count = parameter("count", 0);
	if (!count || count > MAX_DEVICES)
		ksft_exit_skip("no device, or more than %d\n", MAX_DEVICES);
	each = size / count;

	nr = find_devices(devices);
	ksft_set_plan(1 + 7 * nr);
	ksft_test_result(nr == (int)count, "the driver makes %llu devices (found %d)\n",
			 (unsigned long long)count, nr);

	for (i = 0; i < nr; i++) {
		struct device *device = &devices[i];
		uint64_t first = start + i * each, bytes = 0;
		struct hd_geometry geo = { 0 };
		unsigned int cylinders;
		int fd = open_device(device);

		ksft_test_result(device->first == first &&
				 device->last == first + each - 1,
				 "pmem%d has the memory at %#llx\n",
				 device->number, (unsigned long long)first);

		ioctl(fd, BLKGETSIZE64, &bytes);
		ksft_test_result(bytes == each, "pmem%d has %llu bytes\n",
				 device->number, (unsigned long long)each);

		/* a cylinder number is an unsigned short in this interface */
		cylinders = (unsigned short)(each / 512 / (255 * 63));
		ioctl(fd, HDIO_GETGEO, &geo);
		ksft_test_result(geo.heads == 255 && geo.sectors == 63 &&
				 geo.cylinders == cylinders,
				 "pmem%d has 255 heads, 63 sectors, %u cylinders\n",
				 device->number, cylinders);
		close(fd);

		/* without these, no flush is sent, and fsync() makes nothing durable */
		ksft_test_result(attribute_is(device, "queue/write_cache",
					      "write back") &&
				 attribute_is(device, "queue/fua", "1") &&
				 attribute_is(device, "queue/dax", "1"),
				 "pmem%d supports flush, FUA and DAX\n",
				 device->number);

		ksft_test_result(attribute_is_number(device, "queue/minimum_io_size",
						     "%llu", PMD_SIZE) &&
				 attribute_is_number(device, "queue/optimal_io_size",
						     "%llu", PMD_SIZE) &&
				 attribute_is(device, "queue/read_ahead_kb", "128") &&
				 attribute_is(device, "queue/discard_max_hw_bytes",
					      "33554432") &&
				 attribute_is(device, "queue/discard_max_bytes", "0") &&
				 attribute_is(device, "queue/write_zeroes_max_bytes",
					      "33554432"),
				 "pmem%d has I/O sizes of 2 MiB, can zero, and has discard off\n",
				 device->number);

		ksft_test_result(attribute_is_number(device, "pmem/start", "0x%llx",
						     first) &&
				 attribute_is_number(device, "pmem/size", "%llu",
						     each) &&
				 attribute_is_number(device, "pmem/data_start",
						     "0x%llx", first) &&
				 attribute_is(device, "pmem/map", "mem") &&
				 attribute_is(device, "badblocks", ""),
				 "sysfs of pmem%d has its address, size and map mode\n",
				 device->number);

		ksft_test_result(write_cache_can_be_set(device),
				 "dax/write_cache of pmem%d can be set to 0 and 1\n",
				 device->number);
	}

	ksft_finished();
}
