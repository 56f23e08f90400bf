// SPDX-License-Identifier: GPL-2.0
/*
 * Placement of DAX files for 2 MiB pages.
 *
 * fs/dax.c maps a PMD range of a file, 2 MiB at a multiple of 2 MiB, with one
 * page table entry if its blocks are a PMD-aligned chunk: 2 MiB of memory at a
 * multiple of 2 MiB, in order. A chunk is whole when all of its clusters are
 * free, and partial when only some of them are.
 *
 * The rule (ext4_mb_dax_choose()): a PMD range gets a whole chunk to itself if it ends
 * within the file or if the file has two ranges before it. The last range of a shorter
 * file gets one while partial chunks have little free space, or a little more for a
 * second range. A block has the same offset in the chunk as in the range. All else gets
 * free extents in partial chunks: small files, and the end of what fallocate() makes.
 *
 * - The chunk of a range is an inode preallocation, which keeps the part that the
 *   file has not used yet from others. Closing the file releases it as usual, and
 *   the unused part becomes a free extent in a partial chunk.
 *
 * - A range that has blocks already continues beside them if that can complete a
 *   chunk. Otherwise no PMD entry can map it, and the rest goes to partial chunks.
 *
 * - An allocation from partial chunks takes a free extent that is long enough but
 *   not much longer, in a low group, so that chunks in higher groups become whole
 *   as files are deleted. If there is none, it takes an extent that holds half of
 *   the request, and otherwise splits a whole chunk. A small file goes after the
 *   last small file of this CPU while there is room.
 *
 * - Directories, extent blocks and xattrs fill one chunk after the other.
 *
 * - Compaction (compact-dax.c) takes blocks out of a chunk to a fuller one.
 */

#include "ext4.h"
#include "mballoc.h"

#define MB_DAX_MAX_BITMAPS	8	/* bitmaps per search */
#define MB_DAX_MAX_CHUNKS	16	/* further chunks per cluster of the goal */

/* A chunk of which so much is in use is a good place for what leaves another one. */
#define MB_DAX_FULL(chunk_len)	(7 * (chunk_len) / 8)

/* The first cluster of the chunk at @i of a group. */
static u64 mb_dax_chunk(struct super_block *sb, ext4_group_t group, ext4_grpblk_t i)
{
	return (u64)group * EXT4_CLUSTERS_PER_GROUP(sb) + round_down(i, mb_dax_len(sb));
}

/* Is @i of a group in the metadata chunk? s_mb_dax_meta is 0 if there is none. */
static bool mb_dax_is_meta(struct super_block *sb, ext4_group_t group, ext4_grpblk_t i)
{
	u64 chunk = READ_ONCE(EXT4_SB(sb)->s_mb_dax_meta);

	return chunk && chunk == mb_dax_chunk(sb, group, i);
}

/* Take @len clusters at @start of a locked group, at most the length of the goal. */
static void mb_dax_take(struct ext4_allocation_context *ac, struct ext4_buddy *e4b,
			ext4_grpblk_t start, ext4_grpblk_t len)
{
	/* a shorter preallocation must still begin with the request */
	if (ac->ac_dax != MB_DAX_WHOLE && len < ac->ac_g_ex.fe_len && len >= ac->ac_o_ex.fe_len) {
		ac->ac_g_ex.fe_len = len;
		ac->ac_orig_goal_len = len;
	}
	ac->ac_found++;
	ac->ac_b_ex.fe_group = e4b->bd_group;
	ac->ac_b_ex.fe_start = start;
	ac->ac_b_ex.fe_len = len;
	if (ac->ac_dax == MB_DAX_META)
		WRITE_ONCE(EXT4_SB(ac->ac_sb)->s_mb_dax_meta,
			   mb_dax_chunk(ac->ac_sb, e4b->bd_group, start));
	ext4_mb_use_best_found(ac, e4b);
	if (ac->ac_flags & EXT4_MB_HINT_GROUP_ALLOC)
		ac->ac_lg->lg_dax_next = ext4_grp_offs_to_block(ac->ac_sb, &ac->ac_b_ex) +
					 EXT4_C2B(EXT4_SB(ac->ac_sb), ac->ac_b_ex.fe_len);
}

