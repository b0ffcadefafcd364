// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/completion.h>
#include <linux/workqueue.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/delay.h>
/* BUG: second write after the wmb is not published */
int x, flag, r;
static int w(void *a){ x = 1; smp_wmb(); x = 2; WRITE_ONCE(flag, 1); return 0; }
static int rd(void *a){ if (READ_ONCE(flag)) { smp_rmb(); r = x; } return 0; }
static int __init i(void){ kthread_run(w, NULL, "w"); kthread_run(rd, NULL, "r"); return 0; }
static void __exit e(void){}
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
