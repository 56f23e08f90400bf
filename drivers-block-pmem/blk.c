// SPDX-License-Identifier: GPL-2.0
/*
 * The block device: bios in, memory copies out.
 */
#include <linux/backing-dev.h>
#include <linux/bio.h>
#include <linux/bvec.h>
#include <linux/hdreg.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "pmem.h"

/*
 * Zeroing takes time. This much at once lets a signal, or another program, in
 * between; it is also how large a bio of zeroes or of discards may be.
 */
#define PMEM_ZERO_MAX	SZ_32M

/* And this much is as quick as any other I/O. */
#define PMEM_ZERO_NOWAIT	SZ_64K

static blk_status_t pmem_copy_bio(struct pmem_device *pmem, struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bvec;

	/*
	 * Whole bvecs, not their pages one by one: both sides of the copy are
	 * in the linear map, where neighbours are neighbours.
	 */
	bio_for_each_bvec(bvec, bio, iter) {
		u64 offset = (u64)iter.bi_sector << SECTOR_SHIFT;

		if (op_is_write(bio_op(bio)))
			pmem_write(pmem, offset, bvec_virt(&bvec), bvec.bv_len);
		else if (pmem_read(pmem, offset, bvec_virt(&bvec), bvec.bv_len))
			return BLK_STS_IOERR;
	}
	return BLK_STS_OK;
}

static blk_status_t pmem_do_bio(struct pmem_device *pmem, struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		return pmem_copy_bio(pmem, bio);
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		pmem_zero(pmem, (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT,
			  bio->bi_iter.bi_size);
		return BLK_STS_OK;
	default:
		return BLK_STS_NOTSUPP;
	}
}

/* Zeroing much takes as long as a wait would. */
static int pmem_takes_long(struct bio *bio)
{
	return !bio_has_data(bio) &&
	       bio->bi_iter.bi_size > PMEM_ZERO_NOWAIT;
}

static void pmem_submit_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	int account = !!blk_queue_io_stat(disk->queue);
	unsigned long start = 0;

	if ((bio->bi_opf & REQ_NOWAIT) && pmem_takes_long(bio)) {
		bio_wouldblock_error(bio);
		return;
	}

	if (bio->bi_opf & REQ_PREFLUSH)
		pmem_wmb();

	if (account)
		start = bio_start_io_acct(bio);
	bio->bi_status = pmem_do_bio((struct pmem_device *)disk->private_data,
				     bio);
	if (account)
		bio_end_io_acct(bio, start);

	if (bio->bi_opf & REQ_FUA)
		pmem_wmb();

	bio_endio(bio);
}

/* What PC partitioning tools take for granted when a disk has no heads. */
static int pmem_getgeo(struct block_device *bdev, struct hd_geometry *geo)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = div_u64(get_capacity(bdev->bd_disk),
				 geo->heads * geo->sectors);
	return 0;
}

static const struct block_device_operations pmem_fops = {
	.submit_bio	= pmem_submit_bio,
	.getgeo		= pmem_getgeo,
	.owner		= THIS_MODULE,
};

/**
 * pmem_alloc_disk - make the block device, not to be seen by anyone yet
 * @pmem: its ranges, its node and its list of bad blocks are set
 *
 * Partitioning tools align to the optimal size of an I/O. On a border of 2 MiB
 * they leave to filesystems what these need to map files in 2 MiB pages.
 *
 * Context: May sleep.
 * Return: 0 or %-ENOMEM
 */
int pmem_alloc_disk(struct pmem_device *pmem)
{
	struct queue_limits lim = {
		.features		= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
					  BLK_FEAT_SYNCHRONOUS |
					  BLK_FEAT_NOWAIT | BLK_FEAT_DAX |
					  BLK_FEAT_IO_STAT,
		.max_hw_sectors		= UINT_MAX,
		.physical_block_size	= PAGE_SIZE,
		.io_opt			= PMEM_ALIGN,
		.max_hw_discard_sectors	= PMEM_ZERO_MAX >> SECTOR_SHIFT,
		.max_write_zeroes_sectors = PMEM_ZERO_MAX >> SECTOR_SHIFT,
	};
	struct gendisk *disk;

	disk = blk_alloc_disk(&lim, pmem->node);
	if (IS_ERR(disk))
		return PTR_ERR(disk);

	disk->fops = &pmem_fops;
	disk->private_data = pmem;
	disk->bb = &pmem->bad;
	set_capacity(disk, pmem->data.size >> SECTOR_SHIFT);
	pmem->disk = disk;
	return 0;
}

/**
 * pmem_add_disk - let everyone see the block device
 * @pmem: mapped; its contents are left as they are
 *
 * Context: May sleep. Reads the device, to find partitions.
 * Return: 0, or what the block core said, which is %-ENOMEM as a rule
 */
int pmem_add_disk(struct pmem_device *pmem)
{
	int err;

	err = device_add_disk(NULL, pmem->disk, pmem_attribute_groups);
	/* which is how the driver core says that it has no memory for a name */
	if (err == -EINVAL)
		return -ENOMEM;
	if (err)
		return err;

	/* twice the optimal size is a good read-ahead for disks, but not here */
	pmem->disk->bdi->ra_pages = VM_READAHEAD_PAGES;
	pmem->bad_node = sysfs_get_dirent(disk_to_dev(pmem->disk)->kobj.sd,
					  "badblocks");
	pmem_add_inject(pmem);
	pmem->added = 1;
	return 0;
}

/**
 * pmem_del_disk - undo pmem_add_disk(), if that was done
 * @pmem: closed by all
 *
 * Context: May sleep.
 */
void pmem_del_disk(struct pmem_device *pmem)
{
	if (!pmem->added)
		return;
	pmem_del_inject(pmem);
	del_gendisk(pmem->disk);
}
