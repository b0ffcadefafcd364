// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A watchdog's registers given back after timer_shutdown_sync().
 *
 * The trigger function may be running on another CPU when the module goes.
 * del_timer() does not wait for it, the registers are given back, and the
 * function writes to them.
 *
 * Rebuilt small from the description of CVE-2024-38630 (watchdog driver
 * cpu5wdt). There it is a region of I/O ports, here it is memory.
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>

struct wdt_regs {
	u32 reload;
};

static struct wdt_regs *regs;

/* Tells the device that the system is alive. */
static void wdt_trigger(struct timer_list *unused)
{
	WRITE_ONCE(regs->reload, 1);
}

static DEFINE_TIMER(wdt_timer, wdt_trigger);

static int __init wdt_init(void)
{
	regs = kzalloc(sizeof(*regs), GFP_KERNEL);
	if (!regs)
		return -ENOMEM;
	wdt_timer.expires = jiffies + HZ / 10;
	add_timer_on(&wdt_timer, 1);
	return 0;
}

static void __exit wdt_exit(void)
{
	timer_shutdown_sync(&wdt_timer);
	kfree(regs);
}

module_init(wdt_init);
module_exit(wdt_exit);
MODULE_DESCRIPTION("A watchdog and its timer");
MODULE_LICENSE("Dual MIT/GPL");
