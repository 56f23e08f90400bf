// SPDX-License-Identifier: GPL-2.0
/*
 * The block device: each bio is a memory copy in the thread that submits it.
 */
#include <linux/bio.h>
#include <linux/bvec.h>
#include <linux/export.h>
#include <linux/hdreg.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <kunit/visibility.h>

#include "pmem.h"

/*
 * The largest discard or write-zeroes bio. Zeroing takes long; between two bios the
 * submitter reschedules and handles signals.
 */
#define PMEM_ZERO_MAX	SZ_32M

/* Zeroing up to this size is fast enough for REQ_NOWAIT. */
#define PMEM_ZERO_NOWAIT	SZ_64K

/* Copy the rest of a bio, with a look at the state of the device for each bvec. */
static noinline blk_status_t pmem_copy_checked(struct pmem_device *pmem,
					       struct bio *bio,
					       struct bvec_iter rest)
{
	struct bvec_iter iter;
	struct bio_vec bvec;

	/* multi-page bvecs are contiguous in the kernel mapping, as the device is */
	__bio_for_each_bvec(bvec, bio, iter, rest) {
		u64 offset = (u64)iter.bi_sector << SECTOR_SHIFT;
		void *buffer = bvec_virt(&bvec);
		int err;

		if (op_is_write(bio_op(bio)))
			err = pmem_write(pmem, offset, buffer, bvec.bv_len);
		else
			err = pmem_read(pmem, offset, buffer, bvec.bv_len);
		if (unlikely(err))
			return BLK_STS_IOERR;
	}
	return BLK_STS_OK;
}

static blk_status_t pmem_do_bio(struct pmem_device *pmem, struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		return pmem_copy_checked(pmem, bio, bio->bi_iter);
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		if (pmem_zero(pmem,
			      (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT,
			      bio->bi_iter.bi_size))
			return BLK_STS_IOERR;
		return BLK_STS_OK;
	default:
		return BLK_STS_NOTSUPP;
	}
}

static bool pmem_takes_long(struct bio *bio)
{
	return !bio_has_data(bio) &&
	       bio->bi_iter.bi_size > PMEM_ZERO_NOWAIT;
}

static void pmem_submit_checked(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	bool account = !!blk_queue_io_stat(disk->queue);
	unsigned long start = 0;
	blk_status_t status;

	if ((bio->bi_opf & REQ_NOWAIT) && pmem_takes_long(bio)) {
		bio_wouldblock_error(bio);
		return;
	}

	if (bio->bi_opf & REQ_PREFLUSH)
		pmem_wmb();

	if (account)
		start = bio_start_io_acct(bio);
	status = pmem_do_bio((struct pmem_device *)disk->private_data, bio);
	/* the error of a chained bio may already be there */
	if (unlikely(status))
		bio->bi_status = status;
	if (account)
		bio_end_io_acct(bio, start);

	if (bio->bi_opf & REQ_FUA)
		pmem_wmb();

	bio_endio(bio);
}

/* Whether the bio is a read, a write or a flush, and nothing more. */
static bool pmem_is_plain(const struct gendisk *disk,
			  const struct pmem_device *pmem,
			  const struct bio *bio)
{
	return !(bio->bi_opf & REQ_OP_MASK & ~REQ_OP_WRITE) &&
	       !blk_queue_io_stat(disk->queue) && !pmem->mode.ro;
}

/* As pmem_submit_checked(), but fast for a plain bio on a device without poison. */
static void pmem_submit_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	struct pmem_device *pmem = (struct pmem_device *)disk->private_data;
	u64 offset = (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT;
	blk_status_t status = BLK_STS_OK;
	struct bvec_iter iter;
	struct bio_vec bvec;

	if (unlikely(!pmem_is_plain(disk, pmem, bio))) {
		pmem_submit_checked(bio);
		return;
	}

	if (unlikely(bio->bi_opf & REQ_PREFLUSH))
		pmem_wmb();
	bio_for_each_bvec(bvec, bio, iter) {
		char *buffer = (char *)bvec_virt(&bvec);

		if (unlikely(pmem_may_be_bad(pmem))) {
			status = pmem_copy_checked(pmem, bio, iter);
			break;
		}
		if (op_is_write(bio_op(bio))) {
			pmem_store(pmem, offset, buffer, bvec.bv_len);
		} else if (unlikely(pmem_load(pmem, offset, buffer,
					      bvec.bv_len))) {
			status = BLK_STS_IOERR;
			break;
		}
		offset += bvec.bv_len;
	}
	if (unlikely(status))
		bio->bi_status = status;
	if (unlikely(bio->bi_opf & REQ_FUA))
		pmem_wmb();
	bio_endio(bio);
}

/* The geometry that PC partitioning tools assume for disks without one. */
static int pmem_getgeo(struct gendisk *disk, struct hd_geometry *geo)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = div_u64(get_capacity(disk), geo->heads * geo->sectors);
	return 0;
}

static int pmem_open(struct gendisk *disk, blk_mode_t mode)
{
	struct pmem_device *pmem = (struct pmem_device *)disk->private_data;

	lockdep_assert_held(&disk->open_mutex);
	/* device mapper opens without the check that other users make */
	if (pmem->mode.ro && (mode & BLK_OPEN_WRITE))
		return -EROFS;
	return pmem->closed ? -EBUSY : 0;
}