/* Functions that take @need clusters or more from a locked group, or nothing. */
typedef void (*mb_dax_take_fn)(struct ext4_allocation_context *ac,
			       struct ext4_buddy *e4b, ext4_grpblk_t need);

/* The shortest run of whole chunks that is long enough, or the longest one. */
static void mb_dax_take_whole(struct ext4_allocation_context *ac,
			      struct ext4_buddy *e4b, ext4_grpblk_t need)
{
	ext4_grpblk_t max = EXT4_CLUSTERS_PER_GROUP(ac->ac_sb);
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb), want = ac->ac_g_ex.fe_len;
	ext4_grpblk_t best = 0, start = 0, i, run;

	for (i = 0; i < max && best != want; i += max(run, len)) {
		run = round_down(mb_dax_run(e4b->bd_bitmap, i, max), len);
		if (best < want ? run > best : run >= want && run < best) {
			best = run;
			start = i;
		}
	}
	if (best >= need)
		mb_dax_take(ac, e4b, start, best);
}

/* The shortest free extent in a partial chunk that is long enough, or the longest. */
static void mb_dax_take_partial(struct ext4_allocation_context *ac,
				struct ext4_buddy *e4b, ext4_grpblk_t need)
{
	struct ext4_group_info *grp = e4b->bd_info;
	ext4_grpblk_t max = EXT4_CLUSTERS_PER_GROUP(ac->ac_sb);
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb), best = 0, start = 0, i, run;
	/* none is longer, so the search may end at the first of that length */
	ext4_grpblk_t want = min_t(ext4_grpblk_t, ac->ac_g_ex.fe_len, grp->bb_dax_extent);

	i = ext4_find_next_zero_bit(e4b->bd_bitmap, max, grp->bb_first_free);
	grp->bb_first_free = i;
	for (; i < max && best != want;
	     i = ext4_find_next_zero_bit(e4b->bd_bitmap, max, i + run)) {
		run = mb_dax_run(e4b->bd_bitmap, i, round_down(i, len) + len);
		if (run < len && (best < want ? run > best : run >= want && run < best) &&
		    !mb_dax_is_meta(ac->ac_sb, e4b->bd_group, i)) {
			best = run;
			start = i;
			if (best >= want)
				max = min(max, i + MB_DAX_MAX_CHUNKS * want * len);
		}
	}
	if (best < want)
		ext4_mb_dax_set_extent(ac->ac_sb, grp, best);
	if (best && best >= need)
		mb_dax_take(ac, e4b, start, best);
}

/* How many clusters of a chunk of a locked group are in use, preallocated ones included. */
static ext4_grpblk_t mb_dax_used(struct super_block *sb, struct ext4_buddy *e4b,
				 ext4_grpblk_t i)
{
	ext4_grpblk_t len = mb_dax_len(sb);

	return memweight((u8 *)e4b->bd_bitmap + round_down(i, len) / BITS_PER_BYTE,
			 len / BITS_PER_BYTE);
}

/* A free extent that is long enough, in the fullest chunk that is fuller than the floor. */
static void mb_dax_take_fuller(struct ext4_allocation_context *ac,
			       struct ext4_buddy *e4b, ext4_grpblk_t need)
{
	const struct ext4_dax_evacuation *evacuation =
		(const struct ext4_dax_evacuation *)ac->ac_inode->i_private;
	ext4_grpblk_t max = EXT4_CLUSTERS_PER_GROUP(ac->ac_sb);
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb), best = 0, start = 0, i, run, used;
	ext4_grpblk_t fullest = evacuation->floor;

	for (i = ext4_find_next_zero_bit(e4b->bd_bitmap, max, 0); i < max;
	     i = ext4_find_next_zero_bit(e4b->bd_bitmap, max, i + run)) {
		run = mb_dax_run(e4b->bd_bitmap, i, round_down(i, len) + len);
		if (run < need || mb_dax_is_meta(ac->ac_sb, e4b->bd_group, i) ||
		    mb_dax_chunk(ac->ac_sb, e4b->bd_group, i) == evacuation->chunk)
			continue;
		used = mb_dax_used(ac->ac_sb, e4b, i);
		if (used > fullest) {
			fullest = used;
			best = run;
			start = i;
		}
	}
	if (best)
		mb_dax_take(ac, e4b, start, min(best, ac->ac_g_ex.fe_len));
}

