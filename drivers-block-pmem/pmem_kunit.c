// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the driver on ordinary pages. A fake device has memory and a
 * badblocks list; a disk and a DAX device only where a test needs them.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <kunit/test.h>
#ifdef CONFIG_X86_MCE
#include <asm/mce.h>
#endif

#include "pmem.h"

#define FAKE_ORDER	4
#define FAKE_SIZE	(PAGE_SIZE << FAKE_ORDER)

/* The contents of memory that a test must not change. */
#define GUARD		0xa5

static struct pmem_device *fake(struct kunit *test)
{
	return (struct pmem_device *)test->priv;
}

static int fake_init(struct kunit *test)
{
	struct pmem_device *pmem;
	struct page *pages;

	pmem = (struct pmem_device *)kunit_kzalloc(test, sizeof(*pmem),
						   GFP_KERNEL);
	if (!pmem)
		return -ENOMEM;
	pages = alloc_pages(GFP_KERNEL, FAKE_ORDER);
	if (!pages)
		return -ENOMEM;

	strscpy(pmem->name, "fake", sizeof(pmem->name));
	pmem->addr = (char *)page_address(pages);
	pmem->data.start = virt_to_phys(pmem->addr);
	pmem->data.size = FAKE_SIZE;
	pmem->range = pmem->data;
	memset(pmem->addr, GUARD, FAKE_SIZE);
	test->priv = pmem;
	return pmem_alloc_poison(pmem);
}

static void fake_exit(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	if (!pmem)
		return;
	if (pmem->bad.page)
		pmem_free_poison(pmem);
	free_pages((unsigned long)pmem->addr, FAKE_ORDER);
}

/* Assert that all of the memory holds one byte value. */
static void expect_all(struct kunit *test, const char *addr, int byte,
		       size_t len)
{
	KUNIT_ASSERT_NULL(test, memchr_inv(addr, byte, len));
}

/* Assert that the fake memory outside of a range still holds the guard. */
static void expect_guards(struct kunit *test, u64 offset, size_t len)
{
	const char *addr = fake(test)->addr;

	expect_all(test, addr, GUARD, offset);
	expect_all(test, addr + offset + len, GUARD, FAKE_SIZE - offset - len);
}

/* A buffer whose bytes depend on their position. */
static char *new_pattern(struct kunit *test, size_t len)
{
	char *pattern = (char *)kunit_kzalloc(test, len, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, pattern);
	for (i = 0; i < len; i++)
		pattern[i] = (char)(i * 31 + i / 256 + 1);
	return pattern;
}

static void zero_writes_its_range_only(struct kunit *test)
{
	static const size_t lengths[] = {
		SZ_512, SZ_1K, SZ_4K - SZ_512, SZ_4K, SZ_4K + SZ_512, SZ_32K,
	};
	struct pmem_device *pmem = fake(test);
	unsigned int i;
	u64 offset;

	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (offset = 0; offset <= SZ_8K; offset += SZ_512) {
			memset(pmem->addr, GUARD, FAKE_SIZE);
			pmem_zero(pmem, offset, lengths[i]);
			expect_all(test, pmem->addr + offset, 0, lengths[i]);
			expect_guards(test, offset, lengths[i]);
		}
}

static void zero_works_at_both_ends(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	pmem_zero(pmem, FAKE_SIZE - SZ_512, SZ_512);
	expect_all(test, pmem->addr + FAKE_SIZE - SZ_512, 0, SZ_512);
	expect_guards(test, FAKE_SIZE - SZ_512, SZ_512);

	pmem_zero(pmem, 0, FAKE_SIZE);
	expect_all(test, pmem->addr, 0, FAKE_SIZE);
}

static const size_t copy_lengths[] = {
	1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 511, 512,
	513, 4095, 4096, 4097, 12345,
};

static const u64 copy_offsets[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 33, 63, 64, 65, 511, 512, 513, 4095,
	4096, 4097,
};

/* Misalignment of the kernel buffer in bytes. */
static const unsigned int copy_shifts[] = { 0, 1, 4, 7 };

static void write_copies_exactly(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_16K);
	unsigned int i, k, m;

	for (i = 0; i < ARRAY_SIZE(copy_lengths); i++)
		for (k = 0; k < ARRAY_SIZE(copy_offsets); k++)
			for (m = 0; m < ARRAY_SIZE(copy_shifts); m++) {
				const char *source = from + copy_shifts[m];
				size_t len = copy_lengths[i];
				u64 offset = copy_offsets[k];

				memset(pmem->addr, GUARD, SZ_32K);
				pmem_write(pmem, offset, source, len);
				KUNIT_ASSERT_MEMEQ(test, pmem->addr + offset,
						   source, len);
				expect_guards(test, offset, len);
			}
}

static void read_copies_exactly(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *to = new_pattern(test, SZ_16K);
	unsigned int i, k, m;

	memcpy(pmem->addr, new_pattern(test, SZ_32K), SZ_32K);
	for (i = 0; i < ARRAY_SIZE(copy_lengths); i++)
		for (k = 0; k < ARRAY_SIZE(copy_offsets); k++)
			for (m = 0; m < ARRAY_SIZE(copy_shifts); m++) {
				unsigned int shift = copy_shifts[m] + 8;
				size_t len = copy_lengths[i];
				u64 offset = copy_offsets[k];

				memset(to, GUARD, SZ_16K);
				KUNIT_ASSERT_EQ(test, pmem_read(pmem, offset,
								to + shift,
								len), 0);
				KUNIT_ASSERT_MEMEQ(test, to + shift,
						   pmem->addr + offset, len);
				expect_all(test, to, GUARD, shift);
				expect_all(test, to + shift + len, GUARD,
					   SZ_16K - shift - len);
			}
}