static const struct block_device_operations pmem_fops = {
	.open		= pmem_open,
	.submit_bio	= pmem_submit_bio,
	.getgeo		= pmem_getgeo,
	.owner		= THIS_MODULE,
};

/*
 * A discard zeroes, and would have fstrim and mkfs rewrite all free memory. It stays
 * off until somebody writes to queue/discard_max_bytes. The block core overwrites
 * this limit in the allocation of a disk.
 */
static int pmem_switch_discard_off(struct gendisk *disk)
{
	struct queue_limits lim = queue_limits_start_update(disk->queue);

	lim.max_user_discard_sectors = 0;
	return queue_limits_commit_update(disk->queue, &lim);
}

/**
 * pmem_alloc_disk - allocate the block device
 * @pmem: its ranges, its mode, its node and its badblocks list are set
 *
 * Filesystems need blocks that are aligned to 2 MiB to map files in 2 MiB pages.
 * Partitioning tools align to the optimal I/O size. mkfs.xfs takes the minimum I/O
 * size as stripe unit, which aligns files, and the optimal one as stripe width; it
 * ignores one without the other.
 *
 * Context: May sleep.
 * Return: 0, or %-ENOMEM if the disk cannot be allocated, or %-EINVAL if the block
 *         core rejects the limits
 */
int pmem_alloc_disk(struct pmem_device *pmem)
{
	struct queue_limits lim = {
		.features		= BLK_FEAT_SYNCHRONOUS |
					  BLK_FEAT_NOWAIT | BLK_FEAT_DAX,
		.max_hw_sectors		= UINT_MAX,
		.physical_block_size	= PAGE_SIZE,
		.io_min			= PMEM_ALIGN,
		.io_opt			= PMEM_ALIGN,
		.max_hw_discard_sectors	= PMEM_ZERO_MAX >> SECTOR_SHIFT,
		.max_write_zeroes_sectors = PMEM_ZERO_MAX >> SECTOR_SHIFT,
	};
	struct gendisk *disk;
	int err;

	/* nothing makes data on a RAM disk durable, so nothing has to be flushed */
	if (!pmem->mode.ramdisk)
		lim.features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	disk = blk_alloc_disk(&lim, pmem->node);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	err = pmem_switch_discard_off(disk);
	if (err) {
		put_disk(disk);
		return err;
	}

	disk->fops = &pmem_fops;
	disk->private_data = pmem;
	disk->bb = &pmem->bad;
	set_capacity(disk, pmem->data.size >> SECTOR_SHIFT);
	set_disk_ro(disk, pmem->mode.ro);
	pmem->disk = disk;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_alloc_disk);

/**
 * pmem_add_disk - make the block device visible
 * @pmem: its memory is mapped
 * @groups: sysfs attributes of the disk
 *
 * Context: May sleep. Reads the device to find partitions.
 * Return: 0, %-ENOMEM if memory is short, or another errno of device_add_disk()
 */
int pmem_add_disk(struct pmem_device *pmem,
		  const struct attribute_group **groups)
{
	int err;

	/*
	 * device_add_disk() sets the same name, but ignores a lack of memory, and then
	 * returns -EINVAL for a disk without a name.
	 */
	err = dev_set_name(disk_to_dev(pmem->disk), "%s",
			   pmem->disk->disk_name);
	if (err)
		return err;
	err = device_add_disk(pmem->parent, pmem->disk, groups);
	if (err)
		return err;

	pmem->bad_node = sysfs_get_dirent(disk_to_dev(pmem->disk)->kobj.sd,
					  "badblocks");
	pmem->added = true;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pmem_add_disk);

/**
 * pmem_del_disk - undo pmem_add_disk(), if it has succeeded
 * @pmem: its disk is closed by all users
 *
 * Context: May sleep.
 */
void pmem_del_disk(struct pmem_device *pmem)
{
	if (pmem->added)
		del_gendisk(pmem->disk);
}

/**
 * pmem_close_disk - make open() of the disk fail, unless the disk is open
 * @pmem: its disk is allocated
 * @why: PMEM_CLOSED_REMOVAL or PMEM_CLOSED_HIBERNATION
 *
 * open() fails with -EBUSY until pmem_reopen_disk().
 *
 * Context: May sleep. Takes the open_mutex of the disk.
 * Return: false if the disk or a partition of it is open
 */
bool pmem_close_disk(struct pmem_device *pmem, unsigned int why)
{
	struct gendisk *disk = pmem->disk;
	bool closed;

	mutex_lock(&disk->open_mutex);
	closed = !disk_openers(disk);
	if (closed)
		pmem->closed |= why;
	mutex_unlock(&disk->open_mutex);
	return closed;
}

/**
 * pmem_reopen_disk - undo pmem_close_disk()
 * @pmem: its disk is not deleted
 * @why: as for pmem_close_disk(); a disk that is closed for another reason stays so
 *
 * Context: May sleep. Takes the open_mutex of the disk.
 */
void pmem_reopen_disk(struct pmem_device *pmem, unsigned int why)
{
	mutex_lock(&pmem->disk->open_mutex);
	pmem->closed &= ~why;
	mutex_unlock(&pmem->disk->open_mutex);
}
