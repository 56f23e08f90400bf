// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the driver, on ordinary pages in place of memory that was set
 * aside. Nothing of a device is needed but its memory and its list of bad
 * blocks.
 */
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <kunit/test.h>

#include "pmem.h"

#define FAKE_ORDER	4
#define FAKE_SIZE	(PAGE_SIZE << FAKE_ORDER)

/* What memory holds that nobody was to write to. */
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

/* That memory holds one byte all over. */
static void expect_all(struct kunit *test, const char *addr, int byte,
		       size_t len)
{
	KUNIT_ASSERT_NULL(test, memchr_inv(addr, byte, len));
}

/* That only some of the fake memory is not as it was. */
static void expect_guards(struct kunit *test, u64 offset, size_t len)
{
	const char *addr = fake(test)->addr;

	expect_all(test, addr, GUARD, offset);
	expect_all(test, addr + offset + len, GUARD, FAKE_SIZE - offset - len);
}

/* A buffer with a byte in each place that tells the place. */
static char *new_pattern(struct kunit *test, size_t len)
{
	char *pattern = (char *)kunit_kzalloc(test, len, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, pattern);
	for (i = 0; i < len; i++)
		pattern[i] = (char)(i * 31 + i / 256 + 1);
	return pattern;
}

static void zero_changes_what_was_asked_for(struct kunit *test)
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

static void zero_reaches_both_ends(struct kunit *test)
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

/* Where the kernel's side begins, in bytes from a good address. */
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
	KUNIT_CASE(zero_changes_what_was_asked_for),
	KUNIT_CASE(zero_reaches_both_ends),
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

/* In sectors. */
static void poison(struct kunit *test, u64 sector, u64 nr)
{
	pmem_add_poison(fake(test), sector * SECTOR_SIZE, nr * SECTOR_SIZE);
}

static int bad(struct kunit *test, u64 sector)
{
	return pmem_is_bad(fake(test), sector * SECTOR_SIZE, SECTOR_SIZE, NULL);
}

/* That of the first sectors just some are bad. */
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

static void good_memory_is_not_bad(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	u64 good = 42;

	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 0, FAKE_SIZE, &good), 0);
	KUNIT_EXPECT_EQ(test, good, 42);
	expect_bad(test, 0, 0);
}

static void poisoned_sectors_cannot_be_read(struct kunit *test)
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

static void neighbours_can_be_read(struct kunit *test)
{
	poison(test, 10, 2);

	KUNIT_EXPECT_EQ(test, read_at(test, 0, 10 * SZ_512), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 10 * SZ_512 - 1, 1), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 12 * SZ_512, 1), 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 12 * SZ_512, SZ_8K), 0);
}

static void poison_takes_whole_sectors(struct kunit *test)
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

	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 0, FAKE_SIZE, &good), 1);
	KUNIT_EXPECT_EQ(test, good, 10 * SZ_512);
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 100, FAKE_SIZE - 100, &good), 1);
	KUNIT_EXPECT_EQ(test, good, 10 * SZ_512 - 100);
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 12 * SZ_512, SZ_8K, &good), 1);
	KUNIT_EXPECT_EQ(test, good, 8 * SZ_512);

	/* in the middle of what is bad */
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 10 * SZ_512, SZ_8K, &good), 1);
	KUNIT_EXPECT_EQ(test, good, 0);
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 11 * SZ_512 + 1, 1, &good), 1);
	KUNIT_EXPECT_EQ(test, good, 0);

	/* not set where nothing is bad */
	good = 42;
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 0, 10 * SZ_512, &good), 0);
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 21 * SZ_512, SZ_8K, &good), 0);
	KUNIT_EXPECT_EQ(test, good, 42);
}

static void write_clears_what_it_covers(struct kunit *test)
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

	/* in the middle, which leaves two pieces */
	pmem_write(pmem, 11 * SZ_512, from, 2 * SZ_512);
	KUNIT_EXPECT_EQ(test, bad(test, 10), 1);
	KUNIT_EXPECT_EQ(test, bad(test, 11), 0);
	KUNIT_EXPECT_EQ(test, bad(test, 12), 0);
	KUNIT_EXPECT_EQ(test, bad(test, 13), 1);

	/* all that is left, and the neighbours */
	pmem_write(pmem, 4 * SZ_512, from, SZ_16K);
	expect_bad(test, 0, 0);
	KUNIT_EXPECT_EQ(test, read_at(test, 0, FAKE_SIZE), 0);
}

static void write_in_part_clears_nothing(struct kunit *test)
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

	/* two in part, but one in between */
	pmem_write(pmem, 10 * SZ_512 + 1, from, SZ_1K - 1);
	expect_bad(test, 10, 1);
}

static void write_to_neighbours_clears_nothing(struct kunit *test)
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

static void zero_clears_what_it_covers(struct kunit *test)
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

