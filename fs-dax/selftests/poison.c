// SPDX-License-Identifier: GPL-2.0
/*
 * Is poisoned memory a bad block until it is overwritten?
 *
 * It cannot be read from the disk, from a file or through a mapping; its neighbours can.
 *
 * Poison is injected through debugfs (CONFIG_BLK_DEV_PMEM_INJECT). Needs root, and
 * PMEM_TEST_DISK, a whole disk without a filesystem, besides PMEM_TEST_DIR on
 * PMEM_TEST_DEV.
 */
#include "dax_file.h"
#include "poison.h"

#define SECTOR		512UL
#define FILE_SIZE	(4UL << 20)

/* Far from metadata of filesystems and partition tables. */
#define DISK_OFFSET	(64UL << 20)

/* Does badblocks contain exactly @expected, lines of "SECTOR COUNT"? */
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
			 "poisoned sectors are listed in badblocks\n");
	ksft_test_result(fails_with(EIO, pread(fd, buffer, SECTOR,
					       DISK_OFFSET + SECTOR)) &&
			 fails_with(EIO, pread(fd, buffer, PAGE, DISK_OFFSET)),
			 "a read that includes a poisoned sector is EIO\n");
	ksft_test_result(pread(fd, buffer, SECTOR, DISK_OFFSET) == (ssize_t)SECTOR &&
			 buffer[0] == 0x5a &&
			 pread(fd, buffer, PAGE - 3 * SECTOR,
			       DISK_OFFSET + 3 * SECTOR) == (ssize_t)(PAGE - 3 * SECTOR),
			 "neighbours of poisoned sectors can be read\n");

	memset(buffer, 0x3c, PAGE);
	pwrite(fd, buffer, SECTOR, DISK_OFFSET + SECTOR);
	snprintf(list, sizeof(list), "%llu 1\n", (unsigned long long)sector + 2);
	ksft_test_result(badblocks_are(device, list) &&
			 pread(fd, buffer, SECTOR, DISK_OFFSET + SECTOR) == (ssize_t)SECTOR &&
			 buffer[0] == 0x3c,
			 "overwriting a sector repairs that one only\n");

	range[0] = DISK_OFFSET;
	range[1] = PAGE;
	ksft_test_result(!ioctl(fd, BLKZEROOUT, range) &&
			 badblocks_are(device, "") &&
			 pread(fd, buffer, PAGE, DISK_OFFSET) == (ssize_t)PAGE &&
			 !buffer[2 * SECTOR],
			 "zeroing a page repairs its poisoned sector\n");

	inject(device, DISK_OFFSET, PAGE);
	snprintf(list, sizeof(list), "%llu 8\n", (unsigned long long)sector);
	ksft_test_result(fails_with(EOPNOTSUPP, ioctl(fd, BLKDISCARD, range)) &&
			 badblocks_are(device, list) && !ioctl(fd, BLKZEROOUT, range),
			 "a discard is refused, and repairs nothing\n");
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
			 "a task that maps a poisoned page gets SIGBUS, BUS_MCEERR_AR (%d)\n",
			 code);
	code = touch(map + 2 * PAGE);
	ksft_test_result(code == BUS_MCEERR_AR,
			 "touching a poisoned page again is BUS_MCEERR_AR (%d)\n", code);
	code = touch(fresh + 2 * PAGE);
	ksft_test_result(code == BUS_MCEERR_AR,
			 "touching a poisoned page through another mapping is BUS_MCEERR_AR (%d)\n",
			 code);
	ksft_test_result(!touch(map + PAGE) && !touch(fresh + 3 * PAGE) &&
			 fresh[PAGE] == 0x5a,
			 "neighbours of a poisoned page can be touched\n");
	ksft_test_result(fails_with(EIO, pread(fd, buffer, PAGE, 2 * PAGE)) &&
			 pread(fd, buffer, PAGE, PAGE) == (ssize_t)PAGE,
			 "read() of a poisoned page is EIO, of its neighbour is not\n");
	ksft_test_result(pwrite(fd, buffer, SECTOR, 2 * PAGE) < 0 &&
			 touch(map + 2 * PAGE) == BUS_MCEERR_AR,
			 "write() of part of a poisoned page fails and repairs nothing\n");
	snprintf(list, sizeof(list), "%llu 8\n",
		 (unsigned long long)(offset / SECTOR));
	ksft_test_result(fails_with(EFAULT, pwrite(fd, hidden, PAGE, 2 * PAGE)) &&
			 badblocks_are(device, list) &&
			 touch(map + 2 * PAGE) == BUS_MCEERR_AR,
			 "write() from a bad buffer is EFAULT and repairs nothing\n");

	memset(buffer, 0x3c, PAGE);
	ksft_test_result(pwrite(fd, buffer, PAGE, 2 * PAGE) == (ssize_t)PAGE &&
			 badblocks_are(device, ""),
			 "write() of a whole poisoned page repairs it\n");
	ksft_test_result(!touch(map + 2 * PAGE) && map[2 * PAGE] == 0x3c &&
			 !touch(fresh + 2 * PAGE) && fresh[3 * PAGE - 1] == 0x3c,
			 "a repaired page can be mapped and touched\n");

	/* poison that memory_failure() reports, not the driver */
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
				 "fsync() reports the lost data once\n");
		ksft_test_result(pwrite(fd, buffer, PAGE, 8 * PAGE) == (ssize_t)PAGE &&
				 badblocks_are(device, "") &&
				 !touch(map + 8 * PAGE),
				 "write() repairs the page that memory_failure() reported\n");
		/* no other page was marked instead */
		memset(map, 0x5a, FILE_SIZE);
		ksft_test_result(!fsync(fd), "fsync() succeeds after the repair\n");
	}
	close(fd);
}

