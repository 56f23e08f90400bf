// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of mballoc-dax.c, on the groups of mballoc-test.c: the index of
 * chunks, the searches in it, and the choice of where a request belongs.
 */

/*
 * Set up chunks of PMD_SIZE for blocks of a page; with other block sizes, a chunk has
 * the same number of blocks. Returns its length in clusters.
 */
static ext4_grpblk_t mbt_dax_chunks(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_sb_info *sbi = EXT4_SB(sb);
	int order = 9 - sbi->s_cluster_bits;

	if (sb->s_blocksize > PAGE_SIZE)
		kunit_skip(test, "blocksize exceeds pagesize");

	sbi->s_mb_dax_order = order;
	sbi->s_mb_dax_pmd = 1;
	ext4_mb_dax_activate(sb);
	return 1 << order;
}

/* A DAX file of @blocks, none of them allocated. */
static struct inode *mbt_dax_inode(struct kunit *test, ext4_lblk_t blocks)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_inode_info *ei;

	ei = (struct ext4_inode_info *)kunit_kzalloc(test, sizeof(*ei),
						     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ei);
	ei->vfs_inode.i_sb = sb;
	ei->vfs_inode.i_mode = S_IFREG;
	ei->vfs_inode.i_flags = S_DAX;
	ei->vfs_inode.i_blkbits = sb->s_blocksize_bits;
	i_size_write(&ei->vfs_inode, (loff_t)blocks << sb->s_blocksize_bits);
	ei->i_prealloc_node = RB_ROOT;
	rwlock_init(&ei->i_prealloc_lock);
	ext4_set_inode_flag(&ei->vfs_inode, EXT4_INODE_EXTENTS);
	return &ei->vfs_inode;
}

/* Mark clusters of a group as used. */
static void mbt_dax_use(struct kunit *test, ext4_group_t group,
			ext4_grpblk_t start, ext4_grpblk_t len)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_free_extent ex = {
		.fe_start = start,
		.fe_group = group,
		.fe_len = len,
	};
	struct ext4_buddy e4b;

	KUNIT_ASSERT_EQ(test, ext4_mb_load_buddy_test(sb, group, &e4b), 0);
	ext4_lock_group(sb, group);
	mb_mark_used_test(&e4b, &ex);
	ext4_unlock_group(sb, group);
	ext4_mb_unload_buddy_test(&e4b);
}

static void mbt_dax_free(struct kunit *test, ext4_group_t group,
			 ext4_grpblk_t start, ext4_grpblk_t len)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_buddy e4b;

	KUNIT_ASSERT_EQ(test, ext4_mb_load_buddy_test(sb, group, &e4b), 0);
	ext4_lock_group(sb, group);
	mb_free_blocks_test(NULL, &e4b, start, len);
	ext4_unlock_group(sb, group);
	ext4_mb_unload_buddy_test(&e4b);
}

/* Search, and return the first cluster found or -1. */
static ext4_fsblk_t mbt_dax_search(struct ext4_allocation_context *ac)
{
	ext4_mb_dax_scan_test(ac);
	if (ac->ac_status != AC_STATUS_FOUND)
		return -1;

	folio_put(ac->ac_bitmap_folio);
	folio_put(ac->ac_buddy_folio);
	return ac->ac_b_ex.fe_group * EXT4_CLUSTERS_PER_GROUP(ac->ac_sb) +
	       ac->ac_b_ex.fe_start;
}

/*
 * Search for @len clusters for @inode. Returns the first one or -1, and the number in
 * @found.
 */
static ext4_fsblk_t mbt_dax_scan_for(struct kunit *test, struct inode *inode,
				     enum ext4_mb_dax_choice choice,
				     ext4_grpblk_t len, ext4_grpblk_t *found)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_allocation_context ac = {
		.ac_inode = inode,
		.ac_sb = sb,
		.ac_o_ex = { .fe_group = TEST_GOAL_GROUP, .fe_len = len },
		.ac_g_ex = { .fe_group = TEST_GOAL_GROUP, .fe_len = len },
		.ac_orig_goal_len = len,
		.ac_status = AC_STATUS_CONTINUE,
		.ac_flags = EXT4_MB_HINT_NOPREALLOC,
		.ac_dax = choice,
	};
	ext4_fsblk_t first = mbt_dax_search(&ac);

	*found = ac.ac_b_ex.fe_len;
	return first;
}

