// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>
/* lock-protected plain writes, data_race() diagnostic read: correct */
static DEFINE_SPINLOCK(l); static int foo;
static int w(void *a){ spin_lock(&l); foo += 3; spin_unlock(&l); return 0; }
static int d(void *a){ pr_info("foo %d\n", data_race(foo)); return 0; }
static int __init i(void){ kthread_run(w, NULL, "w"); kthread_run(d, NULL, "diag"); return 0; }
static void __exit e(void){ }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
