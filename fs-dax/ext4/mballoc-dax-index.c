// SPDX-License-Identifier: GPL-2.0
/*
 * Index of a filesystem's free space by PMD-aligned chunks, for mballoc-dax.c.
 *
 * For each group it has the number of whole chunks (bb_dax_whole), the length of the
 * longest free extent in a partial chunk (bb_dax_extent), and the number of clusters
 * in long ones (bb_dax_long). They change together with the group's buddy, under the
 * group lock. bb_dax_extent is an upper bound: an allocation may shorten the longest
 * extent, and the next search of the bitmap corrects the value. (It is too low if
 * memory for the index was short, or if a search has skipped the metadata chunk.)
 * A free extent is at most one chunk long.
 *
 * s_mb_dax_groups lists the groups by the order of bb_dax_extent; its last array, of
 * order s_mb_dax_order, lists those with whole chunks. s_mb_dax_long is the sum of
 * bb_dax_long. A group is indexed when its bitmap is read or, if the filesystem had no
 * DAX inode then, when its free space is searched or changes.
 */

#include "ext4.h"
#include "mballoc.h"

/* A long free extent has 3/8 of a chunk or more. About 1/64 of all space may be in them. */
#define MB_DAX_LONG(chunk_len)	(3 * (chunk_len) / 8)
#define MB_DAX_LONG_SHIFT	6

/* A lookup checks at most this many groups whose extent may be too short. */
#define MB_DAX_MAX_GROUPS	64

/* Count the contiguous free clusters that end before @end, down to @start. */
static ext4_grpblk_t mb_dax_run_before(void *bitmap, ext4_grpblk_t start,
				       ext4_grpblk_t end)
{
	ext4_grpblk_t i = end;

	while (i > start && !ext4_test_bit(i - 1, bitmap))
		i--;
	return end - i;
}

/*
 * Move a group from one array of the index to another; -1 is none. Called under the
 * group lock, so allocations must not sleep. If one fails, the group is listed when
 * more of it becomes free. Returns whether it is in @to.
 */
static bool mb_dax_move(struct super_block *sb, struct ext4_group_info *grp,
			int from, int to)
{
	struct xarray *groups = EXT4_SB(sb)->s_mb_dax_groups;

	if (from == to)
		return true;
	if (from >= 0)
		xa_erase(&groups[from], grp->bb_group);
	return to < 0 || !xa_insert(&groups[to], grp->bb_group, grp, GFP_ATOMIC);
}

/**
 * ext4_mb_dax_set_extent() - set the longest free extent in a group's partial chunks
 * @sb: the filesystem
 * @grp: the group, locked by ext4_lock_group()
 * @len: in clusters, 0 if there is none
 *
 * Context: Called under the group lock, so it does not sleep. Takes the xa_lock of the
 * index.
 */
void ext4_mb_dax_set_extent(struct super_block *sb, struct ext4_group_info *grp,
			    ext4_grpblk_t len)
{
	if (!mb_dax_move(sb, grp, fls(grp->bb_dax_extent) - 1, fls(len) - 1))
		len = 0;
	WRITE_ONCE(grp->bb_dax_extent, len);
}

/* Add to the whole chunks, and to the clusters in long extents of partial ones. */
static void mb_dax_add(struct super_block *sb, struct ext4_group_info *grp,
		       int whole, int longs)
{
	struct ext4_sb_info *sbi = EXT4_SB(sb);
	int order = sbi->s_mb_dax_order;

	/* a group that could not be listed does not count */
	whole = max(whole, -(int)grp->bb_dax_whole);
	if (!whole && !longs)
		return;
	if (!mb_dax_move(sb, grp, grp->bb_dax_whole ? order : -1,
			 grp->bb_dax_whole + whole > 0 ? order : -1))
		whole = -grp->bb_dax_whole;
	WRITE_ONCE(grp->bb_dax_whole, grp->bb_dax_whole + whole);
	grp->bb_dax_long += longs;
	atomic64_add(longs, &sbi->s_mb_dax_long);
}

/* How many of @len contiguous free clusters count as a long extent: all or none. */
static int mb_dax_long(ext4_grpblk_t len, ext4_grpblk_t chunk_len)
{
	return len >= MB_DAX_LONG(chunk_len) && len < chunk_len ? len : 0;
}

/**
 * ext4_mb_dax_index() - index the free space of a group
 * @sb: the filesystem; nothing is done if it has no DAX file
 * @grp: the group, locked by ext4_lock_group(), whose buddy is being generated
 * @bitmap: clusters in use, preallocated ones included
 *
 * Context: Called under the group lock, so it does not sleep. Takes the xa_lock of the
 * index.
 */
void ext4_mb_dax_index(struct super_block *sb, struct ext4_group_info *grp,
		       void *bitmap)
{
	ext4_grpblk_t max = EXT4_CLUSTERS_PER_GROUP(sb), i, run, len, longest = 0;
	int whole = 0, longs = 0;

	if (!ext4_mb_dax_active(sb))
		return;

	len = mb_dax_len(sb);
	for (i = ext4_find_next_zero_bit(bitmap, max, 0); i < max;
	     i = ext4_find_next_zero_bit(bitmap, max, i + run)) {
		run = mb_dax_run(bitmap, i, round_down(i, len) + len);
		whole += run == len;
		longs += mb_dax_long(run, len);
		if (run < len)
			longest = max(longest, run);
	}
	mb_dax_add(sb, grp, whole - grp->bb_dax_whole, longs - grp->bb_dax_long);
	ext4_mb_dax_set_extent(sb, grp, longest);
	set_bit(EXT4_GROUP_INFO_DAX_INDEXED_BIT, &grp->bb_state);
}