/* A write that copied nothing, for which the list must not be asked: it warns. */
static void clear_of_nothing_is_silent(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	int before = test_taint(TAINT_WARN);

	poison(test, 8, 8);
	pmem_clear_poison(pmem, SZ_4K, 0);
	pmem_clear_poison(pmem, SZ_4K + 1, 0);
	expect_bad(test, 8, 8);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_WARN), before);
}

/* Every other sector, from one on, until the list has no room. */
static void fill_list(struct kunit *test, u64 sector)
{
	struct badblocks *list = &fake(test)->bad;

	/* not by pmem_add_poison(), which would log every one */
	for (; list->count < (int)MAX_BADBLOCKS; sector += 2)
		KUNIT_ASSERT_EQ(test, badblocks_set(list, sector, 1, 1), 0);
}

static void full_list_is_survived(struct kunit *test)
{
	const u64 last = 2 * (MAX_BADBLOCKS - 1), more = last + 100;
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_512);
	u64 sector;

	fill_list(test, 0);
	KUNIT_EXPECT_EQ(test, bad(test, last), 1);
	poison(test, more, 1);
	KUNIT_EXPECT_EQ(test, bad(test, more), 0);

	/* what was on it still is */
	KUNIT_EXPECT_EQ(test, pmem->bad.count, (int)MAX_BADBLOCKS);
	for (sector = 0; sector <= last; sector++)
		KUNIT_ASSERT_EQ(test, bad(test, sector), !(sector % 2));

	/* which one can write over, and that makes room */
	pmem_write(pmem, 0, from, SZ_512);
	KUNIT_EXPECT_EQ(test, bad(test, 0), 0);
	poison(test, more, 1);
	KUNIT_EXPECT_EQ(test, bad(test, more), 1);
}

/* Room for the first piece is not room for all: that is not passed over. */
static void full_list_does_not_lie(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);

	fill_list(test, 5000);
	badblocks_clear(&pmem->bad, 5000, 1);
	KUNIT_EXPECT_EQ(test, pmem_add_poison(pmem, 0, 600 * SZ_512), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bad(test, 0), 1);
	KUNIT_EXPECT_EQ(test, bad(test, 599), 0);
}

static void full_list_stays_on_the_safe_side(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	char *from = new_pattern(test, SZ_4K);

	/* one piece cannot become two: better bad than forgotten */
	poison(test, 8, 8);
	fill_list(test, 100);
	pmem_write(pmem, 10 * SZ_512, from, SZ_512);
	KUNIT_EXPECT_EQ(test, bad(test, 8), 1);
	KUNIT_EXPECT_EQ(test, bad(test, 9), 1);
	KUNIT_EXPECT_EQ(test, bad(test, 11), 1);
	KUNIT_EXPECT_EQ(test, bad(test, 15), 1);

	pmem_write(pmem, 8 * SZ_512, from, SZ_4K);
	KUNIT_EXPECT_EQ(test, pmem_is_bad(pmem, 8 * SZ_512, SZ_4K, NULL), 0);
}

/* As memory_failure() leaves a page, but for the mapping, which stays. */
static void write_makes_a_page_usable(struct kunit *test)
{
	struct pmem_device *pmem = fake(test);
	struct page *page = virt_to_page(pmem->addr + SZ_4K);
	char *from = new_pattern(test, SZ_4K);
	int before, after;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "without MEMORY_FAILURE no page is marked");

	poison(test, 8, 8);
	SetPageHWPoison(page);
	pmem_write(pmem, 0, from, SZ_4K);
	pmem_write(pmem, SZ_8K, from, SZ_4K);
	before = !!PageHWPoison(page);
	pmem_write(pmem, SZ_4K, from, SZ_4K);
	after = !!PageHWPoison(page);
	/* or free_pages() would find it */
	ClearPageHWPoison(page);

	KUNIT_EXPECT_EQ(test, before, 1);
	KUNIT_EXPECT_EQ(test, after, 0);
	KUNIT_EXPECT_EQ(test, read_at(test, SZ_4K, SZ_4K), 0);
}

static struct kunit_case pmem_poison_cases[] = {
	KUNIT_CASE(good_memory_is_not_bad),
	KUNIT_CASE(poisoned_sectors_cannot_be_read),
	KUNIT_CASE(neighbours_can_be_read),
	KUNIT_CASE(poison_takes_whole_sectors),
	KUNIT_CASE(good_bytes_are_counted),
	KUNIT_CASE(write_clears_what_it_covers),
	KUNIT_CASE(write_in_part_clears_nothing),
	KUNIT_CASE(write_to_neighbours_clears_nothing),
	KUNIT_CASE(zero_clears_what_it_covers),
	KUNIT_CASE(clear_rounds_inwards),
	KUNIT_CASE(clear_of_nothing_is_silent),
	KUNIT_CASE(full_list_is_survived),
	KUNIT_CASE(full_list_does_not_lie),
	KUNIT_CASE(full_list_stays_on_the_safe_side),
	KUNIT_CASE(write_makes_a_page_usable),
	{ }
};