/*
 * A mapping of the second half of a 2 MiB range that another one had in a 2 MiB page:
 * the kernel has to find it by the page, not by the start of the range.
 */
static void test_half(const char *device, char *buffer)
{
	uint64_t offset = PMD_SIZE / 2 + 3 * PAGE;
	char *map, *half, *address;
	int fd, code;

	fd = aligned_dax_file(PMD_SIZE);
	map = dax_map(fd, PMD_SIZE);
	memset(map, 0x5a, PMD_SIZE);
	munmap(map, PMD_SIZE);
	half = (char *)mmap(NULL, PMD_SIZE / 2, PROT_READ, MAP_SHARED, fd,
			    PMD_SIZE / 2);
	if (half == MAP_FAILED)
		ksft_exit_fail_msg("mmap: %s\n", strerror(errno));
	if (touch(half) || touch(half + 3 * PAGE))
		ksft_exit_fail_msg("SIGBUS before there is poison\n");

	signal_address = NULL;
	address = half + 3 * PAGE;
	code = inject(device, file_to_device(fd, offset), PAGE);
	ksft_test_result(code == BUS_MCEERR_AR && signal_address == address,
			 "a task that maps half of a range gets the address of the page (%td)\n",
			 (char *)signal_address - half);
	ksft_test_result(touch(address) == BUS_MCEERR_AR && !touch(half) &&
			 !touch(address + PAGE),
			 "it cannot touch that page, but the others\n");
	ksft_test_result(pwrite(fd, buffer, PAGE, offset) == (ssize_t)PAGE &&
			 badblocks_are(device, "") && !touch(address),
			 "it can touch the page after a write() repaired it\n");
	close(fd);
}

/*
 * memory_failure() reports a page in the middle of a 2 MiB folio: it concerns that page,
 * not the first one of the folio.
 */
static void test_huge(int small)
{
	const char *how = small ? "4 KiB" : "2 MiB";
	const uint64_t offset = 9 * PAGE;
	int fd = aligned_dax_file(PMD_SIZE), code;
	char *map = dax_map(fd, PMD_SIZE);

	memset(map, 0x5a, PMD_SIZE);
	if (fsync(fd))
		ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
	if (small) {
		munmap(map, PMD_SIZE);
		map = dax_map_small(fd, PMD_SIZE);
		if (touch(map) || touch(map + offset))
			ksft_exit_fail_msg("SIGBUS before there is poison\n");
	}

	signal_address = NULL;
	code = poison_mapping(map + offset);
	if (code < 0) {
		ksft_test_result_skip("%s: MADV_HWPOISON: %s\n", how, strerror(errno));
		ksft_test_result_skip("%s: MADV_HWPOISON: %s\n", how, strerror(errno));
	} else {
		ksft_test_result(code == BUS_MCEERR_AR && signal_address == map + offset,
				 "%s: SIGBUS has the address of the lost page (%#tx)\n",
				 how, (char *)signal_address - map);
		code = touch(map + offset);
		ksft_test_result(code == BUS_MCEERR_AR && !touch(map) && !touch(map + PAGE),
				 "%s: only the lost page cannot be touched (%d)\n",
				 how, code);
	}
	munmap(map, PMD_SIZE);
	close(fd);
}

int main(void)
{
	const char *device, *disk;
	char *buffer;

	ksft_print_header();
	device = test_variable("PMEM_TEST_DEV");
	disk = test_variable("PMEM_TEST_DISK");
	test_variable("PMEM_TEST_DIR");
	survive_sigbus();
	buffer = (char *)aligned_alloc(PAGE, PAGE);
	if (!buffer)
		ksft_exit_fail_msg("no memory\n");

	ksft_set_plan(27);
	test_block(disk, buffer);
	test_file(device, buffer);
	test_half(device, buffer);
	test_huge(0);
	test_huge(1);
	ksft_finished();
}