static ext4_fsblk_t mbt_dax_scan(struct kunit *test,
				 enum ext4_mb_dax_choice choice,
				 ext4_grpblk_t len, ext4_grpblk_t *found)
{
	return mbt_dax_scan_for(test, mbt_dax_inode(test, 0), choice, len, found);
}

/* The cluster at @offset of chunk @nr of the goal's group. */
static ext4_fsblk_t mbt_dax_at(struct kunit *test, int nr, int offset)
{
	struct super_block *sb = (struct super_block *)test->priv;

	return TEST_GOAL_GROUP * EXT4_CLUSTERS_PER_GROUP(sb) +
	       (nr << (9 - EXT4_SB(sb)->s_cluster_bits)) + offset;
}

/* Mark all of group 0 as used, so that no search finds its blocks first. */
static void mbt_dax_fill_first(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;

	mbt_dax_use(test, 0, 1, EXT4_CLUSTERS_PER_GROUP(sb) - 1);
}

static void test_mb_dax_index(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_group_info *grp = ext4_get_group_info(sb, TEST_GOAL_GROUP);
	ext4_grpblk_t len = mbt_dax_chunks(test), found;
	int chunks = EXT4_CLUSTERS_PER_GROUP(sb) / len;

	mbt_dax_fill_first(test);
	/* use one cluster of a chunk, and one in each of the next two */
	mbt_dax_use(test, TEST_GOAL_GROUP, len + 2, 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, chunks - 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, len - 3);
	mbt_dax_use(test, TEST_GOAL_GROUP, 3 * len - 1, 2);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, chunks - 3);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, len - 1);

	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_long, len - 3 + 2 * (len - 1));

	/* use up the two longest: the next search corrects the index */
	mbt_dax_scan(test, MB_DAX_PARTIAL, len - 1, &found);
	mbt_dax_scan(test, MB_DAX_PARTIAL, len - 1, &found);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, len - 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_long, len - 3);
	mbt_dax_scan(test, MB_DAX_PARTIAL, len - 2, &found);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, len - 3);
	KUNIT_EXPECT_EQ(test, found, len - 3);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_long, 0);

	/* freed clusters join their free neighbours and make chunks whole */
	mbt_dax_free(test, TEST_GOAL_GROUP, len + 2, len - 2);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, chunks - 2);
	mbt_dax_free(test, TEST_GOAL_GROUP, 2 * len, len / 2);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_long, len / 2);
	mbt_dax_free(test, TEST_GOAL_GROUP, 2 * len + len / 2, 3 * len / 2);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, chunks);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_long, 0);
}

/* A group that was read before there was a DAX file is indexed when it changes. */
static void test_mb_dax_index_late(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct ext4_group_info *grp = ext4_get_group_info(sb, TEST_GOAL_GROUP);
	ext4_grpblk_t len = mbt_dax_chunks(test);
	int chunks = EXT4_CLUSTERS_PER_GROUP(sb) / len;

	clear_bit(EXT4_FLAGS_DAX_INODES, &EXT4_SB(sb)->s_ext4_flags);
	mbt_dax_use(test, TEST_GOAL_GROUP, 1, 1);
	mbt_dax_use(test, TEST_GOAL_GROUP, len + 1, 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, 0);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, 0);

	ext4_mb_dax_activate(sb);
	mbt_dax_free(test, TEST_GOAL_GROUP, len + 1, 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_whole, chunks - 1);
	KUNIT_EXPECT_EQ(test, (int)grp->bb_dax_extent, len - 2);
}

