// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/wait.h>
struct r { wait_queue_head_t wait; int done; };
static struct task_struct *t;
static int f(void *data){ struct r *r = data; WRITE_ONCE(r->done, 1); wake_up(&r->wait); return 0; }
static noinline int submit(void){
	struct r r;
	init_waitqueue_head(&r.wait);
	r.done = 0;
	t = kthread_create(f, &r, "f");
	if (IS_ERR(t)) return PTR_ERR(t);
	get_task_struct(t);
	wake_up_process(t);
	wait_event(r.wait, READ_ONCE(r.done));
	return 0;
}
static noinline void cover(void){ volatile char on_top[2048]; memset((void *)on_top, 0xff, sizeof(on_top)); }
static int __init i(void){ int err = submit(); if (!err) cover(); return err; }
static void __exit e(void){ kthread_stop(t); put_task_struct(t); }
module_init(i); module_exit(e);
MODULE_LICENSE("GPL");
