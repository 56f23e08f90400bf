// SPDX-License-Identifier: GPL-2.0
/*
 * EXT4_IOC_DAX_PLACE: move parts of a DAX file so that free space, or the file, gets whole
 * PMD-aligned chunks.
 *
 * EXT4_DAX_EVACUATE takes the blocks of the file out of partial chunks, to fuller ones, so
 * that a chunk of which little is in use becomes whole. EXT4_DAX_COLLAPSE gives PMD ranges
 * of the file, of which blocks are scattered, a whole chunk each.
 *
 * The new blocks belong to a nameless inode at first, a donor for ext4_dax_move_extents(),
 * which then has the old blocks, and whose deletion frees them. It is on the orphan list
 * meanwhile, so a crash leaks nothing. A fast commit must not have an inode without a name,
 * because its replay could not read it.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/quotaops.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ext4.h"
#include "ext4_jbd2.h"

/* A donor for blocks of @inode, on the orphan list. */
static struct inode *ext4_dax_new_donor(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	uid_t owner[2] = { i_uid_read(inode), i_gid_read(inode) };
	struct inode *donor;
	handle_t *handle;
	int err;

	donor = ext4_new_inode_start_handle(&nop_mnt_idmap, d_inode(sb->s_root),
					    S_IFREG, NULL, inode->i_ino, owner,
					    EXT4_HT_MIGRATE,
					    EXT4_MAXQUOTAS_INIT_BLOCKS(sb) + 4 +
					    EXT4_XATTR_TRANS_BLOCKS);
	handle = ext4_journal_current_handle();
	if (IS_ERR(donor)) {
		if (handle)
			ext4_journal_stop(handle);
		return donor;
	}
	ext4_fc_mark_ineligible(sb, EXT4_FC_REASON_MOVE_EXT, handle);
	clear_nlink(donor);
	donor->i_op = &ext4_file_inode_operations;
	donor->i_fop = &ext4_file_operations;
	ext4_clear_inode_state(donor, EXT4_STATE_MAY_INLINE_DATA);
	ext4_set_inode_flag(donor, EXT4_INODE_DAX);
	if (!IS_DAX(donor))
		ext4_set_inode_flags(donor, true);
	ext4_set_aops(donor);
	/* not a small file, whose blocks go elsewhere */
	i_size_write(donor, sb->s_maxbytes);
	err = ext4_orphan_add(handle, donor);
	if (!err)
		err = ext4_mark_inode_dirty(handle, donor);
	if (!err && !IS_DAX(donor))
		err = -EOPNOTSUPP;
	unlock_new_inode(donor);
	ext4_journal_stop(handle);
	if (err) {
		iput(donor);
		return ERR_PTR(err);
	}
	return donor;
}

/* Give blocks to the donor, unwritten ones, as many as there are in a row. */
static int ext4_dax_allocate(struct inode *donor, struct ext4_map_blocks *map)
{
	handle_t *handle;
	int err, stop;

	handle = ext4_journal_start(donor, EXT4_HT_MAP_BLOCKS,
				    ext4_chunk_trans_blocks(donor, map->m_len));
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ext4_fc_mark_ineligible(donor->i_sb, EXT4_FC_REASON_MOVE_EXT, handle);
	err = ext4_map_blocks(handle, donor, map,
			      EXT4_GET_BLOCKS_CREATE_UNWRIT_EXT |
			      EXT4_GET_BLOCKS_NO_NORMALIZE);
	ext4_update_inode_fsync_trans(handle, donor, 1);
	stop = ext4_journal_stop(handle);
	return err < 0 ? err : stop;
}

static bool ext4_dax_has_blocks(const struct ext4_map_blocks *map)
{
	return map->m_flags & (EXT4_MAP_MAPPED | EXT4_MAP_UNWRITTEN);
}

/* Give the donor blocks in fuller chunks, for one extent of the file in one chunk. */
static int ext4_dax_prepare_piece(struct inode *inode, struct inode *donor,
				  struct ext4_map_blocks *from)
{
	struct ext4_map_blocks to = { .m_lblk = from->m_lblk };
	struct ext4_dax_evacuation evacuation;
	ext4_lblk_t len = from->m_len;
	int err;