static void test_mb_dax_whole(struct kunit *test)
{
	ext4_grpblk_t len = mbt_dax_chunks(test), found;

	/* chunks 1, 3, 4 and all from 6 are whole */
	mbt_dax_use(test, TEST_GOAL_GROUP, len - 1, 1);
	mbt_dax_use(test, TEST_GOAL_GROUP, 2 * len + len / 2, 1);
	mbt_dax_use(test, TEST_GOAL_GROUP, 5 * len, 1);

	/* the shortest run that is long enough, even if it is not the first */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, 2 * len, &found),
			mbt_dax_at(test, 3, 0));
	KUNIT_EXPECT_EQ(test, found, 2 * len);
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, len, &found),
			mbt_dax_at(test, 1, 0));
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, len, &found),
			mbt_dax_at(test, 6, 0));
	KUNIT_EXPECT_EQ(test, found, len);
}

/* The last whole chunk is found wherever it is, and then none. */
static void test_mb_dax_whole_runs_out(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	ext4_grpblk_t len = mbt_dax_chunks(test), found;
	ext4_group_t group, last = ext4_get_groups_count(sb) - 1;
	ext4_grpblk_t i;

	for (group = 0; group <= last; group++)
		for (i = 0; i < EXT4_CLUSTERS_PER_GROUP(sb); i += len)
			if (group < last || i)
				mbt_dax_use(test, group, i + len / 2, 1);

	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, 4 * len, &found),
			last * EXT4_CLUSTERS_PER_GROUP(sb));
	KUNIT_EXPECT_EQ(test, found, len);
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, len, &found), -1);
}

/*
 * Without a whole chunk, part of a range gets the shortest free extent that holds it,
 * and a full range is left to mballoc.c.
 */
static void test_mb_dax_whole_or_partial(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	ext4_grpblk_t len = mbt_dax_chunks(test), found, i;
	ext4_group_t group;

	for (group = 0; group < ext4_get_groups_count(sb); group++)
		for (i = 0; i < EXT4_CLUSTERS_PER_GROUP(sb); i += len)
			mbt_dax_use(test, group, i + 1, len - 2);
	mbt_dax_free(test, TEST_GOAL_GROUP, len + 2, len / 2);
	mbt_dax_free(test, TEST_GOAL_GROUP, 2 * len + 2, len / 4);

	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, len, &found), -1);
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_WHOLE, len / 4, &found),
			mbt_dax_at(test, 2, 2));
	KUNIT_EXPECT_EQ(test, found, len / 4);
}

static void test_mb_dax_partial(struct kunit *test)
{
	ext4_grpblk_t len = mbt_dax_chunks(test), found;
	ext4_grpblk_t quarter = len / 4;

	mbt_dax_fill_first(test);
	/* three quarters of chunk 1 are free, and half of chunk 2 */
	mbt_dax_use(test, TEST_GOAL_GROUP, len, quarter);
	mbt_dax_use(test, TEST_GOAL_GROUP, 2 * len, 2 * quarter);

	/* the shortest extent that is long enough */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_PARTIAL, quarter, &found),
			mbt_dax_at(test, 2, 2 * quarter));
	KUNIT_EXPECT_EQ(test, found, quarter);
	/* an extent of half the request is better than a whole chunk */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_PARTIAL, len, &found),
			mbt_dax_at(test, 1, quarter));
	KUNIT_EXPECT_EQ(test, found, 3 * quarter);
	/* a shorter one is not: the first whole chunk is split */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_PARTIAL, 2 * quarter + 2,
					   &found), mbt_dax_at(test, 0, 0));
	KUNIT_EXPECT_EQ(test, found, 2 * quarter + 2);
	/* the rest of that chunk comes next */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan(test, MB_DAX_PARTIAL, 2 * quarter - 2,
					   &found),
			mbt_dax_at(test, 0, 2 * quarter + 2));
}

