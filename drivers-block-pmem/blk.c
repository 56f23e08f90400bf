// SPDX-License-Identifier: GPL-2.0
/*
 * The block device: bios in, memory copies out.
 */
#include <linux/bio.h>
#include <linux/bvec.h>
#include <linux/hdreg.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "pmem.h"

static char *pmem_sector_addr(struct pmem_device *pmem, sector_t sector)
{
	return pmem->addr + (sector << SECTOR_SHIFT);
}

/* A machine check while reading is an I/O error, not the end of the kernel. */
static blk_status_t pmem_read(struct pmem_device *pmem, sector_t sector,
			      struct bio_vec *bvec)
{
	if (copy_mc_to_kernel(bvec_virt(bvec), pmem_sector_addr(pmem, sector),
			      bvec->bv_len))
		return BLK_STS_IOERR;
	return BLK_STS_OK;
}

/* Past the CPU caches, so that pmem_wmb() alone makes it durable. */
static blk_status_t pmem_write(struct pmem_device *pmem, sector_t sector,
			       struct bio_vec *bvec)
{
	memcpy_flushcache(pmem_sector_addr(pmem, sector), bvec_virt(bvec),
			  bvec->bv_len);
	return BLK_STS_OK;
}

static blk_status_t pmem_copy_bio(struct pmem_device *pmem, struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bvec;
	blk_status_t status;

	/*
	 * Whole bvecs, not their pages one by one: both sides of the copy are
	 * in the linear map, where neighbours are neighbours.
	 */
	bio_for_each_bvec(bvec, bio, iter) {
		if (op_is_write(bio_op(bio)))
			status = pmem_write(pmem, iter.bi_sector, &bvec);
		else
			status = pmem_read(pmem, iter.bi_sector, &bvec);
		if (status)
			return status;
	}
	return BLK_STS_OK;
}

static void pmem_submit_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	int account = !!blk_queue_io_stat(disk->queue);
	unsigned long start = 0;

	if (bio->bi_opf & REQ_PREFLUSH)
		pmem_wmb();

	if (account)
		start = bio_start_io_acct(bio);
	bio->bi_status = pmem_copy_bio((struct pmem_device *)disk->private_data,
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
 * pmem_add_disk - make the memory a block device, with DAX
 * @pmem: mapped; its contents are left as they are
 *
 * Context: May sleep. Reads the device, to find partitions.
 * Return: 0, -ENOMEM, or what the block or DAX core said
 */
int pmem_add_disk(struct pmem_device *pmem)
{
	struct queue_limits lim = {
		.features		= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
					  BLK_FEAT_SYNCHRONOUS |
					  BLK_FEAT_NOWAIT | BLK_FEAT_DAX |
					  BLK_FEAT_IO_STAT,
		.max_hw_sectors		= UINT_MAX,
		.physical_block_size	= PAGE_SIZE,
	};
	struct gendisk *disk;
	int err;

	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk))
		return PTR_ERR(disk);

	disk->fops = &pmem_fops;
	disk->private_data = pmem;
	strscpy(disk->disk_name, pmem->name, DISK_NAME_LEN);
	set_capacity(disk, pmem->range.size >> SECTOR_SHIFT);
	pmem->disk = disk;

	err = pmem_add_dax(pmem);
	if (err)
		goto out_put_disk;

	err = add_disk(disk);
	if (err)
		goto out_del_dax;

	pr_info("%s: [mem %#llx-%#llx], %llu MiB\n", pmem->name,
		pmem->range.start, pmem->range.start + pmem->range.size - 1,
		pmem->range.size >> 20);
	return 0;

out_del_dax:
	pmem_del_dax(pmem);
out_put_disk:
	put_disk(disk);
	pr_err("%s: no disk: error %d; free some memory and try again\n",
	       pmem->name, err);
	return err;
}

/**
 * pmem_del_disk - undo pmem_add_disk()
 * @pmem: closed by all
 *
 * Context: May sleep.
 */
void pmem_del_disk(struct pmem_device *pmem)
{
	del_gendisk(pmem->disk);
	pmem_del_dax(pmem);
	put_disk(pmem->disk);
}
