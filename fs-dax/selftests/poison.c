// SPDX-License-Identifier: GPL-2.0
/*
 * Poisoned memory is a bad block: it cannot be read, as a block, through a file
 * or through a mapping, its neighbours can, and it is good again once it has been
 * written over.
 *
 * Poison is injected through debugfs (CONFIG_BLK_DEV_PMEM_INJECT). Needs root,
 * and PMEM_TEST_DISK, which is a whole disk without a filesystem, beside
 * PMEM_TEST_DIR on PMEM_TEST_DEV.
 */
#include <setjmp.h>
#include <signal.h>

#include "dax_file.h"

#define SECTOR		512UL
#define PAGE		4096UL
#define FILE_SIZE	(4UL << 20)

/* Far from where filesystems and partition tables have anything. */
#define DISK_OFFSET	(64UL << 20)

static sigjmp_buf after_signal;
static int signal_code;

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	signal_code = info->si_code;
	siglongjmp(after_signal, 1);
}

/* The si_code of the SIGBUS that reading a byte gives, or 0 for none. */
static int touch(const char *address)
{
	signal_code = 0;
	if (!sigsetjmp(after_signal, 1))
		asm volatile("" : : "r" (*address));
	return signal_code;
}

static const char *disk_name(const char *device)
{
	const char *slash = strrchr(device, '/');

	return slash ? slash + 1 : device;
}

/* Poison @len bytes from @offset on; the si_code of a SIGBUS on the way, or 0. */
static int inject(const char *device, uint64_t offset, uint64_t len)
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

/* Whether the list of bad blocks is @expected, lines of "SECTOR COUNT". */
static int badblocks_are(const char *device, const char *expected)
{
	char path[128], text[4096] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/badblocks",
		 disk_name(device));
	fd = open(path, O_RDONLY);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	if (strcmp(text, expected))
		ksft_print_msg("%s: %s, not %s\n", path, text, expected);
	return !strcmp(text, expected);
}

/* The kernel's own injection; the si_code of a SIGBUS on the way, or -1. */
static int poison_mapping(char *address)
{
	signal_code = 0;
	if (!sigsetjmp(after_signal, 1) && madvise(address, PAGE, MADV_HWPOISON))
		return -1;
	return signal_code;
}

static int fails_with(int err, ssize_t result)
{
	return result < 0 && errno == err;
}

static void test_block(const char *device, char *buffer)
{
	uint64_t sector = DISK_OFFSET / SECTOR, range[2];
	char list[64];
	int fd;

	fd = open(device, O_RDWR | O_DIRECT | O_EXCL);
	if (fd < 0)
		ksft_exit_fail_msg("%s: %s\n", device, strerror(errno));
	memset(buffer, 0x5a, PAGE);
	if (pwrite(fd, buffer, PAGE, DISK_OFFSET) != (ssize_t)PAGE)
		ksft_exit_fail_msg("%s: %s\n", device, strerror(errno));

	ksft_test_result(badblocks_are(device, ""),
			 "a disk has no bad blocks at first\n");
	inject(device, DISK_OFFSET + SECTOR, 2 * SECTOR);
	snprintf(list, sizeof(list), "%llu 2\n", (unsigned long long)sector + 1);
	ksft_test_result(badblocks_are(device, list),
			 "poisoned sectors are on the list\n");
	ksft_test_result(fails_with(EIO, pread(fd, buffer, SECTOR,
					       DISK_OFFSET + SECTOR)) &&
			 fails_with(EIO, pread(fd, buffer, PAGE, DISK_OFFSET)),
			 "reading them, or across them, is EIO\n");
	ksft_test_result(pread(fd, buffer, SECTOR, DISK_OFFSET) == (ssize_t)SECTOR &&
			 buffer[0] == 0x5a &&
			 pread(fd, buffer, PAGE - 3 * SECTOR,
			       DISK_OFFSET + 3 * SECTOR) == (ssize_t)(PAGE - 3 * SECTOR),
			 "their neighbours can be read\n");

	memset(buffer, 0x3c, PAGE);
	pwrite(fd, buffer, SECTOR, DISK_OFFSET + SECTOR);
	snprintf(list, sizeof(list), "%llu 1\n", (unsigned long long)sector + 2);
	ksft_test_result(badblocks_are(device, list) &&
			 pread(fd, buffer, SECTOR, DISK_OFFSET + SECTOR) == (ssize_t)SECTOR &&
			 buffer[0] == 0x3c,
			 "writing over one of them makes that one good\n");

	range[0] = DISK_OFFSET;
	range[1] = PAGE;
	ksft_test_result(!ioctl(fd, BLKZEROOUT, range) &&
			 badblocks_are(device, "") &&
			 pread(fd, buffer, PAGE, DISK_OFFSET) == (ssize_t)PAGE &&
			 !buffer[2 * SECTOR],
			 "zeroing the page makes the other one good\n");

	inject(device, DISK_OFFSET, PAGE);
	ksft_test_result(!ioctl(fd, BLKDISCARD, range) &&
			 badblocks_are(device, ""), "discarding does too\n");
	close(fd);
}