/* What leaves a chunk goes to the fullest one that has room, never to a whole one. */
static void test_mb_dax_fuller(struct kunit *test)
{
	ext4_grpblk_t len = mbt_dax_chunks(test), found;
	ext4_grpblk_t quarter = len / 4, eighth = len / 8;
	struct ext4_dax_evacuation evacuation = {
		.chunk = mbt_dax_at(test, 3, 0),
		.used = quarter,
	};
	struct inode *inode = mbt_dax_inode(test, 0);

	inode->i_private = &evacuation;
	mbt_dax_fill_first(test);
	/* chunk 3 is left; 1 and 2 are fuller, 4 is not */
	mbt_dax_use(test, TEST_GOAL_GROUP, len, 3 * quarter);
	mbt_dax_use(test, TEST_GOAL_GROUP, 2 * len, 2 * quarter);
	mbt_dax_use(test, TEST_GOAL_GROUP, 3 * len, quarter);
	mbt_dax_use(test, TEST_GOAL_GROUP, 4 * len, quarter);

	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, eighth, &found),
			mbt_dax_at(test, 1, 3 * quarter));
	KUNIT_EXPECT_EQ(test, found, eighth);
	/* there are eighth clusters left in chunk 1: too few */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, quarter, &found),
			mbt_dax_at(test, 2, 2 * quarter));
	KUNIT_EXPECT_EQ(test, found, quarter);
	/* in two parts; chunks 1 and 2 have none for more than half of it */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, 2 * quarter, &found),
			mbt_dax_at(test, 2, 3 * quarter));
	KUNIT_EXPECT_EQ(test, found, quarter);
	/* not in five */
	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, 4 * eighth + 4, &found),
			(ext4_fsblk_t)-1);
	/* a chunk that is nearly full comes before one in an earlier group */
	mbt_dax_free(test, 0, 0 + len, len / 2);
	mbt_dax_use(test, TEST_GOAL_GROUP, 5 * len, len - 4);
	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, 4, &found),
			mbt_dax_at(test, 5, len - 4));
	KUNIT_EXPECT_EQ(test, mbt_dax_scan_for(test, inode, MB_DAX_FULLER, 4, &found),
			(ext4_fsblk_t)len);
}

/* A request is not split into the single clusters that are free everywhere. */
static void test_mb_dax_no_single_clusters(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	ext4_grpblk_t len = mbt_dax_chunks(test), found, i;

	mbt_dax_fill_first(test);
	for (i = 0; i < EXT4_CLUSTERS_PER_GROUP(sb) - len; i += 2)
		mbt_dax_use(test, TEST_GOAL_GROUP, i, 1);
	mbt_dax_scan(test, MB_DAX_PARTIAL, len - 1, &found);
	KUNIT_EXPECT_EQ(test, found, len - 1);
}

/* The extent comes from the lowest group, wherever the goal is. */
static void test_mb_dax_lowest_group(struct kunit *test)
{
	ext4_grpblk_t len = mbt_dax_chunks(test), found;

	mbt_dax_use(test, 0, len, 1);
	mbt_dax_use(test, TEST_GOAL_GROUP, 0, 1);
	KUNIT_EXPECT_LT(test, mbt_dax_scan(test, MB_DAX_PARTIAL, 1, &found),
			mbt_dax_at(test, 0, 0));
}

/* Allocate for a small file. Returns the first cluster, as mbt_dax_scan() does. */
static ext4_fsblk_t mbt_dax_small(struct kunit *test, struct ext4_locality_group *lg, int clusters)
{
	struct super_block *sb = (struct super_block *)test->priv;
	struct inode *inode = mbt_dax_inode(test, 0);
	struct ext4_allocation_request ar = { .inode = inode };
	struct ext4_allocation_context ac = {
		.ac_inode = inode,
		.ac_sb = sb,
		.ac_status = AC_STATUS_CONTINUE,
		.ac_o_ex = { .fe_len = clusters },
		.ac_flags = EXT4_MB_HINT_DATA | EXT4_MB_HINT_GROUP_ALLOC |
			    EXT4_MB_HINT_NOPREALLOC,
		.ac_lg = lg,
	};
	ext4_fsblk_t first;

	KUNIT_EXPECT_TRUE(test, ext4_mb_dax_choose_test(&ac, &ar));
	first = mbt_dax_search(&ac);
	KUNIT_EXPECT_EQ(test, (int)ac.ac_b_ex.fe_len, clusters);
	return first;
}