/*
 * Free space at the goal: whole chunks, or the blocks of one chunk that continue the
 * file's own blocks, or that follow its last ones in a partial chunk.
 */
static void mb_dax_take_goal(struct ext4_allocation_context *ac,
			     struct ext4_buddy *e4b, ext4_grpblk_t need)
{
	ext4_grpblk_t start = ac->ac_g_ex.fe_start, len = mb_dax_len(ac->ac_sb);
	ext4_grpblk_t chunk = round_down(start, len), end, free;

	/* other CPUs may allocate small files there, too */
	if (ac->ac_flags & EXT4_MB_HINT_GROUP_ALLOC)
		start = ext4_find_next_zero_bit(e4b->bd_bitmap, chunk + len, start);
	end = ac->ac_dax == MB_DAX_WHOLE ? EXT4_CLUSTERS_PER_GROUP(ac->ac_sb) : chunk + len;
	free = mb_dax_run(e4b->bd_bitmap, start, min(end, start + ac->ac_g_ex.fe_len));
	if (ac->ac_dax == MB_DAX_WHOLE)
		free = start == chunk ? round_down(free, len) : 0;
	else if (ac->ac_dax == MB_DAX_PARTIAL &&
		 (mb_dax_run(e4b->bd_bitmap, chunk, chunk + len) == len ||
		  mb_dax_is_meta(ac->ac_sb, e4b->bd_group, chunk)))
		free = 0;
	if (free && free >= need)
		mb_dax_take(ac, e4b, start, free);
}

/* The first free extent in the metadata chunk that holds the request. */
static void mb_dax_take_meta(struct ext4_allocation_context *ac,
			     struct ext4_buddy *e4b, ext4_grpblk_t need)
{
	u64 chunk = READ_ONCE(EXT4_SB(ac->ac_sb)->s_mb_dax_meta);
	ext4_grpblk_t i, end, run;

	i = chunk - mb_dax_chunk(ac->ac_sb, e4b->bd_group, 0);
	end = i + mb_dax_len(ac->ac_sb);
	/* another task may have chosen another chunk meanwhile */
	if (i < 0 || end > EXT4_CLUSTERS_PER_GROUP(ac->ac_sb))
		return;
	for (i = ext4_find_next_zero_bit(e4b->bd_bitmap, end, i);
	     i < end && ac->ac_status == AC_STATUS_CONTINUE;
	     i = ext4_find_next_zero_bit(e4b->bd_bitmap, end, i + run)) {
		run = mb_dax_run(e4b->bd_bitmap, i, end);
		if (run >= need)
			mb_dax_take(ac, e4b, i, need);
	}
}

/*
 * Try to take from a group. Without @wait, skip it if another task holds its lock: this
 * spreads CPUs over groups. Returns whether it was skipped.
 */
static bool mb_dax_try_group(struct ext4_allocation_context *ac, ext4_group_t group,
			     mb_dax_take_fn take, ext4_grpblk_t need, bool wait)
{
	struct super_block *sb = ac->ac_sb;
	struct ext4_buddy e4b;
	bool busy = false;
	int err;

	ac->ac_groups_scanned++;
	err = ext4_mb_load_buddy(sb, group, &e4b);
	if (err) {
		ac->ac_first_err = ac->ac_first_err ?: err;
		return false;
	}

	if (wait) {
		ext4_lock_group(sb, group);
	} else if (!ext4_try_lock_group(sb, group)) {
		busy = true;
		goto unload;
	}
	if (!test_bit(EXT4_GROUP_INFO_DAX_INDEXED_BIT, &e4b.bd_info->bb_state))
		ext4_mb_dax_index(sb, e4b.bd_info, e4b.bd_bitmap);
	if (likely(!EXT4_MB_GRP_BBITMAP_CORRUPT(e4b.bd_info)))
		take(ac, &e4b, need);
	else
		ext4_mb_dax_forget(sb, e4b.bd_info);
	ext4_unlock_group(sb, group);
unload:
	ext4_mb_unload_buddy(&e4b);
	return busy;
}

