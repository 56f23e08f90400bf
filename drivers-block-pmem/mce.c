// SPDX-License-Identifier: GPL-2.0
/*
 * Machine checks: memory errors that the hardware reports without an access.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/notifier.h>
#include <asm/mce.h>
#include <kunit/visibility.h>

#include "pmem.h"

/**
 * pmem_is_memory_lost - whether a machine check says that memory cannot be read
 * @mce: the report
 *
 * Accepts what the kernel calls memory_failure() for, and what drivers/acpi/nfit
 * accepts. On AMD CPUs with SMCA, a core that consumes poison reports the address
 * from its own bank. That is not a memory error to mce_is_memory_error(), which
 * knows the banks of memory controllers only, and these give no physical address.
 *
 * Context: Any. On AMD, on the CPU of the report or with CPUs that are alike.
 * Return: true if the error is uncorrected and @mce->addr is the physical address
 */
bool pmem_is_memory_lost(struct mce *mce)
{
	/* AMD64 APM, volume 2, 9.3.2.1; on Intel these bits count corrected errors */
	const u64 amd_lost = MCI_STATUS_POISON | MCI_STATUS_DEFERRED;

	if (mce_is_correctable(mce) || !mce_usable_address(mce))
		return false;
	if (mce->cpuvendor == X86_VENDOR_AMD ||
	    mce->cpuvendor == X86_VENDOR_HYGON)
		return mce_is_memory_error(mce) || (mce->status & amd_lost);
	return mce_is_memory_error(mce);
}
EXPORT_SYMBOL_IF_KUNIT(pmem_is_memory_lost);

static int pmem_machine_check(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	struct mce *mce = (struct mce *)data;
	u64 unit = SECTOR_SIZE, address;
	struct pmem_device *pmem;

	if (!pmem_is_memory_lost(mce))
		return NOTIFY_DONE;

	/* Intel SDM, volume 3B, 16.3.2.4: number of invalid low address bits */
	if (mce->status & MCI_STATUS_MISCV)
		unit = clamp(BIT_ULL(MCI_MISC_ADDR_LSB(mce->misc)),
			     (u64)SECTOR_SIZE, (u64)PAGE_SIZE);

	address = mce->addr & MCI_ADDR_PHYSADDR;
	mutex_lock(&pmem_devices_mutex);
	pmem = pmem_find(address);
	if (pmem)
		pmem_add_poison(pmem,
				round_down(address - pmem->data.start, unit),
				unit);
	mutex_unlock(&pmem_devices_mutex);
	return pmem ? NOTIFY_OK : NOTIFY_DONE;
}

static struct notifier_block pmem_machine_check_nb = {
	.notifier_call	= pmem_machine_check,
	.priority	= MCE_PRIO_NFIT,
};

/**
 * pmem_register_mce - add reported memory errors to the badblocks lists
 *
 * Context: May sleep.
 */
void pmem_register_mce(void)
{
	mce_register_decode_chain(&pmem_machine_check_nb);
}

/**
 * pmem_unregister_mce - undo pmem_register_mce()
 *
 * Context: May sleep. Waits for running calls of the notifier.
 */
void pmem_unregister_mce(void)
{
	mce_unregister_decode_chain(&pmem_machine_check_nb);
}
