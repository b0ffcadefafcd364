// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A timer that is deleted when the module goes.
 *
 * It goes off a second later and calls a function whose text has been
 * unmapped.
 *
 * From kernel-hacking/locking.rst: delete your timers, and wait for them. In
 * the old spelling: init_timer() and the timer's fields.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/timer.h>

static struct timer_list blink_timer;
static atomic_t blinks = ATOMIC_INIT(0);

static void blink(unsigned long data)
{
	atomic_inc((atomic_t *)data);
}

static int __init blink_init(void)
{
	init_timer(&blink_timer);
	blink_timer.function = blink;
	blink_timer.data = (unsigned long)&blinks;
	blink_timer.expires = jiffies + HZ;
	add_timer(&blink_timer);
	return 0;
}

static void __exit blink_exit(void)
{
	del_timer_sync(&blink_timer);
	pr_info("%d blinks\n", atomic_read(&blinks));
}

module_init(blink_init);
module_exit(blink_exit);
MODULE_DESCRIPTION("A timer and its end");
MODULE_LICENSE("Dual MIT/GPL");
