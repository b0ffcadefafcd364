// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/delay.h>
#include <linux/sched.h>
static DEFINE_SPINLOCK(l); static int a;
static int w(void *x){ int v; for (;;) { spin_lock(&l); v = a; spin_unlock(&l); if (v) break; cpu_relax(); } return 0; }
static int s(void *x){ spin_lock(&l); a = 1; spin_unlock(&l); return 0; }
static int __init i(void){ kthread_run(w, NULL, "w"); kthread_run(s, NULL, "s"); return 0; }
static void __exit e(void){}
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
