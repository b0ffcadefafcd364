// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
/* polls two words; correct */
static int a, b; 
static int w(void *x){ while (!READ_ONCE(a) && !READ_ONCE(b)) cpu_relax(); return 0; }
static int s(void *x){ WRITE_ONCE(a, 1); return 0; }
static int s2(void *x){ WRITE_ONCE(b, 1); return 0; }
static int __init i(void){ struct task_struct *t; kthread_run(w, NULL, "w"); t = kthread_run(s, NULL, "s"); kthread_run(s2, NULL, "s2"); return 0; }
static void __exit e(void){}
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