static struct kunit_case pmem_copy_cases[] = {
	KUNIT_CASE(zero_writes_its_range_only),
	KUNIT_CASE(zero_works_at_both_ends),
	KUNIT_CASE(write_copies_exactly),
	KUNIT_CASE(read_copies_exactly),
	{ }
};

static struct kunit_suite pmem_copy_suite = {
	.name		= "pmem_copy",
	.init		= fake_init,
	.exit		= fake_exit,
	.test_cases	= pmem_copy_cases,
};

static int ramdisk_init(struct kunit *test)
{
	int err = fake_init(test);

	if (!err)
		fake(test)->mode.ramdisk = true;
	return err;
}

static struct kunit_case pmem_ramdisk_cases[] = {
	KUNIT_CASE(zero_writes_its_range_only),
	KUNIT_CASE(zero_works_at_both_ends),
	KUNIT_CASE(write_copies_exactly),
	KUNIT_CASE(read_copies_exactly),
	{ }
};

/* The same on a RAM disk, which copies in another way. */
static struct kunit_suite pmem_ramdisk_suite = {
	.name		= "pmem_ramdisk",
	.init		= ramdisk_init,
	.exit		= fake_exit,
	.test_cases	= pmem_ramdisk_cases,
};

/* Add sectors to the badblocks list. */
static void poison(struct kunit *test, u64 sector, u64 nr)
{
	pmem_add_poison(fake(test), sector * SECTOR_SIZE, nr * SECTOR_SIZE);
}

static bool bad(struct kunit *test, u64 sector)
{
	return pmem_is_bad(fake(test), sector * SECTOR_SIZE, SECTOR_SIZE, NULL);
}

/* Assert that @nr sectors starting at @first are bad, and all others good. */
static void expect_bad(struct kunit *test, u64 first, u64 nr)
{
	u64 sector;

	for (sector = 0; sector < FAKE_SIZE / SECTOR_SIZE; sector++)
		KUNIT_ASSERT_EQ_MSG(test, bad(test, sector),
				    sector >= first && sector < first + nr,
				    "sector %llu", sector);
}

static int read_at(struct kunit *test, u64 offset, size_t len)
{
	struct pmem_device *pmem = fake(test);
	char *to = (char *)kunit_kzalloc(test, len, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, to);
	err = pmem_read(pmem, offset, to, len);
	if (err)
		expect_all(test, to, 0, len);
	else
		KUNIT_ASSERT_MEMEQ(test, to, pmem->addr + offset, len);
	return err;
}

static void empty_list_has_no_bad_sector(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	u64 good = 42;

	KUNIT_EXPECT_FALSE(test, pmem_is_bad(pmem, 0, FAKE_SIZE, &good));
	KUNIT_EXPECT_EQ(test, good, 42);
	expect_bad(test, 0, 0);
}

static void reads_of_bad_sectors_fail(struct kunit *test)
{
	poison(test, 10, 2);
	expect_bad(test, 10, 2);

	KUNIT_EXPECT_EQ(test, read_at(test, 10 * SZ_512, SZ_512), -EIO);
	KUNIT_EXPECT_EQ(test, read_at(test, 11 * SZ_512, SZ_512), -EIO);
	KUNIT_EXPECT_EQ(test, read_at(test, 10 * SZ_512, 1), -EIO);
	KUNIT_EXPECT_EQ(test, read_at(test, 12 * SZ_512 - 1, 1), -EIO);
	KUNIT_EXPECT_EQ(test, read_at(test, 10 * SZ_512 - 1, 2), -EIO);
	KUNIT_EXPECT_EQ(test, read_at(test, 0, FAKE_SIZE), -EIO);
}

static void reads_beside_bad_sectors_succeed(struct kunit *test)
{
	poison(test, 10, 2);

	KUNIT_EXPECT_EQ(test, read_at(test, 0, 10 * SZ_512), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 10 * SZ_512 - 1, 1), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 12 * SZ_512, 1), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 12 * SZ_512, SZ_8K), 0);
}

static void poison_is_rounded_to_sectors(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	pmem_add_poison(pmem, 10 * SZ_512 + 100, 1);
	expect_bad(test, 10, 1);
	pmem_add_poison(pmem, 12 * SZ_512 - 1, 2);
	expect_bad(test, 10, 3);
	pmem_add_poison(pmem, 10 * SZ_512, 3 * SZ_512);
	expect_bad(test, 10, 3);
}