/**
 * ext4_mb_dax_update() - update the index of a group
 * @e4b: the group, locked by ext4_lock_group(); its bitmap has the new state
 * @start: first cluster whose state has changed
 * @count: how many have, one at least
 * @used: true if they are in use now, false if they were freed
 *
 * Context: Called under the group lock, so it does not sleep. Takes the xa_lock of the
 * index.
 */
void ext4_mb_dax_update(struct ext4_buddy *e4b, ext4_grpblk_t start,
			ext4_grpblk_t count, bool used)
{
	ext4_grpblk_t end = start + count, longest = 0, len, chunk, from, to;
	ext4_grpblk_t left, right, all;
	struct super_block *sb = e4b->bd_sb;
	struct ext4_group_info *grp = e4b->bd_info;
	int whole = 0, longs = 0;

	if (!ext4_mb_dax_active(sb))
		return;
	if (!test_bit(EXT4_GROUP_INFO_DAX_INDEXED_BIT, &grp->bb_state)) {
		ext4_mb_dax_index(sb, grp, e4b->bd_bitmap);
		return;
	}

	len = mb_dax_len(sb);
	for (chunk = round_down(start, len); chunk < end; chunk += len) {
		from = max(start, chunk);
		to = min(end, chunk + len);
		/* they form, or formed, one extent with the free clusters around them */
		left = mb_dax_run_before(e4b->bd_bitmap, chunk, from);
		right = mb_dax_run(e4b->bd_bitmap, to, chunk + len);
		all = left + to - from + right;
		whole += all == len;
		longs += mb_dax_long(all, len) - mb_dax_long(left, len) -
			 mb_dax_long(right, len);
		if (used)
			longest = max3(longest, left, right);
		else if (all < len)
			longest = max(longest, all);
	}
	mb_dax_add(sb, grp, used ? -whole : whole, used ? -longs : longs);
	if (longest > grp->bb_dax_extent)
		ext4_mb_dax_set_extent(sb, grp, longest);
}

/**
 * ext4_mb_dax_forget() - take a group with a corrupt bitmap out of the index
 * @sb: the filesystem
 * @grp: the group, locked by ext4_lock_group()
 *
 * Context: Called under the group lock, so it does not sleep. Takes the xa_lock of the
 * index.
 */
void ext4_mb_dax_forget(struct super_block *sb, struct ext4_group_info *grp)
{
	mb_dax_add(sb, grp, -grp->bb_dax_whole, -grp->bb_dax_long);
	ext4_mb_dax_set_extent(sb, grp, 0);
}

/**
 * ext4_mb_dax_next_group() - find a group to allocate from
 * @sb: the filesystem
 * @whole: look for whole chunks, or for a free extent in a partial one
 * @need: clusters of whole chunks, or in that extent
 * @start: first group to look at
 * @end: first group not to look at
 *
 * Context: No lock is needed; the group may have changed when it is locked.
 * Return: the lowest group that may have the space. For requests above a quarter of a
 * chunk: the group whose longest extent fits most tightly. NULL if there is none.
 */
struct ext4_group_info *ext4_mb_dax_next_group(struct super_block *sb, bool whole,
					       ext4_grpblk_t need,
					       unsigned long start,
					       unsigned long end)
{
	struct ext4_sb_info *sbi = EXT4_SB(sb);
	struct ext4_group_info *grp, *best = NULL;
	int order = sbi->s_mb_dax_order, i, left;
	bool fit = !whole && need > mb_dax_len(sb) / 4;
	ext4_grpblk_t have, least = 0;
	unsigned long group;

	for (i = whole ? order : ilog2(need); i < order + whole && start < end; i++) {
		if (xa_empty(&sbi->s_mb_dax_groups[i]))
			continue;
		left = MB_DAX_MAX_GROUPS;
		/* groups of the first array may have less than needed */
		xa_for_each_range(&sbi->s_mb_dax_groups[i], group, grp, start, end - 1) {
			have = whole ? READ_ONCE(grp->bb_dax_whole) << order :
				       READ_ONCE(grp->bb_dax_extent);
			if (have >= need && (!fit || !best || have < least)) {
				best = grp;
				least = have;
			}
			if (best == grp && !fit)
				end = group;
			if (!--left || (best && !fit))
				break;
		}
		if (best && fit)
			break;
	}
	return best;
}

/**
 * ext4_mb_dax_may_split() - may one more chunk become partial?
 * @sb: the filesystem
 * @range: 0 for the first PMD range of a file, 1 for the second
 *
 * The first ranges of files keep the sum near its limit. A second range may exceed it by a
 * quarter: that file is more likely to fill its chunk than one that has just begun.
 *
 * Context: Any context. No lock is needed; the sum may change at any time.
 * Return: true if no more than 1/64 of the filesystem is in long free extents of partial
 * chunks, or 8 chunks; for a second range, a quarter more.
 */
bool ext4_mb_dax_may_split(struct super_block *sb, u32 range)
{
	struct ext4_sb_info *sbi = EXT4_SB(sb);
	s64 most = EXT4_B2C(sbi, ext4_blocks_count(sbi->s_es)) >> MB_DAX_LONG_SHIFT;

	most = max(most, 8 * mb_dax_len(sb));
	return atomic64_read(&sbi->s_mb_dax_long) <= most + range * most / 4;
}