/*
 * A small file gets the clusters after the last small one. If they are too few, or in a
 * whole chunk, the shortest free extent is searched as usual.
 */
static void test_mb_dax_small_files(struct kunit *test)
{
	struct ext4_locality_group lg = {};
	ext4_grpblk_t len = mbt_dax_chunks(test);

	mbt_dax_fill_first(test);
	/* chunk 0 has three free clusters, chunk 1 all but one, and chunk 2 is whole */
	mbt_dax_use(test, TEST_GOAL_GROUP, 0, len - 3);
	mbt_dax_use(test, TEST_GOAL_GROUP, len, 1);
	KUNIT_EXPECT_EQ(test, mbt_dax_small(test, &lg, 4), mbt_dax_at(test, 1, 1));
	KUNIT_EXPECT_EQ(test, mbt_dax_small(test, &lg, 1), mbt_dax_at(test, 1, 5));
	/* another CPU takes the next one */
	mbt_dax_use(test, TEST_GOAL_GROUP, len + 6, 1);
	KUNIT_EXPECT_EQ(test, mbt_dax_small(test, &lg, len - 9), mbt_dax_at(test, 1, 7));
	KUNIT_EXPECT_EQ(test, mbt_dax_small(test, &lg, 3), mbt_dax_at(test, 0, len - 3));
	/* where whole chunk 1 follows */
	mbt_dax_free(test, TEST_GOAL_GROUP, len, len - 2);
	mbt_dax_use(test, TEST_GOAL_GROUP, 2 * len, len - 1);
	KUNIT_EXPECT_EQ(test, mbt_dax_small(test, &lg, 1), mbt_dax_at(test, 2, len - 1));
}

/* A request, in quarters of a chunk, and the expected goal. */
struct mbt_dax_choice {
	const char *name;
	/* size of the file, and its blocks: one extent before and one after */
	int size;
	int left, left_at;
	int right, right_at;
	int start, len;
	u32 flags;
	enum ext4_mb_dax_choice choice;
	int goal_start, goal_len;
	int goal_at;	/* where on the device, if not 0 */
	int lost;	/* long free extents, in eighths of their limit */
};

#define MBT_DAX_NONE	-1
#define MBT_DAX_FAR	40	/* place of the file's blocks on the device */