static void good_bytes_are_counted(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	u64 good = 42;

	poison(test, 10, 2);
	poison(test, 20, 1);

	KUNIT_EXPECT_TRUE(test, pmem_is_bad(pmem, 0, FAKE_SIZE, &good));
	KUNIT_EXPECT_EQ(test, good, 10 * SZ_512);
	KUNIT_EXPECT_TRUE(test, pmem_is_bad(pmem, 100, FAKE_SIZE - 100, &good));
	KUNIT_EXPECT_EQ(test, good, 10 * SZ_512 - 100);
	KUNIT_EXPECT_TRUE(test, pmem_is_bad(pmem, 12 * SZ_512, SZ_8K, &good));
	KUNIT_EXPECT_EQ(test, good, 8 * SZ_512);

	/* starting at a bad sector */
	KUNIT_EXPECT_TRUE(test, pmem_is_bad(pmem, 10 * SZ_512, SZ_8K, &good));
	KUNIT_EXPECT_EQ(test, good, 0);
	KUNIT_EXPECT_TRUE(test, pmem_is_bad(pmem, 11 * SZ_512 + 1, 1, &good));
	KUNIT_EXPECT_EQ(test, good, 0);

	/* not set if no sector is bad */
	good = 42;
	KUNIT_EXPECT_FALSE(test, pmem_is_bad(pmem, 0, 10 * SZ_512, &good));
	KUNIT_EXPECT_FALSE(test, pmem_is_bad(pmem, 21 * SZ_512, SZ_8K, &good));
	KUNIT_EXPECT_EQ(test, good, 42);
}

static void write_clears_its_sectors(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_16K);

	/* one sector of a page */
	poison(test, 8, 8);
	pmem_write(pmem, 8 * SZ_512, from, SZ_512);
	expect_bad(test, 9, 7);
	KUNIT_EXPECT_EQ(test, read_at(test, 8 * SZ_512, SZ_512), 0);

	pmem_write(pmem, 15 * SZ_512, from, SZ_512);
	expect_bad(test, 9, 6);

	/* in the middle, which splits the entry */
	pmem_write(pmem, 11 * SZ_512, from, 2 * SZ_512);
	KUNIT_EXPECT_TRUE(test, bad(test, 10));
	KUNIT_EXPECT_FALSE(test, bad(test, 11));
	KUNIT_EXPECT_FALSE(test, bad(test, 12));
	KUNIT_EXPECT_TRUE(test, bad(test, 13));

	/* all remaining sectors and their neighbours */
	pmem_write(pmem, 4 * SZ_512, from, SZ_16K);
	expect_bad(test, 0, 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 0, FAKE_SIZE), 0);
}

static void partial_write_clears_nothing(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_16K);

	poison(test, 10, 2);
	pmem_write(pmem, 10 * SZ_512, from, 1);
	pmem_write(pmem, 10 * SZ_512, from, SZ_512 - 1);
	pmem_write(pmem, 10 * SZ_512 + 1, from, SZ_512 - 1);
	pmem_write(pmem, 9 * SZ_512, from, SZ_1K - 1);
	pmem_write(pmem, 10 * SZ_512 + 1, from, SZ_1K - 2);
	pmem_write(pmem, 11 * SZ_512 + 1, from, SZ_1K);
	expect_bad(test, 10, 2);

	/* the first in part, the second as a whole */
	pmem_write(pmem, 10 * SZ_512 + 1, from, SZ_1K - 1);
	expect_bad(test, 10, 1);
}

static void write_beside_bad_sectors_clears_nothing(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_16K);

	poison(test, 10, 2);
	pmem_write(pmem, 0, from, 10 * SZ_512);
	pmem_write(pmem, 12 * SZ_512, from, SZ_16K);
	pmem_zero(pmem, 0, 10 * SZ_512);
	pmem_zero(pmem, 12 * SZ_512, SZ_16K);
	expect_bad(test, 10, 2);
}

static void zero_clears_its_sectors(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	poison(test, 10, 2);
	pmem_zero(pmem, 10 * SZ_512, SZ_512);
	expect_bad(test, 11, 1);
	pmem_zero(pmem, 0, FAKE_SIZE);
	expect_bad(test, 0, 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 0, FAKE_SIZE), 0);
}

static void clear_rounds_inwards(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	poison(test, 10, 4);
	pmem_clear_poison(pmem, 10 * SZ_512 + 1, SZ_512 - 1);
	pmem_clear_poison(pmem, 10 * SZ_512 + 1, 1);
	expect_bad(test, 10, 4);
	pmem_clear_poison(pmem, 10 * SZ_512 - 1, SZ_1K);
	expect_bad(test, 11, 3);
	pmem_clear_poison(pmem, 0, FAKE_SIZE);
	expect_bad(test, 0, 0);
}

/* After a write that copied nothing. badblocks_clear() warns about 0 sectors. */
static void clear_of_nothing_does_not_warn(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	int before = test_taint(TAINT_WARN);

	poison(test, 8, 8);
	pmem_clear_poison(pmem, SZ_4K, 0);
	pmem_clear_poison(pmem, SZ_4K + 1, 0);
	expect_bad(test, 8, 8);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_WARN), before);
}

/* Fill the list with every other sector, starting at @sector. */
static void fill_list(struct kunit *test, u64 sector)
{
	struct badblocks *list = &fake(test)->bad;

	/* pmem_add_poison() would log every sector */
	for (; list->count < (int)MAX_BADBLOCKS; sector += 2) {
		badblocks_set(list, sector, 1, 1);
		KUNIT_ASSERT_TRUE(test, bad(test, sector));
	}
}