	err = ext4_mb_dax_evacuation(inode->i_sb, from->m_pblk, &len, &evacuation);
	from->m_len = len;
	/* the allocator looks for it */
	donor->i_private = &evacuation;
	for (; !err && len; len -= to.m_len, to.m_lblk += to.m_len) {
		to.m_len = len;
		err = ext4_dax_allocate(donor, &to);
	}
	donor->i_private = NULL;
	return err;
}

/*
 * Give the donor blocks in fuller chunks for all of the range. Pieces for which there are
 * none stay where they are; -ENOSPC is returned then.
 */
static int ext4_dax_prepare_evacuation(struct inode *inode, struct inode *donor,
				       ext4_lblk_t lblk, ext4_lblk_t end)
{
	struct ext4_map_blocks from;
	int err, result = 0;

	for (; lblk < end; lblk += from.m_len) {
		from = (struct ext4_map_blocks){ .m_lblk = lblk, .m_len = end - lblk };
		err = ext4_map_blocks(NULL, inode, &from, 0);
		if (err < 0)
			return err;
		if (!ext4_dax_has_blocks(&from))
			continue;
		err = ext4_dax_prepare_piece(inode, donor, &from);
		if (err == -ENOSPC)
			result = err;
		else if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return result;
}

/* Whether a PMD range of the file has blocks, and they are not at their places in a chunk. */
static int ext4_dax_needs_chunk(struct inode *inode, ext4_lblk_t lblk, ext4_lblk_t len)
{
	struct ext4_map_blocks map;
	ext4_fsblk_t chunk = 0;
	ext4_lblk_t at;
	int err;

	for (at = 0; at < len; at += map.m_len) {
		map = (struct ext4_map_blocks){ .m_lblk = lblk + at, .m_len = len - at };
		err = ext4_map_blocks(NULL, inode, &map, 0);
		if (err < 0)
			return err;
		if (!ext4_dax_has_blocks(&map))
			continue;
		if (map.m_pblk < at || (chunk && map.m_pblk - at != chunk) ||
		    !ext4_mb_dax_is_chunk(inode->i_sb, map.m_pblk - at, len))
			return 1;
		chunk = map.m_pblk - at;
	}
	return 0;
}

/*
 * Give the donor a whole chunk for each PMD range of the file that needs one. @end becomes
 * the start of a range for which there is none.
 */
static int ext4_dax_prepare_collapse(struct inode *inode, struct inode *donor,
				     ext4_lblk_t lblk, ext4_lblk_t *end)
{
	ext4_lblk_t len = PMD_SIZE >> inode->i_blkbits;
	struct ext4_map_blocks to;
	int err;

	for (; lblk < *end; lblk += len) {
		err = ext4_dax_needs_chunk(inode, lblk, len);
		if (err < 0)
			return err;
		if (!err)
			continue;
		to = (struct ext4_map_blocks){ .m_lblk = lblk, .m_len = len };
		err = ext4_dax_allocate(donor, &to);
		/* no chunk was whole, or the quota has shortened the request */
		if (!err && !ext4_mb_dax_is_chunk(inode->i_sb, to.m_pblk, to.m_len))
			err = -ENOSPC;
		if (err == -ENOSPC)
			*end = lblk;
		if (err)
			return err;
	}
	return 0;
}

static int ext4_dax_check_file(struct inode *inode)
{
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	/* no swap file has DAX, no file of the filesystem's own, none with verity or encryption */
	if (!IS_DAX(inode) || !ext4_test_inode_flag(inode, EXT4_INODE_EXTENTS) ||
	    ext4_has_feature_bigalloc(inode->i_sb) || !EXT4_SB(inode->i_sb)->s_journal ||
	    !ext4_mb_dax_enabled(inode->i_sb))
		return -EOPNOTSUPP;
	return 0;
}

/* One step: what is moved with one donor, one commit, and without others between. */
static int ext4_dax_place_step(struct inode *inode, u32 how, ext4_lblk_t lblk,
			       ext4_lblk_t end, __u64 *moved)
{
	struct inode *donor = ext4_dax_new_donor(inode);
	int err, result = 0;

	if (IS_ERR(donor))
		return PTR_ERR(donor);
	lock_two_nondirectories(inode, donor);
	err = ext4_dax_check_file(inode);
	if (!err) {
		inode_dio_wait(inode);
		if (how == EXT4_DAX_COLLAPSE)
			err = ext4_dax_prepare_collapse(inode, donor, lblk, &end);
		else
			err = ext4_dax_prepare_evacuation(inode, donor, lblk, end);
	}
	/* move what has got blocks */
	if (err == -ENOSPC) {
		result = err;
		err = 0;
	}
	if (!err && lblk < end && donor->i_blocks)
		err = ext4_dax_move_extents(inode, donor, lblk, lblk, end - lblk, moved);
	unlock_two_nondirectories(inode, donor);
	/* the last reference: the blocks that it has are free after the next commit */
	iput(donor);
	return err ?: result;
}

/* How many blocks from @lblk on are a hole. */
static int ext4_dax_hole(struct inode *inode, ext4_lblk_t lblk, ext4_lblk_t end,
			 ext4_lblk_t *hole)
{
	struct ext4_map_blocks map = { .m_lblk = lblk, .m_len = end - lblk };
	int err = ext4_map_blocks(NULL, inode, &map, 0);

	*hole = ext4_dax_has_blocks(&map) ? 0 : map.m_len;
	return min(err, 0);
}

static int ext4_dax_place(struct file *filp, struct ext4_dax_place *args)
{
	struct inode *inode = file_inode(filp);
	u64 mask = args->how == EXT4_DAX_COLLAPSE ? PMD_SIZE - 1 : i_blocksize(inode) - 1;
	u64 end = args->start + args->len;
	ext4_lblk_t step = EXT4_DAX_MOVE_STEP >> inode->i_blkbits, lblk, last, to, hole;
	int err, result = 0;
	__u64 moved;

	args->moved = 0;
	if (args->how > EXT4_DAX_COLLAPSE || args->reserved || !args->len ||
	    end < args->start || end > inode->i_sb->s_maxbytes ||
	    (args->start | args->len) & mask)
		return -EINVAL;
	err = ext4_dax_check_file(inode);
	if (err)
		return err;

	last = end >> inode->i_blkbits;
	for (lblk = args->start >> inode->i_blkbits; lblk < last; lblk = to) {
		to = min(last, round_down(lblk, step) + step);
		err = ext4_dax_hole(inode, lblk, last, &hole);
		if (err)
			return err;
		if (hole) {
			/* to the start of a PMD range that may be moved whole */
			to = round_down(lblk + hole, PMD_SIZE >> inode->i_blkbits);
			if (lblk + hole == last)
				to = last;
			if (to > lblk)
				continue;
			to = min(last, round_down(lblk, step) + step);
		}
		err = mnt_want_write_file(filp);
		if (err)
			return err;
		moved = 0;
		err = ext4_dax_place_step(inode, args->how, lblk, to, &moved);
		mnt_drop_write_file(filp);
		args->moved += moved << inode->i_blkbits;
		if (err == -ENOSPC && args->how == EXT4_DAX_EVACUATE)
			result = err;
		else if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return result;
}

/**
 * ext4_ioctl_dax_place - EXT4_IOC_DAX_PLACE
 * @filp: the file, open for writing
 * @arg: what to do; its member moved is set, also after an error
 *
 * Context: May sleep. Takes the inode lock, and what ext4_dax_move_extents() takes.
 * Return: 0, or
 * * %-EBADF	- the file is not open for writing
 * * %-EFAULT	- @arg is no address
 * * %-EINVAL	- a member of @arg is out of range or not aligned, or it is no regular file
 * * %-EOPNOTSUPP - the file has no DAX or no extents, or the filesystem no journal, clusters
 *		  of several blocks, or mb_dax_pmd=0
 * * %-EBUSY	- a page is pinned in a PMD range of what is to be moved
 * * %-EINTR	- a signal kills the task
 * * %-ENOSPC	- no fuller chunk has room for a part of the range, or no chunk is whole
 * * %-EDQUOT	- the owner's quota has no room for one inode more, or for the blocks, which
 *		  exist twice for a moment; they count for the project of the root directory
 * * another errno of mnt_want_write_file() or ext4_dax_move_extents()
 */
int ext4_ioctl_dax_place(struct file *filp, struct ext4_dax_place __user *arg)
{
	struct ext4_dax_place args;
	int err;

	if (!(filp->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	err = ext4_dax_place(filp, &args);
	if (put_user(args.moved, &arg->moved))
		err = -EFAULT;
	return err;
}