static void mb_dax_try_goal(struct ext4_allocation_context *ac, ext4_grpblk_t need)
{
	if (ac->ac_flags & EXT4_MB_HINT_TRY_GOAL)
		mb_dax_try_group(ac, ac->ac_g_ex.fe_group, mb_dax_take_goal, need,
				 !(ac->ac_flags & EXT4_MB_HINT_GROUP_ALLOC));
}

/* Take @need clusters or more in the first group from @start to @end that has them. */
static void mb_dax_scan_groups(struct ext4_allocation_context *ac, bool whole,
			       ext4_grpblk_t need, ext4_group_t start, ext4_group_t end)
{
	mb_dax_take_fn take = whole ? mb_dax_take_whole : mb_dax_take_partial;
	bool busy = false, wait = false;
	int left = MB_DAX_MAX_BITMAPS;
	ext4_group_t group = start;
	struct ext4_group_info *grp;

	while (ac->ac_status == AC_STATUS_CONTINUE) {
		grp = left ? ext4_mb_dax_next_group(ac->ac_sb, whole, need, group, end) : NULL;
		if (grp) {
			busy |= mb_dax_try_group(ac, grp->bb_group, take, need, wait);
			/* if it had less than indexed, it is not found again */
			group = busy ? grp->bb_group + 1 : start;
			left--;
		} else if (busy && !wait) {
			wait = true;
			group = start;
			left = MB_DAX_MAX_BITMAPS;
		} else {
			return;
		}
	}
}

/* Groups are not indexed until they are read: read the next ones, at most @left. */
static void mb_dax_scan_cold(struct ext4_allocation_context *ac,
			     mb_dax_take_fn take, ext4_grpblk_t need, int left)
{
	ext4_group_t *cold = &EXT4_SB(ac->ac_sb)->s_mb_dax_cold;
	ext4_group_t ngroups = ext4_get_allocation_groups_count(ac), group;
	struct ext4_group_info *grp;

	for (group = READ_ONCE(*cold); group < ngroups && left &&
	     ac->ac_status == AC_STATUS_CONTINUE; group++) {
		grp = ext4_get_group_info(ac->ac_sb, group);
		if (!grp || !READ_ONCE(grp->bb_free) || EXT4_MB_GRP_BBITMAP_CORRUPT(grp) ||
		    test_bit(EXT4_GROUP_INFO_DAX_INDEXED_BIT, &grp->bb_state))
			continue;
		mb_dax_try_group(ac, group, take, need, true);
		left--;
	}
	WRITE_ONCE(*cold, group);
}

static void mb_dax_count(struct ext4_allocation_context *ac, int partial)
{
	struct ext4_sb_info *sbi = EXT4_SB(ac->ac_sb);

	if (sbi->s_mb_stats)
		atomic64_inc(ac->ac_status == AC_STATUS_FOUND ?
			     &sbi->s_bal_dax_hits[partial] : &sbi->s_bal_dax_misses[partial]);
}

static void mb_dax_find_whole(struct ext4_allocation_context *ac)
{
	ext4_group_t group = ac->ac_g_ex.fe_group, ngroups = ext4_get_allocation_groups_count(ac);
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb);

	mb_dax_try_goal(ac, len);
	if (ac->ac_g_ex.fe_len > len)
		mb_dax_scan_groups(ac, true, ac->ac_g_ex.fe_len, group, ngroups);
	mb_dax_scan_groups(ac, true, len, group, ngroups);
	mb_dax_scan_groups(ac, true, len, 0, group);
	mb_dax_scan_cold(ac, mb_dax_take_whole, len, 4 * MB_DAX_MAX_BITMAPS);
	mb_dax_count(ac, 0);
}

