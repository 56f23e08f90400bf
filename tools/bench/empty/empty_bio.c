// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that ends each bio and moves no data: what the block layer alone costs. For
 * the benchmark only.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/module.h>

/* As large as the area that the benchmark uses, or larger. */
#define EMPTY_SECTORS	((1ULL << 30) >> SECTOR_SHIFT)

static struct gendisk *disk;

static void empty_submit_bio(struct bio *bio)
{
	bio_endio(bio);
}

static const struct block_device_operations empty_fops = {
	.submit_bio	= empty_submit_bio,
	.owner		= THIS_MODULE,
};

static int __init empty_init(void)
{
	/* the features of the disks that it is compared with */
	struct queue_limits lim = {
		.features		= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA |
					  BLK_FEAT_SYNCHRONOUS | BLK_FEAT_NOWAIT,
		.max_hw_sectors		= UINT_MAX,
		.physical_block_size	= PAGE_SIZE,
		.max_write_zeroes_sectors = SZ_32M >> SECTOR_SHIFT,
	};
	int err;

	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->fops = &empty_fops;
	strscpy(disk->disk_name, "empty", sizeof(disk->disk_name));
	set_capacity(disk, EMPTY_SECTORS);
	err = add_disk(disk);
	if (err)
		put_disk(disk);
	return err;
}
module_init(empty_init);

static void __exit empty_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
}
module_exit(empty_exit);

MODULE_DESCRIPTION("Block device that does nothing");
MODULE_LICENSE("GPL");