static void full_list_keeps_its_entries(struct kunit *test)
{
	const u64 last = 2 * (MAX_BADBLOCKS - 1), more = last + 100;
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_512);
	u64 sector;

	fill_list(test, 0);
	KUNIT_EXPECT_TRUE(test, bad(test, last));
	poison(test, more, 1);
	KUNIT_EXPECT_FALSE(test, bad(test, more));

	/* the old entries are still there */
	KUNIT_EXPECT_EQ(test, pmem->bad.count, (int)MAX_BADBLOCKS);
	for (sector = 0; sector <= last; sector++)
		KUNIT_ASSERT_EQ(test, bad(test, sector), !(sector % 2));

	/* overwriting one makes room */
	pmem_write(pmem, 0, from, SZ_512);
	KUNIT_EXPECT_FALSE(test, bad(test, 0));
	poison(test, more, 1);
	KUNIT_EXPECT_TRUE(test, bad(test, more));
}

/* The list has room for the first entry of the range, but not for the second. */
static void partial_add_returns_enospc(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	fill_list(test, 5000);
	badblocks_clear(&pmem->bad, 5000, 1);
	KUNIT_EXPECT_EQ(test, pmem_add_poison(pmem, 0, 600 * SZ_512), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, bad(test, 0));
	KUNIT_EXPECT_FALSE(test, bad(test, 599));
}

static void full_list_does_not_split_entries(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_4K);

	/* the entry cannot become two, so all of its sectors stay bad */
	poison(test, 8, 8);
	fill_list(test, 100);
	pmem_write(pmem, 10 * SZ_512, from, SZ_512);
	KUNIT_EXPECT_TRUE(test, bad(test, 8));
	KUNIT_EXPECT_TRUE(test, bad(test, 9));
	KUNIT_EXPECT_TRUE(test, bad(test, 11));
	KUNIT_EXPECT_TRUE(test, bad(test, 15));

	pmem_write(pmem, 8 * SZ_512, from, SZ_4K);
	KUNIT_EXPECT_FALSE(test, pmem_is_bad(pmem, 8 * SZ_512, SZ_4K, NULL));
}

/* memory_failure() marks a page; this does the same, but does not unmap it. */
static void write_clears_hwpoison(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	struct page *page = virt_to_page(pmem->addr + SZ_4K);
	char *from = new_pattern(test, SZ_4K);
	bool before, after;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "needs MEMORY_FAILURE");

	poison(test, 8, 8);
	SetPageHWPoison(page);
	pmem_write(pmem, 0, from, SZ_4K);
	pmem_write(pmem, SZ_8K, from, SZ_4K);
	before = PageHWPoison(page);
	pmem_write(pmem, SZ_4K, from, SZ_4K);
	after = PageHWPoison(page);
	/* free_pages() must not find it */
	ClearPageHWPoison(page);

	KUNIT_EXPECT_TRUE(test, before);
	KUNIT_EXPECT_FALSE(test, after);
	KUNIT_EXPECT_EQ(test, read_at(test, SZ_4K, SZ_4K), 0);
}

/* Memory that stays bad when it is written. */
static void stuck_sectors_stay_bad(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_16K);

	poison(test, 10, 2);
	pmem->stuck.start = 11 * SZ_512;
	pmem->stuck.size = SZ_512;
	KUNIT_EXPECT_EQ(test, pmem_write(pmem, 8 * SZ_512, from, SZ_4K), -EIO);
	expect_bad(test, 11, 1);
	KUNIT_EXPECT_EQ(test, pmem_write(pmem, 0, from, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, pmem_zero(pmem, 8 * SZ_512, SZ_4K), -EIO);
	expect_bad(test, 11, 1);

	pmem->stuck.size = 0;
	KUNIT_EXPECT_EQ(test, pmem_write(pmem, 8 * SZ_512, from, SZ_4K), 0);
	expect_bad(test, 0, 0);
	KUNIT_EXPECT_MEMEQ(test, pmem->addr + 8 * SZ_512, from, SZ_4K);
}

/* The machine check handler unmaps a page after a write has repaired it. */
static void late_unmapping_is_undone(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_4K), *to = new_pattern(test, SZ_4K);

	poison(test, 8, 8);
	pmem_write(pmem, SZ_4K, from, SZ_4K);
	expect_bad(test, 0, 0);
	KUNIT_ASSERT_EQ(test, set_mce_nospec(PHYS_PFN(pmem->data.start) + 1),
			0);

	KUNIT_EXPECT_EQ(test, pmem_write(pmem, SZ_4K, from, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, pmem_read(pmem, SZ_4K, to, SZ_4K), 0);
	KUNIT_EXPECT_MEMEQ(test, to, from, SZ_4K);
}