static void test_file(const char *device, char *buffer)
{
	char *map, *fresh, *hidden, list[64];
	uint64_t offset;
	int fd, code;

	fd = aligned_dax_file(FILE_SIZE);
	map = dax_map(fd, FILE_SIZE);
	fresh = dax_map(fd, FILE_SIZE);
	hidden = (char *)mmap(NULL, PAGE, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hidden == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	memset(map, 0x5a, FILE_SIZE);
	fsync(fd);
	offset = file_to_device(fd, 2 * PAGE);

	code = inject(device, offset, PAGE);
	ksft_test_result(code == BUS_MCEERR_AR,
			 "who has a page mapped gets SIGBUS, BUS_MCEERR_AR (%d)\n",
			 code);
	code = touch(map + 2 * PAGE);
	ksft_test_result(code == BUS_MCEERR_AR,
			 "and again when it is touched (%d)\n", code);
	code = touch(fresh + 2 * PAGE);
	ksft_test_result(code == BUS_MCEERR_AR,
			 "another mapping of it gets the same (%d)\n", code);
	ksft_test_result(!touch(map + PAGE) && !touch(fresh + 3 * PAGE) &&
			 fresh[PAGE] == 0x5a,
			 "the pages beside it can be touched\n");
	ksft_test_result(fails_with(EIO, pread(fd, buffer, PAGE, 2 * PAGE)) &&
			 pread(fd, buffer, PAGE, PAGE) == (ssize_t)PAGE,
			 "read() of it is EIO, and of its neighbour is not\n");
	ksft_test_result(pwrite(fd, buffer, SECTOR, 2 * PAGE) < 0 &&
			 touch(map + 2 * PAGE) == BUS_MCEERR_AR,
			 "write() of a part of it fails, and leaves it as it is\n");
	snprintf(list, sizeof(list), "%llu 8\n",
		 (unsigned long long)(offset / SECTOR));
	ksft_test_result(fails_with(EFAULT, pwrite(fd, hidden, PAGE, 2 * PAGE)) &&
			 badblocks_are(device, list) &&
			 touch(map + 2 * PAGE) == BUS_MCEERR_AR,
			 "write() of what cannot be read is EFAULT, and leaves it as well\n");

	memset(buffer, 0x3c, PAGE);
	ksft_test_result(pwrite(fd, buffer, PAGE, 2 * PAGE) == (ssize_t)PAGE &&
			 badblocks_are(device, ""),
			 "write() over all of it makes it good\n");
	ksft_test_result(!touch(map + 2 * PAGE) && map[2 * PAGE] == 0x3c &&
			 !touch(fresh + 2 * PAGE) && fresh[3 * PAGE - 1] == 0x3c,
			 "and it can be mapped and touched again\n");

	/* found by a program, not by a test: the kernel's own injection */
	offset = file_to_device(fd, 8 * PAGE);
	snprintf(list, sizeof(list), "%llu 8\n",
		 (unsigned long long)(offset / SECTOR));
	map[8 * PAGE] = 1;
	code = poison_mapping(map + 8 * PAGE);
	if (code < 0) {
		ksft_test_result_skip("MADV_HWPOISON: %s\n", strerror(errno));
		ksft_test_result_skip("MADV_HWPOISON: %s\n", strerror(errno));
		ksft_test_result_skip("MADV_HWPOISON: %s\n", strerror(errno));
		ksft_test_result_skip("MADV_HWPOISON: %s\n", strerror(errno));
	} else {
		ksft_test_result(code == BUS_MCEERR_AR &&
				 badblocks_are(device, list) &&
				 touch(map + 8 * PAGE) == BUS_MCEERR_AR,
				 "a page that memory_failure() reports is a bad block\n");
		ksft_test_result(fails_with(EIO, fsync(fd)) && !fsync(fd),
				 "fsync() tells once that what it held is lost\n");
		ksft_test_result(pwrite(fd, buffer, PAGE, 8 * PAGE) == (ssize_t)PAGE &&
				 badblocks_are(device, "") &&
				 !touch(map + 8 * PAGE),
				 "until it is written over\n");
		/* no other page was marked in its place */
		memset(map, 0x5a, FILE_SIZE);
		ksft_test_result(!fsync(fd), "and then fsync() is good for all pages\n");
	}
	close(fd);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus,
				    .sa_flags = SA_SIGINFO };
	const char *device, *disk;
	char *buffer;

	ksft_print_header();
	device = test_variable("PMEM_TEST_DEV");
	disk = test_variable("PMEM_TEST_DISK");
	test_variable("PMEM_TEST_DIR");
	sigaction(SIGBUS, &action, NULL);
	buffer = (char *)aligned_alloc(PAGE, PAGE);
	if (!buffer)
		ksft_exit_fail_msg("no memory\n");

	ksft_set_plan(20);
	test_block(disk, buffer);
	test_file(device, buffer);
	ksft_finished();
}