static const struct mbt_dax_choice mbt_dax_choices[] = {
	{ "new file by fallocate, ranges and a part", 0, MBT_DAX_NONE, 0,
	  MBT_DAX_NONE, 0, 0, 10, EXT4_MB_HINT_NOPREALLOC, MB_DAX_WHOLE, 0, 8 },
	{ "new file by fallocate, the part", 8, 7, MBT_DAX_FAR + 7,
	  MBT_DAX_NONE, 0, 8, 3, EXT4_MB_HINT_NOPREALLOC, MB_DAX_PARTIAL, 8, 3 },
	{ "part before ranges", 0, MBT_DAX_NONE, 0, MBT_DAX_NONE, 0,
	  2, 10, EXT4_MB_HINT_NOPREALLOC, MB_DAX_WHOLE, 0, 4 },
	{ "fallocate in steps of half a range", 8, 7, MBT_DAX_FAR + 7,
	  MBT_DAX_NONE, 0, 8, 2, EXT4_MB_HINT_NOPREALLOC, MB_DAX_WHOLE, 8, 4 },
	{ "third range of a file that grows", 8, 7, MBT_DAX_FAR + 2,
	  MBT_DAX_NONE, 0, 8, 1, 0, MB_DAX_WHOLE, 8, 4 },
	{ "new file by a large write", 0, MBT_DAX_NONE, 0, MBT_DAX_NONE, 0,
	  0, 2, 0, MB_DAX_WHOLE, 0, 4 },
	{ "second range of a file that grows", 4, 3, MBT_DAX_FAR + 2,
	  MBT_DAX_NONE, 0, 4, 1, 0, MB_DAX_WHOLE, 4, 4 },
	{ "new file, too much lost", 0, MBT_DAX_NONE, 0, MBT_DAX_NONE, 0,
	  0, 2, 0, MB_DAX_PARTIAL, 0, 3, .lost = 9 },
	{ "second range, too much lost for a first", 4, 3, MBT_DAX_FAR + 2,
	  MBT_DAX_NONE, 0, 4, 1, 0, MB_DAX_WHOLE, 4, 4, .lost = 9 },
	{ "second range, too much lost", 4, 3, MBT_DAX_FAR + 2,
	  MBT_DAX_NONE, 0, 4, 1, 0, MB_DAX_PARTIAL, 4, 2, .lost = 11 },
	{ "fallocate in steps of half a range, too much lost", 8, 7, MBT_DAX_FAR + 7,
	  MBT_DAX_NONE, 0, 8, 2, EXT4_MB_HINT_NOPREALLOC, MB_DAX_PARTIAL, 8, 2,
	  .lost = 9 },
	{ "range inside the file", 40, MBT_DAX_NONE, 0, MBT_DAX_NONE, 0,
	  9, 1, 0, MB_DAX_WHOLE, 8, 4 },
	{ "range inside the file, by fallocate", 40, MBT_DAX_NONE, 0,
	  MBT_DAX_NONE, 0, 9, 1, EXT4_MB_HINT_NOPREALLOC, MB_DAX_WHOLE, 8, 4 },
	{ "continues its chunk", 1, 0, MBT_DAX_FAR, MBT_DAX_NONE, 0,
	  1, 1, 0, MB_DAX_KEEP, 1, 3 },
	{ "continues its chunk up to other blocks", 40, 8, MBT_DAX_FAR, 11,
	  MBT_DAX_FAR + 3, 9, 1, 0, MB_DAX_KEEP, 9, 2 },
	{ "continues its chunk backwards", 40, MBT_DAX_NONE, 0, 10,
	  MBT_DAX_FAR + 2, 9, 1, 0, MB_DAX_KEEP, 9, 1 },
	{ "continues its chunk backwards, with blocks in another", 40, 7,
	  MBT_DAX_FAR + 19, 10, MBT_DAX_FAR + 2, 9, 1, 0, MB_DAX_KEEP, 9, 1,
	  MBT_DAX_FAR + 1 },
	{ "continues its chunk by fallocate", 40, 8, MBT_DAX_FAR, MBT_DAX_NONE,
	  0, 9, 1, EXT4_MB_HINT_NOPREALLOC, MB_DAX_KEEP, 9, 1 },
	{ "misaligned in its range", 1, 0, MBT_DAX_FAR + 1, MBT_DAX_NONE, 0,
	  1, 1, 0, MB_DAX_PARTIAL, 1, 2 },
	{ "misaligned, next to other blocks", 40, 8, MBT_DAX_FAR + 1, 10,
	  MBT_DAX_FAR + 9, 9, 1, 0, MB_DAX_PARTIAL, 9, 1 },
};