static struct kunit_case pmem_poison_cases[] = {
	KUNIT_CASE(empty_list_has_no_bad_sector),
	KUNIT_CASE(reads_of_bad_sectors_fail),
	KUNIT_CASE(reads_beside_bad_sectors_succeed),
	KUNIT_CASE(poison_is_rounded_to_sectors),
	KUNIT_CASE(good_bytes_are_counted),
	KUNIT_CASE(write_clears_its_sectors),
	KUNIT_CASE(partial_write_clears_nothing),
	KUNIT_CASE(write_beside_bad_sectors_clears_nothing),
	KUNIT_CASE(zero_clears_its_sectors),
	KUNIT_CASE(clear_rounds_inwards),
	KUNIT_CASE(clear_of_nothing_does_not_warn),
	KUNIT_CASE(full_list_keeps_its_entries),
	KUNIT_CASE(partial_add_returns_enospc),
	KUNIT_CASE(full_list_does_not_split_entries),
	KUNIT_CASE(write_clears_hwpoison),
	KUNIT_CASE(stuck_sectors_stay_bad),
	KUNIT_CASE(late_unmapping_is_undone),
	{ }
};

static struct kunit_suite pmem_poison_suite = {
	.name		= "pmem_poison",
	.init		= fake_init,
	.exit		= fake_exit,
	.test_cases	= pmem_poison_cases,
};

static int disk_init(struct kunit *test)
{
	int err = fake_init(test);

	if (!err)
		err = pmem_alloc_disk(fake(test));
	return err ?: pmem_alloc_dax(fake(test));
}

static void disk_exit(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	if (pmem && pmem->dax)
		pmem_free_dax(pmem);
	if (pmem && pmem->disk)
		put_disk(pmem->disk);
	fake_exit(test);
}

/* A bio for a buffer of one sector. The disk is never added. */
static struct bio *new_buffer_bio(struct kunit *test, enum req_op op,
				  u64 sector, void *buffer)
{
	struct bio *bio;

	bio = bio_alloc(fake(test)->disk->part0, 2, op, GFP_KERNEL);
	bio->bi_iter.bi_sector = sector;
	__bio_add_page(bio, virt_to_page(buffer), SZ_512,
		       offset_in_page(buffer));
	return bio;
}

/* A bio for one sector, with a buffer of its own. */
static struct bio *new_bio(struct kunit *test, enum req_op op, u64 sector)
{
	void *buffer = kunit_kzalloc(test, SZ_512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	return new_buffer_bio(test, op, sector, buffer);
}

/*
 * Read two sectors by a chain of bios. A disk that was never added has to be given
 * the bios directly. Returns the errno of the chain.
 */
static int read_chain(struct kunit *test, u64 first, u64 second)
{
	const struct block_device_operations *fops = fake(test)->disk->fops;
	struct bio *bio = new_bio(test, REQ_OP_READ, first);
	struct bio *parent = new_bio(test, REQ_OP_READ, second);
	int err;

	bio_chain(bio, parent);
	fops->submit_bio(bio);
	fops->submit_bio(parent);
	err = blk_status_to_errno(parent->bi_status);
	bio_put(parent);
	return err;
}

static void chains_keep_the_first_error(struct kunit *test)
{
	poison(test, 8, 1);
	KUNIT_EXPECT_EQ(test, read_chain(test, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, read_chain(test, 0, 8), -EIO);
	KUNIT_EXPECT_EQ(test, read_chain(test, 8, 0), -EIO);
}

/* Write a page of the file as fs/dax.c does after -EHWPOISON. */
static size_t recovery_write(struct kunit *test, u64 page, char *from)
{
	struct kvec kvec = { .iov_base = from, .iov_len = PAGE_SIZE };
	struct pmem_device *pmem = fake(test);
	struct iov_iter iter;
	size_t copied;
	int id;

	iov_iter_kvec(&iter, ITER_SOURCE, &kvec, 1, PAGE_SIZE);
	id = dax_read_lock();
	copied = dax_recovery_write(pmem->dax, page,
				    pmem->addr + page * PAGE_SIZE, PAGE_SIZE,
				    &iter);
	dax_read_unlock(id);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), PAGE_SIZE - copied);
	return copied;
}

/* Let the driver do the bio, and return its errno. */
static int do_bio(struct kunit *test, struct bio *bio)
{
	int err;

	fake(test)->disk->fops->submit_bio(bio);
	err = blk_status_to_errno(bio->bi_status);
	bio_put(bio);
	return err;
}

static int write_sector(struct kunit *test, enum req_op op, u64 sector)
{
	return do_bio(test, new_bio(test, op, sector));
}

/* Two buffers that do not touch, for sectors 9 and 10. */
static int copy_two(struct kunit *test, enum req_op op, char *buffers)
{
	struct bio *bio = new_buffer_bio(test, op, 9, buffers);
	char *second = buffers + SZ_4K - SZ_512;

	__bio_add_page(bio, virt_to_page(second), SZ_512,
		       offset_in_page(second));
	return do_bio(test, bio);
}

/*
 * For a device without poison, for one that has had some, and for a RAM disk of each
 * kind.
 */
