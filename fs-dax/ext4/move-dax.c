// SPDX-License-Identifier: GPL-2.0
/*
 * Move the data of a DAX file to the blocks of another one, while programs map it.
 *
 * A DAX file has no copy of its data elsewhere: a mapping points at the blocks. So nobody
 * may have a mapping or a pin while the data is copied and the blocks are exchanged.
 * ext4_move_extents() holds the locks of both inodes and has waited for direct I/O, which
 * excludes read() and write(). The invalidate_locks, held exclusively, exclude page faults.
 * Then, for each file:
 *
 * - dax_layout_busy_page_range() unmaps the range and looks for pins. A pin may last for
 *   ever, so it ends the move with -EBUSY.
 * - Dirty entries are written back, and all entries are deleted. An entry of 2 MiB can
 *   extend beyond the range, so both is done for whole PMD ranges.
 *
 * Data is copied to blocks that are still unwritten blocks of the donor, so that nobody
 * can read them there, and written back from the CPU caches. The exchange of the extents
 * is one transaction. A crash before its commit finds the old blocks, with the old data,
 * and a crash after it the new ones.
 *
 * The donor gets the old blocks, as unwritten ones. Stores to either file before the commit
 * would be wrong after a crash: those to the file would be in blocks that it does not have,
 * and those to the donor in the blocks of the file. So the locks are held until the
 * commit is durable, and files without a journal are not moved.
 */
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/khugepaged.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ext4.h"
#include "ext4_extents.h"
#include "ext4_jbd2.h"

/* The most that one transaction moves. */
#define EXT4_DAX_MOVE_MAX(inode)	(PMD_SIZE >> (inode)->i_blkbits)

/* How often to look for a pin: munmap() gives up a page a little later than its mapping. */
#define EXT4_DAX_MOVE_LOOKS	5

/* Unmap a range of a file and delete its entries; the caller excludes new ones. */
static int ext4_dax_detach(struct inode *inode, ext4_lblk_t lblk, ext4_lblk_t len)
{
	struct address_space *mapping = inode->i_mapping;
	loff_t start = round_down((loff_t)lblk << inode->i_blkbits, PMD_SIZE);
	loff_t end = round_up(((loff_t)lblk + len) << inode->i_blkbits, PMD_SIZE) - 1;
	int looks = 1, err;

	while (dax_layout_busy_page_range(mapping, start, end)) {
		if (looks++ == EXT4_DAX_MOVE_LOOKS)
			return -EBUSY;
		usleep_range(1000, 2000);
	}
	/* an fsync() may be at work on the same entries: this waits for those it has locked */
	err = filemap_fdatawrite_range(mapping, start, end);
	if (!err)
		dax_delete_mapping_range(mapping, start, end);
	return err;
}

/* Let a PMD map what is moved whole: an empty page table would be in its place. */
static void ext4_dax_retract(struct inode *inode, ext4_lblk_t lblk, ext4_lblk_t len)
{
	loff_t start = round_up((loff_t)lblk << inode->i_blkbits, PMD_SIZE);
	loff_t end = round_down(((loff_t)lblk + len) << inode->i_blkbits, PMD_SIZE);

	for (; start < end; start += PMD_SIZE)
		retract_page_tables(inode->i_mapping, start >> PAGE_SHIFT);
}

/* The address of a block, and in @blocks how many follow it there. */
static int ext4_dax_address(struct super_block *sb, ext4_fsblk_t block,
			    unsigned int *blocks, void **addr)
{
	struct ext4_sb_info *sbi = EXT4_SB(sb);
	u64 offset = (block << sb->s_blocksize_bits) + sbi->s_dax_part_off;
	long pages;

	pages = dax_direct_access(sbi->s_daxdev, PHYS_PFN(offset), *blocks,
				  DAX_ACCESS, addr, NULL);
	if (pages <= 0)
		return pages == -EHWPOISON || !pages ? -EIO : (int)pages;
	*blocks = min_t(u64, *blocks, pages);
	return 0;
}

/*
 * Copy blocks so that they are durable. Poison in the source is -EIO; so is known poison in
 * the destination. DAX has blocks of PAGE_SIZE.
 */
static int ext4_dax_copy_blocks(struct super_block *sb, ext4_fsblk_t to,
				ext4_fsblk_t from, unsigned int len)
{
	struct dax_device *dax_dev = EXT4_SB(sb)->s_daxdev;
	void *source, *target;
	unsigned int blocks;
	int id, err = 0;

	id = dax_read_lock();
	for (; len && !err; len -= blocks, from += blocks, to += blocks) {
		size_t bytes;

		blocks = len;
		err = ext4_dax_address(sb, from, &blocks, &source);
		if (!err)
			err = ext4_dax_address(sb, to, &blocks, &target);
		if (err)
			break;
		bytes = (size_t)blocks << sb->s_blocksize_bits;
		if (copy_mc_to_kernel(target, source, bytes))
			err = -EIO;
		else
			dax_flush(dax_dev, target, bytes);
	}
	dax_read_unlock(id);
	/* the commit, on another CPU, must not come before the write-back */
	wmb();
	/* where a write-back is not enough, as on virtio_pmem */
	if (!err && !dax_synchronous(dax_dev))
		err = blkdev_issue_flush(sb->s_bdev);
	return err;
}

/* What is to be moved, in blocks. */
struct ext4_dax_move {
	struct inode *orig;
	struct inode *donor;
	ext4_lblk_t orig_blk;
	ext4_lblk_t donor_blk;
	ext4_lblk_t len;
};