static void test_mb_dax_choose(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	ext4_lblk_t unit = EXT4_C2B(EXT4_SB(sb), mbt_dax_chunks(test)) / 4;
	int clusters = EXT4_B2C(EXT4_SB(sb), unit), i;
	s64 most = EXT4_B2C(EXT4_SB(sb), ext4_blocks_count(EXT4_SB(sb)->s_es)) >> 6;
	s64 limit = max(most, 8 * 4 * clusters);

	for (i = 0; i < ARRAY_SIZE(mbt_dax_choices); i++) {
		const struct mbt_dax_choice *c = &mbt_dax_choices[i];
		struct inode *inode = mbt_dax_inode(test, c->size * unit);
		struct ext4_allocation_request ar = { .inode = inode };
		struct ext4_allocation_context ac = {
			.ac_inode = inode,
			.ac_sb = sb,
			.ac_o_ex = {
				.fe_logical = c->start * unit,
				.fe_len = c->len * clusters,
			},
			.ac_flags = EXT4_MB_HINT_DATA | c->flags,
		};

		/* extents of one block, next to the boundary of their quarter */
		if (c->left != MBT_DAX_NONE) {
			ar.lleft = (c->left + 1) * unit - 1;
			ar.pleft = (c->left_at + 1) * unit - 1;
		}
		if (c->right != MBT_DAX_NONE) {
			ar.lright = c->right * unit;
			ar.pright = c->right_at * unit;
		}
		ac.ac_g_ex = ac.ac_o_ex;
		atomic64_set(&EXT4_SB(sb)->s_mb_dax_long, c->lost * limit / 8);

		KUNIT_EXPECT_TRUE_MSG(test, ext4_mb_dax_choose_test(&ac, &ar), "%s",
				      c->name);
		KUNIT_EXPECT_EQ_MSG(test, (int)ac.ac_dax, (int)c->choice, "%s",
				    c->name);
		KUNIT_EXPECT_EQ_MSG(test, ac.ac_g_ex.fe_logical,
				    c->goal_start * unit, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, ac.ac_g_ex.fe_len,
				    c->goal_len * clusters, "%s", c->name);
		if (c->goal_at)
			KUNIT_EXPECT_EQ_MSG(test, ext4_grp_offs_to_block(sb, &ac.ac_g_ex),
					    (ext4_fsblk_t)c->goal_at * unit, "%s", c->name);
	}
}

/* Requests are left alone without a DAX file, and with mb_dax_pmd=0. */
static void test_mb_dax_off(struct kunit *test)
{
	struct super_block *sb = (struct super_block *)test->priv;
	ext4_grpblk_t len = mbt_dax_chunks(test);
	struct ext4_allocation_request ar = {
		.inode = mbt_dax_inode(test, 0),
	};
	struct ext4_allocation_context ac = {
		.ac_inode = ar.inode,
		.ac_sb = sb,
		.ac_o_ex = { .fe_len = len },
		.ac_g_ex = { .fe_len = len },
		.ac_flags = EXT4_MB_HINT_DATA,
	};

	clear_bit(EXT4_FLAGS_DAX_INODES, &EXT4_SB(sb)->s_ext4_flags);
	KUNIT_EXPECT_FALSE(test, ext4_mb_dax_choose_test(&ac, &ar));
	ext4_mb_dax_activate(sb);
	EXT4_SB(sb)->s_mb_dax_pmd = 0;
	KUNIT_EXPECT_FALSE(test, ext4_mb_dax_choose_test(&ac, &ar));
	KUNIT_EXPECT_EQ(test, (int)ac.ac_dax, (int)MB_DAX_NONE);
	EXT4_SB(sb)->s_mb_dax_pmd = 1;
	KUNIT_EXPECT_TRUE(test, ext4_mb_dax_choose_test(&ac, &ar));
}

static struct kunit_case mbt_dax_test_cases[] = {
	KUNIT_CASE_PARAM(test_mb_dax_index, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_index_late, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_whole, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_whole_runs_out, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_whole_or_partial, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_partial, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_fuller, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_no_single_clusters, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_lowest_group, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_small_files, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_choose, mbt_layouts_gen_params),
	KUNIT_CASE_PARAM(test_mb_dax_off, mbt_layouts_gen_params),
	{}
};

static struct kunit_suite mbt_dax_test_suite = {
	.name = "ext4_mballoc_dax_test",
	.init = mbt_kunit_init,
	.exit = mbt_kunit_exit,
	.test_cases = mbt_dax_test_cases,
};

kunit_test_suites(&mbt_dax_test_suite);