static struct kunit_suite pmem_poison_suite = {
	.name		= "pmem_poison",
	.init		= fake_init,
	.exit		= fake_exit,
	.test_cases	= pmem_poison_cases,
};

/* The text is tested in user space; this is what the kernel does otherwise. */
static void layout_is_refused(struct kunit *test)
{
	static const struct {
		const char *ranges;
		int err;
	} refused[] = {
		{ "2M@18446744073709551616K", -ERANGE },
		{ "17592186044414M@2M", -ERANGE },
		{ "18014398509481983K@0", -EINVAL },
		{ "1025M@4G", -EINVAL },
		{ "1G@4G/65536", -EINVAL },
		{ "128G@4G/65537", -ERANGE },
		{ "128G@4G/65536,2M@1G", -E2BIG },
		{ "4G", -EINVAL },
		{ "2M@64T", -ERANGE },
		{ "4G@4G,4G@8190M", -EINVAL },
		{ "6M@4G,8M@8G/2", -EINVAL },
	};
	struct pmem_complaint complaint;
	struct pmem_layout *layout;
	unsigned int i;
	int err;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		err = pmem_layout_parse_ranges(layout, refused[i].ranges,
					       &complaint);
		if (!err)
			err = pmem_layout_check(layout, BIT_ULL(46),
						PMEM_MAP_DEV, &complaint);
		KUNIT_ASSERT_EQ(test, err, refused[i].err);
	}
}

static void devices_tile_their_ranges(struct kunit *test)
{
	struct pmem_complaint complaint = {};
	unsigned int i, k, index = 0;
	struct pmem_layout *layout;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test,
			pmem_layout_parse_ranges(layout,
						 "63T@1T/64512,18M@32G/3,6M@16G",
						 &complaint), 0);
	KUNIT_ASSERT_EQ(test, pmem_layout_check(layout, BIT_ULL(46),
						PMEM_MAP_DEV, &complaint), 0);
	KUNIT_ASSERT_EQ(test, pmem_layout_count(layout), 64516);

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

static void one_range_is_three_parameters(struct kunit *test)
{
	struct pmem_complaint complaint = {};
	struct pmem_layout *layout;

	layout = (struct pmem_layout *)kunit_kzalloc(test, sizeof(*layout),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test, pmem_layout_parse(layout, "32", "32", "4",
						&complaint), 0);
	KUNIT_EXPECT_EQ(test, layout->nr, 1);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.start, 32ULL << 30);
	KUNIT_EXPECT_EQ(test, layout->shares[0].range.size, 32ULL << 30);
	KUNIT_EXPECT_EQ(test, layout->shares[0].count, 4);
	KUNIT_EXPECT_EQ(test, pmem_layout_parse(layout, "32", "32", "3",
						&complaint), -EINVAL);
	KUNIT_EXPECT_STREQ(test, complaint.text,
			   "count=3 does not divide the size into multiples of 2 MiB; write 2");
}

/* Of this kernel, whose configuration says how large a descriptor is. */
static void data_begins_behind_descriptors(struct kunit *test)
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
	KUNIT_CASE(layout_is_refused),
	KUNIT_CASE(devices_tile_their_ranges),
	KUNIT_CASE(one_range_is_three_parameters),
	KUNIT_CASE(data_begins_behind_descriptors),
	{ }
};

static struct kunit_suite pmem_layout_suite = {
	.name		= "pmem_layout",
	.test_cases	= pmem_layout_cases,
};

#ifdef CONFIG_FS_DAX
/* The memory of a device that is gone is used again, soon and for any other. */
static void new_devices_have_no_old_flags(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 64; i++) {
		struct dax_device *dax = alloc_dax(NULL, NULL);
		int synchronous;

		KUNIT_ASSERT_FALSE(test, IS_ERR(dax));
		synchronous = dax_synchronous(dax);
		set_dax_synchronous(dax);
		kill_dax(dax);
		put_dax(dax);
		/* inodes are freed after a grace period */
		rcu_barrier();
		KUNIT_ASSERT_FALSE_MSG(test, synchronous, "device %u", i);
	}
}

static struct kunit_case pmem_dax_cases[] = {
	KUNIT_CASE(new_devices_have_no_old_flags),
	{ }
};

static struct kunit_suite pmem_dax_suite = {
	.name		= "pmem_dax",
	.test_cases	= pmem_dax_cases,
};

kunit_test_suites(&pmem_copy_suite, &pmem_poison_suite, &pmem_layout_suite,
		  &pmem_dax_suite);
#else
kunit_test_suites(&pmem_copy_suite, &pmem_poison_suite, &pmem_layout_suite);
#endif /* CONFIG_FS_DAX */

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of the driver for RAM set aside at boot");
MODULE_LICENSE("GPL");
