/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device DAX character device, which PMEM_TEST_DEV_DAX names. The tests overwrite it.
 */
#ifndef _DEV_DAX_H
#define _DEV_DAX_H

#include "dax_file.h"

struct dev_dax {
	int fd;
	/* in bytes */
	size_t size;
	size_t page;
};

/* The number in an attribute of the device. */
static inline size_t dev_dax_attribute(const char *device, const char *name)
{
	const char *slash = strrchr(device, '/');
	unsigned long long value;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s/%s",
		 slash ? slash + 1 : device, name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%llu", &value) != 1)
		ksft_exit_fail_msg("%s: cannot be read\n", path);
	fclose(file);
	return value;
}

static inline struct dev_dax open_dev_dax(void)
{
	const char *device = test_variable("PMEM_TEST_DEV_DAX");
	struct dev_dax dev;

	dev.fd = open(device, O_RDWR);
	if (dev.fd < 0)
		ksft_exit_fail_msg("open %s: %s\n", device, strerror(errno));
	dev.size = dev_dax_attribute(device, "size");
	dev.page = dev_dax_attribute(device, "align");
	return dev;
}

/* mmap() aligns the address to the page of the device. */
static inline char *map_dev_dax(const struct dev_dax *dev, size_t len, off_t offset)
{
	char *map = (char *)mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
				 dev->fd, offset);

	if (map == MAP_FAILED)
		ksft_exit_fail_msg("mmap of %zu bytes: %s\n", len, strerror(errno));
	return map;
}

#endif /* _DEV_DAX_H */
