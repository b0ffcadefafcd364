/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KTHREAD_H
#define _RZ_LINUX_KTHREAD_H

/*
 * Kernel threads. Making and stopping one is for tasks that may sleep. A thread
 * that ends by itself takes its task_struct with it: who stops it after that has
 * got a reference before (get_task_struct()).
 */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched.h>

/* How it starts: asleep, or running; on any CPU, or on one. */
struct task_struct *__rz_kthread_create(int (*threadfn)(void *data), void *data,
					const char *name, int cpu, int run);

/* Room for the longest name that is kept. */
#define __RZ_KTHREAD_NAME	32
#define __rz_kthread(fn, data, cpu, run, fmt, ...)			\
({									\
	char __rz_name[__RZ_KTHREAD_NAME];				\
	(void)snprintf(__rz_name, sizeof(__rz_name), fmt, ## __VA_ARGS__); \
	__rz_kthread_create(fn, data, __rz_name, cpu, run);		\
})

/* A thread that starts when it is woken, and one that starts at once. */
#define kthread_create(fn, data, fmt, ...) \
	__rz_kthread(fn, data, -1, 0, fmt, ## __VA_ARGS__)
#define kthread_create_on_node(fn, data, node, fmt, ...) \
	((void)(node), __rz_kthread(fn, data, -1, 0, fmt, ## __VA_ARGS__))
#define kthread_run(fn, data, fmt, ...) \
	__rz_kthread(fn, data, -1, 1, fmt, ## __VA_ARGS__)
/* On one CPU; the format gets its number. */
#define __rz_kthread_on(fn, data, cpu, run, fmt)			\
({									\
	unsigned int __rz_cpu = (cpu);					\
	__rz_kthread(fn, data, (int)__rz_cpu, run, fmt, __rz_cpu);	\
})
#define kthread_create_on_cpu(fn, data, cpu, fmt) \
	__rz_kthread_on(fn, data, cpu, 0, fmt)
#define kthread_run_on_cpu(fn, data, cpu, fmt) \
	__rz_kthread_on(fn, data, cpu, 1, fmt)

/* Before it has started. */
void kthread_bind(struct task_struct *k, unsigned int cpu);
void kthread_bind_mask(struct task_struct *k, const struct cpumask *mask);

/*
 * Tells a thread to stop, wakes it and waits for its end: what its function
 * returned, or -EINTR if that never ran. The thread asks kthread_should_stop().
 */
int kthread_stop(struct task_struct *k);
bool kthread_should_stop(void);

#endif