static int ext4_dax_swap(const struct ext4_dax_move *move, __u64 *moved)
{
	struct inode *orig = move->orig, *donor = move->donor;
	handle_t *handle;
	int err = 0, stop;

	/* the extent of each file may be split at both ends */
	handle = ext4_journal_start(orig, EXT4_HT_MOVE_EXTENTS,
				    4 * ext4_chunk_trans_blocks(orig, 1));
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ext4_fc_mark_ineligible(orig->i_sb, EXT4_FC_REASON_MOVE_EXT, handle);

	ext4_double_down_write_data_sem(orig, donor);
	*moved = ext4_swap_extents(handle, orig, donor, move->orig_blk,
				   move->donor_blk, move->len, 1, &err);
	ext4_double_up_write_data_sem(orig, donor);
	/* both extents were there */
	if (WARN_ON_ONCE(!err && *moved != move->len))
		err = -EIO;

	ext4_update_inode_fsync_trans(handle, orig, 1);
	ext4_update_inode_fsync_trans(handle, donor, 1);
	stop = ext4_journal_stop(handle);
	return err ?: stop;
}

/* Move the start of the range, as far as one extent of each file goes, or skip it. */
static int ext4_dax_move_some(struct ext4_dax_move *move, __u64 *moved)
{
	struct ext4_map_blocks from = {
		.m_lblk	= move->orig_blk,
		.m_len	= min_t(u64, move->len, EXT4_DAX_MOVE_MAX(move->orig)),
	};
	struct ext4_map_blocks to = { .m_lblk = move->donor_blk };
	int retries = 0, err;

	*moved = 0;
	err = ext4_map_blocks(NULL, move->orig, &from, 0);
	if (err < 0)
		return err;
	to.m_len = from.m_len;
	err = ext4_map_blocks(NULL, move->donor, &to, 0);
	if (err < 0)
		return err;
	move->len = to.m_len;

	if (!(from.m_flags & (EXT4_MAP_MAPPED | EXT4_MAP_UNWRITTEN)) ||
	    !(to.m_flags & (EXT4_MAP_MAPPED | EXT4_MAP_UNWRITTEN)))
		return 0;
	if (to.m_flags & EXT4_MAP_MAPPED)
		return -EINVAL;

	if (from.m_flags & EXT4_MAP_MAPPED) {
		err = ext4_dax_copy_blocks(move->orig->i_sb, to.m_pblk,
					   from.m_pblk, move->len);
		if (err)
			return err;
	}
	/* a block for the extent tree may be free after the next commit */
	do
		err = ext4_dax_swap(move, moved);
	while (err == -ENOSPC && !*moved &&
	       ext4_should_retry_alloc(move->orig->i_sb, &retries));
	return err;
}

/* Preallocations continue blocks that were moved; faults use them under i_data_sem. */
static void ext4_dax_discard(struct inode *inode)
{
	down_write(&EXT4_I(inode)->i_data_sem);
	ext4_discard_preallocations(inode);
	up_write(&EXT4_I(inode)->i_data_sem);
}

/**
 * ext4_dax_move_extents - move the data of a DAX file to the blocks of another one
 * @orig: the file
 * @donor: the other file, whose blocks in the range are unwritten
 * @orig_blk: start of the range in @orig, in blocks
 * @donor_blk: start of the range in @donor, in blocks
 * @len: length of the range in blocks, inside both files
 * @moved_len: how many blocks were moved, also after an error
 *
 * Holes of either file are skipped. What was moved is durable.
 *
 * Context: May sleep. The filesystem has a journal. The caller holds the inode locks of
 *          both files, and direct I/O has ended. Takes both invalidate_locks, and
 *          i_data_sem of both in a transaction.
 * Return: 0, or
 * * %-EBUSY	- a page is pinned in the PMD ranges of either file that the range is in
 * * %-EINVAL	- a block of @donor is written
 * * %-EIO	- memory of the range is poisoned, or dirty memory of these PMD ranges
 * * %-EINTR	- a signal kills the task
 * * %-ENOSPC	- there is no block for an extent tree
 * * another errno of the journal, or of a change of the extents
 */
int ext4_dax_move_extents(struct inode *orig, struct inode *donor,
			  ext4_lblk_t orig_blk, ext4_lblk_t donor_blk,
			  ext4_lblk_t len, __u64 *moved_len)
{
	struct ext4_dax_move move = {
		.orig		= orig,
		.donor		= donor,
		.orig_blk	= orig_blk,
		.donor_blk	= donor_blk,
	};
	ext4_lblk_t done = 0;
	__u64 moved;
	int err, commit;

	*moved_len = 0;
	filemap_invalidate_lock_two(orig->i_mapping, donor->i_mapping);
	err = ext4_dax_detach(orig, orig_blk, len);
	if (!err)
		err = ext4_dax_detach(donor, donor_blk, len);
	if (!err)
		ext4_dax_retract(orig, orig_blk, len);
	while (!err && done < len) {
		move.orig_blk = orig_blk + done;
		move.donor_blk = donor_blk + done;
		move.len = len - done;
		err = ext4_dax_move_some(&move, &moved);
		*moved_len += moved;
		done += move.len;
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	if (*moved_len) {
		commit = jbd2_complete_transaction(EXT4_SB(orig->i_sb)->s_journal,
						   EXT4_I(orig)->i_datasync_tid);
		err = err ?: commit;
		ext4_dax_discard(orig);
		ext4_dax_discard(donor);
	}
	filemap_invalidate_unlock_two(orig->i_mapping, donor->i_mapping);
	return err;
}
