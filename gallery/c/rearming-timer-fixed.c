// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A timer that arms itself again, deleted with del_timer_sync().
 *
 * The callback may be running on another CPU, between its start and the line
 * that arms the timer again. del_timer() deletes nothing then, the poller is
 * freed, and the callback goes on in freed memory. del_timer_sync() waits for
 * the callback, and deletes what it has armed.
 *
 * From the locking guide ("deleting timers which restart themselves"). In the
 * old spelling: setup_timer() and the data argument.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>

struct poller {
	struct timer_list timer;
	atomic_t polls;
};

static struct poller *poller;

static void poll(unsigned long data)
{
	struct poller *p = (struct poller *)data;

	atomic_inc(&p->polls);
	mod_timer(&p->timer, jiffies + 1);
}

static int __init poller_init(void)
{
	poller = kzalloc(sizeof(*poller), GFP_KERNEL);
	if (!poller)
		return -ENOMEM;
	setup_timer(&poller->timer, poll, (unsigned long)poller);
	poller->timer.expires = jiffies + 1;
	add_timer_on(&poller->timer, 1);
	return 0;
}

static void __exit poller_exit(void)
{
	del_timer_sync(&poller->timer);
	kfree(poller);
}

module_init(poller_init);
module_exit(poller_exit);
MODULE_DESCRIPTION("A timer that arms itself again");
MODULE_LICENSE("Dual MIT/GPL");
