// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
/* BUG: n++ in a section, then n++ outside; on one CPU a lost update is possible */
int n;
static int t(void *a){ preempt_disable(); n++; preempt_enable(); n++; return 0; }
static int __init i(void){ struct task_struct *k; k = kthread_create(t, NULL, "t"); kthread_bind(k, 0); wake_up_process(k); k = kthread_create(t, NULL, "u"); kthread_bind(k, 0); wake_up_process(k); return 0; }
static void __exit e(void){ WARN_ON(n != 4); }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
