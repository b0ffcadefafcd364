// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
/* correct: s has a CPU of its own, and is there before w */
static int a, b;
static int w(void *x){ while (!READ_ONCE(a)) cpu_relax(); return 0; }
static int s(void *x){ WRITE_ONCE(a, 1); return 0; }
static int __init i(void){
	struct task_struct *t = kthread_create(s, NULL, "s");
	kthread_bind(t, 1);
	wake_up_process(t);
	t = kthread_create(w, NULL, "w");
	kthread_bind(t, 0);
	wake_up_process(t);
	WRITE_ONCE(b, 1);
	return 0;
}
static void __exit e(void){}
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