static void bios_copy_each_segment(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_4K), *to;
	int i;

	for (i = 0; i < 4; i++) {
		pmem->poisoned = i & 1;
		pmem->mode.ramdisk = i & 2;
		to = (char *)kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, to);
		memset(pmem->addr, 0, SZ_8K);

		KUNIT_EXPECT_EQ(test, copy_two(test, REQ_OP_WRITE, from), 0);
		expect_all(test, pmem->addr, 0, 9 * SZ_512);
		KUNIT_EXPECT_MEMEQ(test, pmem->addr + 9 * SZ_512, from, SZ_512);
		KUNIT_EXPECT_MEMEQ(test, pmem->addr + 10 * SZ_512,
				   from + SZ_4K - SZ_512, SZ_512);
		expect_all(test, pmem->addr + 11 * SZ_512, 0, 5 * SZ_512);

		KUNIT_EXPECT_EQ(test, copy_two(test, REQ_OP_READ, to), 0);
		KUNIT_EXPECT_MEMEQ(test, to, from, SZ_512);
		expect_all(test, to + SZ_512, 0, SZ_4K - SZ_1K);
		KUNIT_EXPECT_MEMEQ(test, to + SZ_4K - SZ_512,
				   from + SZ_4K - SZ_512, SZ_512);
	}
	pmem->poisoned = false;
	pmem->mode.ramdisk = false;
}

/* Without an entry in the list, only the load finds that the page is not mapped. */
static void lost_mappings_are_restored(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	KUNIT_ASSERT_EQ(test, set_mce_nospec(PHYS_PFN(pmem->data.start) + 1),
			0);
	pmem_restore_pages(&pmem->data);
	KUNIT_EXPECT_EQ(test, do_bio(test, new_bio(test, REQ_OP_READ, 9)), 0);
	expect_bad(test, 0, 0);
}

static void reads_of_unmapped_memory_fail(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	KUNIT_ASSERT_EQ(test, set_mce_nospec(PHYS_PFN(pmem->data.start) + 1),
			0);
	KUNIT_EXPECT_EQ(test, do_bio(test, new_bio(test, REQ_OP_READ, 9)),
			-EIO);
	expect_bad(test, 9, 1);

	KUNIT_EXPECT_EQ(test, write_sector(test, REQ_OP_WRITE, 9), 0);
	KUNIT_EXPECT_EQ(test, do_bio(test, new_bio(test, REQ_OP_READ, 9)), 0);
	expect_bad(test, 0, 0);
}

static void read_only_disk_is_not_written(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	memset(pmem->addr, 1, SZ_512);
	pmem->mode.ro = true;
	KUNIT_EXPECT_NE(test, write_sector(test, REQ_OP_WRITE, 0), 0);
	KUNIT_EXPECT_NE(test, write_sector(test, REQ_OP_WRITE_ZEROES, 0), 0);
	KUNIT_EXPECT_EQ(test, do_bio(test, new_bio(test, REQ_OP_READ, 0)), 0);
	pmem->mode.ro = false;
	expect_all(test, pmem->addr, 1, SZ_512);
}

static void writes_to_stuck_memory_fail(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, PAGE_SIZE);
	int id;

	poison(test, 8, 8);
	pmem->stuck.start = SZ_4K;
	pmem->stuck.size = SZ_4K;
	KUNIT_EXPECT_EQ(test, write_sector(test, REQ_OP_WRITE, 8), -EIO);
	KUNIT_EXPECT_EQ(test, write_sector(test, REQ_OP_WRITE_ZEROES, 8), -EIO);
	id = dax_read_lock();
	KUNIT_EXPECT_EQ(test, dax_zero_page_range(pmem->dax, 1, 1), -EIO);
	dax_read_unlock(id);
	KUNIT_EXPECT_EQ(test, recovery_write(test, 1, from), 0);
	expect_bad(test, 8, 8);

	pmem->stuck.size = 0;
	KUNIT_EXPECT_EQ(test, write_sector(test, REQ_OP_WRITE, 8), 0);
	expect_bad(test, 9, 7);
	KUNIT_EXPECT_EQ(test, recovery_write(test, 1, from), PAGE_SIZE);
	expect_bad(test, 0, 0);
	KUNIT_EXPECT_MEMEQ(test, pmem->addr + SZ_4K, from, PAGE_SIZE);
}

/* The block core refuses this minor. Only a lack of memory is -ENOMEM. */
static void errors_of_the_block_core_are_kept(struct kunit *test)
{
	struct gendisk *disk = fake(test)->disk;

	disk->major = RAMDISK_MAJOR;
	disk->minors = 1;
	disk->first_minor = MINORMASK + 1;
	KUNIT_EXPECT_EQ(test, pmem_add_disk(fake(test), NULL), -EINVAL);
	disk->first_minor = 0;
	disk->minors = 0;
	disk->major = 0;
}

/* Report a page of the device as mm/memory-failure.c does. */
static int fail_page(struct kunit *test, u64 page)
{
	struct pmem_device *pmem = fake(test);

	return pmem_pagemap_ops.memory_failure(&pmem->pgmap,
					       PHYS_PFN(pmem->data.start) + page,
					       1, 0);
}

static void old_bad_sector_hides_no_new_poison(struct kunit *test)
{
	poison(test, 9, 1);
	fail_page(test, 1);
	expect_bad(test, 8, 8);
}

/* memory_failure() itself finds the mappings when the driver says -EOPNOTSUPP. */
static void full_list_does_not_stop_memory_failure(struct kunit *test)
{
	fill_list(test, 100);
	KUNIT_EXPECT_EQ(test, fail_page(test, 1), -EOPNOTSUPP);
	KUNIT_EXPECT_FALSE(test, bad(test, 8));
}

static long access_pages(struct kunit *test, u64 page, long nr,
			 enum dax_access_mode mode)
{
	int id = dax_read_lock();
	long found = dax_direct_access(fake(test)->dax, page, nr, mode, NULL,
				       NULL);

