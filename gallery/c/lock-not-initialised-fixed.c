// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Locks in allocated memory, each set up by spin_lock_init().
 *
 * All zeroes happens to be an unlocked lock on many machines, so that nothing
 * is noticed, until a debugging kernel runs it or an architecture where it is
 * not. The loop over the ports leaves out the last one.
 *
 * From locking/spinlocks.rst and CONFIG_DEBUG_SPINLOCK ("bad magic").
 * Verdict: holds.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define PORTS	2

struct port {
	spinlock_t lock;
	bool open;
};

static struct port *ports;

static void open_port(struct port *port)
{
	spin_lock(&port->lock);
	port->open = true;
	spin_unlock(&port->lock);
}

static int __init port_init(void)
{
	int i;

	ports = kcalloc(PORTS, sizeof(*ports), GFP_KERNEL);
	if (!ports)
		return -ENOMEM;
	for (i = 0; i < PORTS; i++)
		spin_lock_init(&ports[i].lock);
	for (i = 0; i < PORTS; i++)
		open_port(&ports[i]);
	return 0;
}

static void __exit port_exit(void)
{
	kfree(ports);
}

module_init(port_init);
module_exit(port_exit);
MODULE_DESCRIPTION("Locks in allocated memory");
MODULE_LICENSE("Dual MIT/GPL");
