/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_SIGNAL_H
#define _RZ_LINUX_SCHED_SIGNAL_H

/*
 * Signals to tasks, as far as they end sleeps. A task accepts all of them, a kernel
 * thread none but those that it allows. Only SIGKILL is fatal. Nothing here sleeps.
 */

#include <linux/sched.h>
#include <linux/signal.h>

/* Makes a signal pending, if @p accepts it; 0 or -EINVAL. Any context but an NMI. */
int send_sig(int sig, struct task_struct *p, int priv);
#define send_sig_info(sig, info, p)	((void)(info), send_sig(sig, p, 1))
/* To the running task, which accepts it then. The old form names the task. */
int __rz_force_sig(int sig, struct task_struct *p);
#define __rz_force_sig_to(sig, p, ...)	((void)__rz_force_sig(sig, p))
#define force_sig(...)			__rz_force_sig_to(__VA_ARGS__, current, 0)

/* Whether one is pending; a fatal one; one that ends a sleep in @state. Any context. */
int signal_pending(struct task_struct *p);
int fatal_signal_pending(struct task_struct *p);
#define __fatal_signal_pending(p)	fatal_signal_pending(p)
int signal_pending_state(unsigned int state, struct task_struct *p);

/* By a kernel thread, for itself. */
void allow_signal(int sig);
void disallow_signal(int sig);
/* The next one, which is pending no more; 0 if there is none. */
int kernel_dequeue_signal(void);
/* Forgets all. Any context but an NMI. */
void flush_signals(struct task_struct *p);

#endif
