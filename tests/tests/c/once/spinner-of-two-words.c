// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
/* w may preempt init on init's CPU, and then init never makes s */
static int a, b, c;
static int w(void *x){ while (!READ_ONCE(a) && !READ_ONCE(c)) cpu_relax(); return 0; }
static int s(void *x){ WRITE_ONCE(a, 1); return 0; }
static int __init i(void){
	struct task_struct *t = kthread_create(w, NULL, "w");
	kthread_bind(t, 0);
	wake_up_process(t);
	WRITE_ONCE(b, 1);
	kthread_run(s, NULL, "s");
	return 0;
}
static void __exit e(void){}
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
