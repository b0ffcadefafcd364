// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
static void pf(struct work_struct *w); static DECLARE_DELAYED_WORK(dw, pf);
static void pf(struct work_struct *w){ schedule_delayed_work(&dw, 1); }
static int __init pi(void){ schedule_delayed_work(&dw, 1); return 0; }
static void __exit pe(void){ cancel_delayed_work_sync(&dw); }
module_init(pi); module_exit(pe);
MODULE_LICENSE("GPL");