	dax_read_unlock(id);
	return found;
}

static void good_pages_can_be_accessed(struct kunit *test)
{
	poison(test, 2 * 8 + 1, 1);

	KUNIT_EXPECT_EQ(test, access_pages(test, 0, 8, DAX_ACCESS), 2);
	KUNIT_EXPECT_EQ(test, access_pages(test, 1, 1, DAX_ACCESS), 1);
	KUNIT_EXPECT_EQ(test, access_pages(test, 2, 8, DAX_ACCESS), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, access_pages(test, 3, 8, DAX_ACCESS), 8);
	KUNIT_EXPECT_EQ(test, access_pages(test, 0, 8, DAX_RECOVERY_WRITE), 2);
	KUNIT_EXPECT_EQ(test, access_pages(test, 2, 8, DAX_RECOVERY_WRITE), 1);
}

#ifdef CONFIG_X86_MCE
#define LOST		(MCI_STATUS_VAL | MCI_STATUS_EN | MCI_STATUS_ADDRV)

/* MCi_MISC of Intel: a physical address without its lowest 6 bits. */
#define PHYSICAL	(MCI_MISC_ADDR_PHYS << 6 | 6)

/* Intel SDM, volume 3B, 16.9.2: 0x9f is a memory controller error. */
static void lost_memory_is_recognised(struct kunit *test)
{
	static const struct {
		u8 vendor, bank;
		u64 status, misc;
		bool lost;
	} reports[] = {
		{ X86_VENDOR_INTEL, 7, LOST | MCI_STATUS_UC | MCI_STATUS_MISCV |
		  0x9f, PHYSICAL, true },
		{ X86_VENDOR_INTEL, 7, LOST | MCI_STATUS_MISCV | 0x9f, PHYSICAL,
		  false },
		{ X86_VENDOR_INTEL, 7, LOST | MCI_STATUS_UC | 0x9f, 0, false },
		/* not memory: a timer; bit 43 is part of a count */
		{ X86_VENDOR_INTEL, 7, LOST | MCI_STATUS_UC | MCI_STATUS_MISCV |
		  MCI_STATUS_POISON | 0x400, PHYSICAL, false },
		/* a load that consumed poison, and the same without an address */
		{ X86_VENDOR_AMD, 0, LOST | MCI_STATUS_UC | MCI_STATUS_POISON,
		  0, true },
		{ X86_VENDOR_AMD, 0, MCI_STATUS_VAL | MCI_STATUS_UC |
		  MCI_STATUS_POISON, 0, false },
		{ X86_VENDOR_AMD, 0, LOST | MCI_STATUS_DEFERRED |
		  MCI_STATUS_POISON, 0, true },
		/* corrected; and uncorrected, but the address is not physical */
		{ X86_VENDOR_AMD, 0, LOST | MCI_STATUS_POISON, 0, false },
		{ X86_VENDOR_AMD, 0, LOST | MCI_STATUS_UC, 0, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reports); i++) {
		struct mce mce = {
			.status		= reports[i].status,
			.misc		= reports[i].misc,
			.cpuvendor	= reports[i].vendor,
			.bank		= reports[i].bank,
		};
		bool lost;

		if (mce.cpuvendor == X86_VENDOR_AMD ?
		    !IS_ENABLED(CONFIG_X86_MCE_AMD) :
		    !IS_ENABLED(CONFIG_X86_MCE_INTEL))
			continue;
		/* AMD's part looks at the banks of this CPU */
		preempt_disable();
		lost = pmem_is_memory_lost(&mce);
		preempt_enable();
		KUNIT_EXPECT_EQ_MSG(test, lost, reports[i].lost, "report %u", i);
	}
}
#endif /* CONFIG_X86_MCE */

static struct kunit_case pmem_disk_cases[] = {
	KUNIT_CASE(good_pages_can_be_accessed),
	KUNIT_CASE(chains_keep_the_first_error),
	KUNIT_CASE(bios_copy_each_segment),
	KUNIT_CASE(lost_mappings_are_restored),
	KUNIT_CASE(reads_of_unmapped_memory_fail),
	KUNIT_CASE(read_only_disk_is_not_written),
	KUNIT_CASE(writes_to_stuck_memory_fail),
	KUNIT_CASE(errors_of_the_block_core_are_kept),
	KUNIT_CASE(old_bad_sector_hides_no_new_poison),
	KUNIT_CASE(full_list_does_not_stop_memory_failure),
#ifdef CONFIG_X86_MCE
	KUNIT_CASE(lost_memory_is_recognised),
#endif
	{ }
};

static struct kunit_suite pmem_disk_suite = {
	.name		= "pmem_disk",
	.init		= disk_init,
	.exit		= disk_exit,
	.test_cases	= pmem_disk_cases,
};

