// SPDX-License-Identifier: GPL-2.0
/*
 * Does read() into unmapped memory return EFAULT for holes, too?
 *
 * For data, holes and unwritten blocks alike; 0 would be the end of the file.
 */
#include "dax_file.h"

static void test_read(int fd, off_t offset, const char *what)
{
	char *map = (char *)mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t bad, half;
	int err;

	if (map == MAP_FAILED || munmap(map + PAGE, PAGE))
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	errno = 0;
	bad = pread(fd, map + PAGE, PAGE, offset);
	err = errno;
	half = pread(fd, map + PAGE - 100, 200, offset);
	ksft_test_result(bad == -1 && err == EFAULT && half == 100,
			 "read() to bad memory is EFAULT, %s: %zd (%s), half %zd\n", what, bad,
			 strerror(err), half);
	munmap(map, PAGE);
}

int main(void)
{
	char buffer[PAGE];
	int fd;

	ksft_print_header();
	test_variable("PMEM_TEST_DIR");
	ksft_set_plan(3);
	fd = dax_empty_file();
	memset(buffer, 1, PAGE);
	if (ftruncate(fd, 64 * PAGE) ||
	    pwrite(fd, buffer, PAGE, 0) != (ssize_t)PAGE)
		ksft_exit_fail_msg("file: %s\n", strerror(errno));
	test_read(fd, 0, "data");
	test_read(fd, 16 * PAGE, "a hole");
	if (fallocate(fd, 0, 32 * PAGE, PAGE))
		ksft_test_result_skip("fallocate: %s\n", strerror(errno));
	else
		test_read(fd, 32 * PAGE, "unwritten blocks");
	ksft_finished();
}
