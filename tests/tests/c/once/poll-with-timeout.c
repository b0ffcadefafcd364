// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/interrupt.h>
static int done;
static irqreturn_t h(int irq, void *d) { WRITE_ONCE(done, 1); return IRQ_HANDLED; }
static int __init test_init(void)
{
	unsigned long timeout = jiffies + 3;
	int ret = 0;
	if (request_irq(5, h, 0, "x", &done)) return -EBUSY;
	while (!READ_ONCE(done)) {
		if (time_after(jiffies, timeout)) { ret = -ETIMEDOUT; break; }
		cpu_relax();
	}
	if (ret) free_irq(5, &done);
	return ret;
}
static void __exit test_exit(void) { free_irq(5, &done); }
module_init(test_init);
module_exit(test_exit);
