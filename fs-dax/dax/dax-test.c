// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of DAX devices.
 */
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <kunit/test.h>

/* alloc_dax() reuses the memory of freed devices. */
static void new_device_has_no_old_flags(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 64; i++) {
		struct dax_device *dax = alloc_dax(NULL, NULL);
		bool synchronous;

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

static struct kunit_case dax_super_cases[] = {
	KUNIT_CASE(new_device_has_no_old_flags),
	{ }
};

static struct kunit_suite dax_super_suite = {
	.name		= "dax_super",
	.test_cases	= dax_super_cases,
};

kunit_test_suites(&dax_super_suite);

MODULE_DESCRIPTION("KUnit tests of DAX devices");
MODULE_LICENSE("GPL");