static void mb_dax_find_partial(struct ext4_allocation_context *ac)
{
	ext4_group_t ngroups = ext4_get_allocation_groups_count(ac);
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb);
	ext4_grpblk_t need = min(ac->ac_o_ex.fe_len, len - 1);

	mb_dax_try_goal(ac, ac->ac_o_ex.fe_len);
	mb_dax_scan_groups(ac, false, need, 0, ngroups);
	mb_dax_scan_groups(ac, false, DIV_ROUND_UP(need, 2), 0, ngroups);
	mb_dax_scan_cold(ac, mb_dax_take_partial, DIV_ROUND_UP(need, 2), MB_DAX_MAX_BITMAPS);
	mb_dax_count(ac, 1);
	mb_dax_scan_groups(ac, true, len, 0, ngroups);
}

/* Compaction may look at all groups, from the first on, so that the last become free. */
static void mb_dax_scan_fuller(struct ext4_allocation_context *ac, ext4_grpblk_t need)
{
	ext4_group_t ngroups = ext4_get_allocation_groups_count(ac), group;
	struct ext4_group_info *grp;

	for (group = 0; group < ngroups && ac->ac_status == AC_STATUS_CONTINUE; group++) {
		grp = ext4_get_group_info(ac->ac_sb, group);
		if (!grp || !READ_ONCE(grp->bb_free) || EXT4_MB_GRP_BBITMAP_CORRUPT(grp) ||
		    (test_bit(EXT4_GROUP_INFO_DAX_INDEXED_BIT, &grp->bb_state) &&
		     READ_ONCE(grp->bb_dax_extent) < need))
			continue;
		mb_dax_try_group(ac, group, mb_dax_take_fuller, need, true);
		cond_resched();
	}
}

/* In as few parts as can be, four at most, and rather in a full chunk. */
static void mb_dax_find_fuller(struct ext4_allocation_context *ac)
{
	struct ext4_dax_evacuation *evacuation =
		(struct ext4_dax_evacuation *)ac->ac_inode->i_private;
	ext4_grpblk_t len = mb_dax_len(ac->ac_sb);
	ext4_grpblk_t need = min(ac->ac_o_ex.fe_len, len - 1), least = DIV_ROUND_UP(need, 4);

	for (; need >= least && ac->ac_status == AC_STATUS_CONTINUE; need /= 2) {
		evacuation->floor = max(evacuation->used, MB_DAX_FULL(len));
		mb_dax_scan_fuller(ac, need);
		evacuation->floor = evacuation->used;
		mb_dax_scan_fuller(ac, need);
	}
}

static void mb_dax_find_meta(struct ext4_allocation_context *ac)
{
	ext4_group_t ngroups = ext4_get_allocation_groups_count(ac);
	u64 chunk = READ_ONCE(EXT4_SB(ac->ac_sb)->s_mb_dax_meta);

	if (chunk)
		mb_dax_try_group(ac, div_u64(chunk, EXT4_CLUSTERS_PER_GROUP(ac->ac_sb)),
				 mb_dax_take_meta, ac->ac_o_ex.fe_len, true);
	mb_dax_scan_groups(ac, true, mb_dax_len(ac->ac_sb), 0, ngroups);
}

/* Set the goal to the file's blocks from @start to @end, at least to the request. */
static void mb_dax_set_goal(struct ext4_allocation_context *ac, int choice,
			    ext4_lblk_t start, loff_t end)
{
	ext4_grpblk_t len = EXT4_B2C(EXT4_SB(ac->ac_sb), end - start);

	ac->ac_dax = choice;
	ac->ac_g_ex.fe_logical = start;
	ac->ac_g_ex.fe_len = max(len, ac->ac_o_ex.fe_len);
	ac->ac_orig_goal_len = ac->ac_g_ex.fe_len;
}

