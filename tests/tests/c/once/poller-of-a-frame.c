// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
static struct task_struct *t;
static DECLARE_COMPLETION(begun);
static int f(void *data){ int *n = data; complete(&begun); while (!READ_ONCE(*n)) cpu_relax(); return 0; }
static noinline int submit(void){
	int n = 0;
	t = kthread_create(f, &n, "f");
	if (IS_ERR(t)) return PTR_ERR(t);
	kthread_bind(t, 1);
	get_task_struct(t);
	wake_up_process(t);
	wait_for_completion(&begun);
	return 0;
}
static int __init i(void){ return submit(); }
static void __exit e(void){ kthread_stop(t); put_task_struct(t); }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
