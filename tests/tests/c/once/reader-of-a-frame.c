// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/string.h>
static struct task_struct *t;
static DECLARE_COMPLETION(begun);
static int f(void *data){ int *n = data; complete(&begun); BUG_ON(READ_ONCE(*n) != 1); return 0; }
static noinline int submit(void){
	int n = 1;
	t = kthread_create(f, &n, "f");
	if (IS_ERR(t)) return PTR_ERR(t);
	get_task_struct(t);
	wake_up_process(t);
	wait_for_completion(&begun);
	return 0;
}
static noinline void cover(void){ volatile char on_top[2048]; memset((void *)on_top, 0xff, sizeof(on_top)); }
static int __init i(void){ int err = submit(); if (!err) cover(); return err; }
static void __exit e(void){ kthread_stop(t); put_task_struct(t); }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
