// SPDX-License-Identifier: GPL-2.0
/*
 * Hibernation saves ordinary memory and turns the machine off, which loses the memory
 * of the devices. So it is refused while that is in use. Suspend to RAM loses nothing.
 */
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "pmem.h"

/* Whether the kernel can go on without what the device holds now. */
static bool pmem_may_lose(struct pmem_device *pmem)
{
	if (pmem->mode.map == PMEM_MAP_DEV && !pmem->mode.ro) {
		pr_err("%s: hibernation is refused, because it would lose the struct pages of map=dev; remove the device first\n",
		       pmem->name);
		return false;
	}
	if (pmem->mode.dev_dax) {
		pr_err("%s: hibernation is refused, because it would lose the contents; remove the device first\n",
		       pmem->name);
		return false;
	}
	if (!pmem_close_disk(pmem, PMEM_CLOSED_HIBERNATION) ||
	    !pmem_is_idle(pmem)) {
		pr_err("%s: hibernation is refused, because it would lose the contents; unmount or close the disk first\n",
		       pmem->name);
		return false;
	}
	return true;
}

static int pmem_hibernation(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	struct pmem_device *pmem, *refused = NULL;

	if (action != PM_HIBERNATION_PREPARE && action != PM_POST_HIBERNATION)
		return NOTIFY_DONE;

	mutex_lock(&pmem_devices_mutex);
	if (action == PM_HIBERNATION_PREPARE)
		list_for_each_entry(pmem, &pmem_devices, list)
			if (!pmem_may_lose(pmem)) {
				refused = pmem;
				break;
			}
	/* a notifier that refuses is not called again */
	if (refused || action == PM_POST_HIBERNATION)
		list_for_each_entry(pmem, &pmem_devices, list)
			if (pmem->disk)
				pmem_reopen_disk(pmem, PMEM_CLOSED_HIBERNATION);
	mutex_unlock(&pmem_devices_mutex);
	return refused ? notifier_from_errno(-EBUSY) : NOTIFY_OK;
}

static struct notifier_block pmem_hibernation_nb = {
	.notifier_call	= pmem_hibernation,
};

/**
 * pmem_register_hibernation - refuse hibernation while a device is in use
 *
 * Context: May sleep.
 */
void pmem_register_hibernation(void)
{
	register_pm_notifier(&pmem_hibernation_nb);
}

/**
 * pmem_unregister_hibernation - undo pmem_register_hibernation()
 *
 * Context: May sleep. Waits for running calls of the notifier.
 */
void pmem_unregister_hibernation(void)
{
	unregister_pm_notifier(&pmem_hibernation_nb);
}