/* The end of a goal in partial chunks: the file may double, within limits. */
static loff_t mb_dax_end(struct ext4_allocation_context *ac)
{
	ext4_lblk_t len = EXT4_C2B(EXT4_SB(ac->ac_sb), mb_dax_len(ac->ac_sb));
	loff_t end = extent_logical_end(EXT4_SB(ac->ac_sb), &ac->ac_o_ex);

	return ac->ac_flags & EXT4_MB_HINT_NOPREALLOC ? end :
		min3(2 * end, end + len / 4, round_up(end, len));
}

/**
 * ext4_mb_dax_scan() - look for blocks where ext4_mb_dax_choose() wants them
 * @ac: the request; if ac_status is not AC_STATUS_FOUND then, mballoc.c takes over,
 *      but not for MB_DAX_FULLER
 *
 * Context: May sleep, to read bitmaps. Takes locks of groups.
 */
void ext4_mb_dax_scan(struct ext4_allocation_context *ac)
{
	if (ac->ac_dax == MB_DAX_NONE)
		return;
	if (ac->ac_g_ex.fe_group >= ext4_get_allocation_groups_count(ac))
		ac->ac_g_ex.fe_group = 0;

	if (ac->ac_dax == MB_DAX_FULLER) {
		mb_dax_find_fuller(ac);
		return;
	}
	if (ac->ac_dax == MB_DAX_KEEP)
		mb_dax_try_goal(ac, 1);
	else if (ac->ac_dax == MB_DAX_META)
		mb_dax_find_meta(ac);
	else if (ac->ac_dax == MB_DAX_WHOLE)
		mb_dax_find_whole(ac);
	/* if no whole chunk was found, mballoc.c places requests for full ranges */
	if (ac->ac_status == AC_STATUS_FOUND ||
	    (ac->ac_dax == MB_DAX_WHOLE && ac->ac_o_ex.fe_len >= mb_dax_len(ac->ac_sb)))
		return;
	if (ac->ac_dax != MB_DAX_PARTIAL) {
		mb_dax_set_goal(ac, MB_DAX_PARTIAL, ac->ac_o_ex.fe_logical,
				min(extent_logical_end(EXT4_SB(ac->ac_sb), &ac->ac_g_ex),
				    mb_dax_end(ac)));
		ac->ac_flags &= ~EXT4_MB_HINT_TRY_GOAL;
	}
	mb_dax_find_partial(ac);
}

/* Set the goal's place, unless @block is none of the filesystem's. */
static void mb_dax_set_goal_block(struct ext4_allocation_context *ac, s64 block)
{
	if (block <= 0 || block >= ext4_blocks_count(EXT4_SB(ac->ac_sb)->s_es))
		return;
	ext4_get_group_no_and_offset(ac->ac_sb, block, &ac->ac_g_ex.fe_group,
				     &ac->ac_g_ex.fe_start);
	ac->ac_flags |= EXT4_MB_HINT_TRY_GOAL;
}

/* Set it as far from the file's blocks on one side as in the file. */
static void mb_dax_set_goal_beside(struct ext4_allocation_context *ac,
				   struct ext4_allocation_request *ar, bool left)
{
	s64 block = left ? ar->pleft - ar->lleft : ar->pright - ar->lright;

	if (left ? ar->pleft : ar->pright)
		mb_dax_set_goal_block(ac, block + ac->ac_g_ex.fe_logical);
}

/* Does PMD range @range of the file, which has no block yet, get a chunk? */
static bool mb_dax_wants_chunk(struct ext4_allocation_context *ac, u32 range)
{
	struct ext4_sb_info *sbi = EXT4_SB(ac->ac_sb);
	ext4_lblk_t len = EXT4_C2B(sbi, mb_dax_len(ac->ac_sb));
	loff_t size = DIV_ROUND_UP_ULL(i_size_read(ac->ac_inode), i_blocksize(ac->ac_inode));

	if ((range + 1ULL) * len <= max(size, extent_logical_end(sbi, &ac->ac_o_ex)))
		return true;
	/* expect the file to end where fallocate() does, unless it allocates half a chunk */
	if (ac->ac_flags & EXT4_MB_HINT_NOPREALLOC)
		return 2 * ac->ac_o_ex.fe_len == mb_dax_len(ac->ac_sb) &&
		       ext4_mb_dax_may_split(ac->ac_sb, 0);
	return range >= 2 || ext4_mb_dax_may_split(ac->ac_sb, range);
}