/* User-space tests check the messages; these depend on the kernel's arithmetic. */
static void bad_layouts_are_refused(struct kunit *test)
{
	static const char * const refused[] = {
		"2M@18446744073709551616K",
		"4398046511105K@2M",
		"4097T@2M",
		"0@4G",
		"1025M@4G",
		"1G@4G/1024",
		"128G@4G/1025",
		"128G@4G/1024,2M@1G",
		"4G",
		"auto/0",
		"auto,1G@4G",
		"1G@4G,auto",
		"2M@64T",
		"4G@4G,4G@8190M",
		"6M@4G,8M@8G/2",
	};
	const struct pmem_mode mode = { .map = PMEM_MAP_DEV };
	struct pmem_message message;
	struct pmem_layout *layout;
	unsigned int i;
	int err;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		err = pmem_layout_parse_ranges(layout, refused[i], &message);
		if (!err)
			err = pmem_layout_check(layout, BIT_ULL(46),
						&mode, &message);
		KUNIT_ASSERT_EQ_MSG(test, err, -EINVAL, "%s", refused[i]);
	}
}

static void devices_tile_their_ranges(struct kunit *test)
{
	const struct pmem_mode mode = { .map = PMEM_MAP_DEV };
	struct pmem_message message = {};
	unsigned int i, k, index = 0;
	struct pmem_layout *layout;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test,
			pmem_layout_parse_ranges(layout,
						 "63T@1T/1008,18M@32G/3,6M@16G",
						 &message), 0);
	KUNIT_ASSERT_EQ(test, pmem_layout_check(layout, BIT_ULL(46),
						&mode, &message), 0);
	KUNIT_ASSERT_EQ(test, pmem_layout_count(layout), 1012);

	for (i = 0; i < layout->nr; i++) {
		const struct pmem_share *share = &layout->shares[i];
		u64 next = share->range.start;

		for (k = 0; k < share->count; k++) {
			struct pmem_range device =
				pmem_layout_device(layout, index++);

			KUNIT_ASSERT_EQ(test, device.start, next);
			KUNIT_ASSERT_EQ(test, device.size % PMEM_ALIGN, 0);
			KUNIT_ASSERT_GT(test, device.size, 0);
			next += device.size;
		}
		KUNIT_ASSERT_EQ(test, next,
				share->range.start + share->range.size);
	}
}

static void start_size_and_count_make_one_range(struct kunit *test)
{
	struct pmem_message message = {};
	struct pmem_layout *layout;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test, pmem_layout_parse(layout, "32", "32", "4",
						&message), 0);
	KUNIT_EXPECT_EQ(test, layout->nr, 1);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.start, 32ULL << 30);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.size, 32ULL << 30);
	KUNIT_EXPECT_EQ(test, layout->shares[0].count, 4);
	KUNIT_EXPECT_EQ(test, pmem_layout_parse(layout, "32", "32", "3",
						&message), -EINVAL);
	KUNIT_EXPECT_STREQ(test, message.text,
			   "count=3: must divide the size into multiples of 2 MiB; use 2");
}

static void auto_takes_ranges_of_the_caller(struct kunit *test)
{
	/* the second one is misaligned, and too small for four devices */
	const struct pmem_share found[] = {
		{ .range = { 4ULL << 30, 1026ULL << 20 }, .count = 4 },
		{ .range = { (8ULL << 30) + PAGE_SIZE, 8ULL << 20 }, .count = 4 },
	};
	struct pmem_message message = {};
	struct pmem_layout *layout;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test, pmem_layout_parse_ranges(layout, "auto/4",
						       &message), 0);
	KUNIT_EXPECT_EQ(test, layout->nr, 0);
	KUNIT_ASSERT_EQ(test, layout->auto_count, 4);

	KUNIT_ASSERT_EQ(test, pmem_layout_add(layout, &found[0], &message), 0);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.start, 4ULL << 30);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.size, 1024ULL << 20);
	KUNIT_EXPECT_EQ(test, pmem_layout_add(layout, &found[1], &message),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, pmem_layout_count(layout), 4);
}

/* The configuration of the kernel decides the size of struct page. */
static void data_starts_after_struct_pages(struct kunit *test)
{
	u64 size;

	for (size = 3 * PMEM_ALIGN; size < BIT_ULL(46);
	     size += max(PMEM_ALIGN, round_down(size / 64, PMEM_ALIGN))) {
		u64 offset = pmem_data_offset(size, PMEM_MAP_DEV);

		KUNIT_ASSERT_GE(test, offset, PMEM_ALIGN +
				(size >> PAGE_SHIFT) * sizeof(struct page));
		KUNIT_ASSERT_LT(test, offset, size);
		KUNIT_ASSERT_EQ(test, offset % PMEM_ALIGN, 0);
		KUNIT_ASSERT_EQ(test, pmem_data_offset(size, PMEM_MAP_MEM), 0);
	}
}

static struct kunit_case pmem_layout_cases[] = {
	KUNIT_CASE(bad_layouts_are_refused),
	KUNIT_CASE(devices_tile_their_ranges),
	KUNIT_CASE(start_size_and_count_make_one_range),
	KUNIT_CASE(auto_takes_ranges_of_the_caller),
	KUNIT_CASE(data_starts_after_struct_pages),
	{ }
};

static struct kunit_suite pmem_layout_suite = {
	.name		= "pmem_layout",
	.test_cases	= pmem_layout_cases,
};

kunit_test_suites(&pmem_copy_suite, &pmem_ramdisk_suite, &pmem_poison_suite,
		  &pmem_disk_suite, &pmem_layout_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of the pmem block driver");
MODULE_LICENSE("GPL");