/* A small file that has or gets a chunk of its own leaves the locality group. */
static bool mb_dax_leave_group(struct ext4_allocation_context *ac,
			       struct ext4_allocation_request *ar)
{
	ext4_lblk_t len = EXT4_C2B(EXT4_SB(ac->ac_sb), mb_dax_len(ac->ac_sb));

	if (ar->pleft ? (ar->pleft - ar->lleft) & (len - 1) :
			ar->pright || (ac->ac_flags & EXT4_MB_HINT_NOPREALLOC) ||
			!ext4_mb_dax_may_split(ac->ac_sb, 0))
		return false;
	ac->ac_flags &= ~EXT4_MB_HINT_GROUP_ALLOC;
	ac->ac_flags |= EXT4_MB_STREAM_ALLOC;
	mutex_unlock(&ac->ac_lg->lg_mutex);
	return true;
}

/**
 * ext4_mb_dax_choose() - decide where in chunks a request belongs
 * @ac: the request, initialized; its goal is set, and ac_dax for ext4_mb_dax_scan()
 * @ar: what the caller asked for, with the file's blocks to the left and right
 *
 * Context: i_data_sem of the inode is held for writing if the request is for data.
 * Return: true if the goal is final, false if it is to be normalized as usual.
 */
bool ext4_mb_dax_choose(struct ext4_allocation_context *ac,
			struct ext4_allocation_request *ar)
{
	struct ext4_sb_info *sbi = EXT4_SB(ac->ac_sb);
	struct ext4_free_extent *ex = &ac->ac_o_ex;
	ext4_lblk_t len, start, from, logical = ex->fe_logical;
	bool extents, dax, left, right, aligned;
	loff_t end, to;

	/* compaction goes on if the placement is switched off meanwhile */
	if (ac->ac_inode->i_private && (ac->ac_flags & EXT4_MB_HINT_DATA)) {
		mb_dax_set_goal(ac, MB_DAX_FULLER, logical, extent_logical_end(sbi, ex));
		return true;
	}
	if (!ext4_mb_dax_enabled(ac->ac_sb) || (ac->ac_flags & EXT4_MB_HINT_GOAL_ONLY))
		return false;

	extents = ext4_test_inode_flag(ac->ac_inode, EXT4_INODE_EXTENTS);
	mb_dax_set_goal(ac, MB_DAX_PARTIAL, logical, extent_logical_end(sbi, ex));
	if (!(ac->ac_flags & EXT4_MB_HINT_DATA)) {
		/* without extents, an inode cannot use blocks in all groups */
		if (extents)
			ac->ac_dax = MB_DAX_META;
		return true;
	}
	dax = IS_DAX(ac->ac_inode) && extents;
	if ((ac->ac_flags & EXT4_MB_HINT_GROUP_ALLOC) && !(dax && mb_dax_leave_group(ac, ar))) {
		mb_dax_set_goal_block(ac, ac->ac_lg->lg_dax_next);
		return true;
	}
	if (!dax) {
		/* no PMD maps it, so mballoc.c places it */
		ac->ac_dax = MB_DAX_NONE;
		return false;
	}

	len = EXT4_C2B(sbi, mb_dax_len(ac->ac_sb));
	start = round_down(logical, len);
	end = (loff_t)start + len;
	if (logical == start && extent_logical_end(sbi, ex) >= end) {
		ex->fe_len = round_down(ex->fe_len, mb_dax_len(ac->ac_sb));
		mb_dax_set_goal(ac, MB_DAX_WHOLE, start, extent_logical_end(sbi, ex));
		mb_dax_set_goal_beside(ac, ar, ar->pleft);
		return true;
	}

	/* part of a range: cut it, so that the next request begins with the next range */
	ex->fe_len = min_t(loff_t, ex->fe_len, EXT4_NUM_B2C(sbi, end - logical));
	mb_dax_set_goal(ac, MB_DAX_PARTIAL, logical, extent_logical_end(sbi, ex));

	left = ar->pleft && ar->lleft >= start;
	right = ar->pright && ar->lright < end;
	from = start;
	to = end;
	if (!left && !right && mb_dax_wants_chunk(ac, start / len)) {
		ext4_mb_pa_adjust_overlap(ac, &from, &to);
		/* unless a preallocation has a part of the range elsewhere */
		if (from == start && to == end) {
			mb_dax_set_goal(ac, MB_DAX_WHOLE, start, end);
			mb_dax_set_goal_beside(ac, ar, ar->pleft);
			return true;
		}
	}

	aligned = left ? !((ar->pleft - ar->lleft) & (len - 1)) :
		  right && !((ar->pright - ar->lright) & (len - 1));
	if (aligned)
		ac->ac_dax = MB_DAX_KEEP;
	if (aligned || (ar->pleft && ar->lleft + 1 == logical))
		mb_dax_set_goal_beside(ac, ar, left || !aligned);
	if (ac->ac_flags & EXT4_MB_HINT_NOPREALLOC)
		return true;

	/* preallocate the rest of the range in its chunk, or as much as the file has */
	to = aligned ? end : mb_dax_end(ac);
	to = ar->pright ? min_t(loff_t, to, ar->lright) : to;
	from = logical;
	ext4_mb_pa_adjust_overlap(ac, &from, &to);
	mb_dax_set_goal(ac, ac->ac_dax, logical, to);
	return true;
}

/**
 * ext4_mb_dax_evacuation() - prepare taking blocks out of a chunk
 * @sb: the filesystem, which has no clusters of several blocks
 * @block: the first block to be taken out
 * @len: number of blocks; is set to those that are in the chunk of the first
 * @evacuation: is set, for the i_private of the inode that gets other blocks
 *
 * Context: May sleep, to read a bitmap. Takes the lock of the group.
 * Return: 0, or
 * * %-ENOSPC	- no other chunk can be fuller and have room
 * * another errno of reading the bitmap
 */
int ext4_mb_dax_evacuation(struct super_block *sb, ext4_fsblk_t block,
			   ext4_lblk_t *len, struct ext4_dax_evacuation *evacuation)
{
	struct ext4_buddy e4b;
	ext4_group_t group;
	ext4_grpblk_t i;
	int err;

	ext4_get_group_no_and_offset(sb, block, &group, &i);
	err = ext4_mb_load_buddy(sb, group, &e4b);
	if (err)
		return err;
	ext4_lock_group(sb, group);
	evacuation->used = mb_dax_used(sb, &e4b, i);
	ext4_unlock_group(sb, group);
	ext4_mb_unload_buddy(&e4b);
	evacuation->chunk = mb_dax_chunk(sb, group, i);
	*len = min_t(ext4_lblk_t, *len, round_down(i, mb_dax_len(sb)) + mb_dax_len(sb) - i);
	return evacuation->used + 1 < mb_dax_len(sb) ? 0 : -ENOSPC;
}

/**
 * ext4_mb_dax_is_chunk() - whether blocks are those of a chunk
 * @sb: the filesystem, which has no clusters of several blocks
 * @block: the first block
 * @len: number of blocks
 *
 * Context: Any.
 * Return: true if a PMD can map them
 */
bool ext4_mb_dax_is_chunk(struct super_block *sb, ext4_fsblk_t block, ext4_lblk_t len)
{
	ext4_group_t group;
	ext4_grpblk_t i;

	ext4_get_group_no_and_offset(sb, block, &group, &i);
	return len == mb_dax_len(sb) && IS_ALIGNED(i, len);
}
