// SPDX-License-Identifier: MIT OR Apache-2.0
/* Each form of mutexes with priority inheritance once. */
#include <linux/rtmutex.h>
#include <linux/semaphore.h>
#include <linux/lockdep.h>

static DEFINE_RT_MUTEX(state);

int use_rt_mutexes(struct rt_mutex *m);
int use_rt_mutexes(struct rt_mutex *m)
{
	static struct lock_class_key key;
	struct hrtimer_sleeper timeout = { .timeout = 10 };
	int n = 0;

	rt_mutex_init(m);
	__rt_mutex_init(m, "m", &key);
	rt_mutex_lock(&state);
	rt_mutex_lock_nested(m, 1);
	rt_mutex_lock_nest_lock(m, &state);
	n += rt_mutex_lock_interruptible(m);
	n += rt_mutex_lock_interruptible(m, 1);
	n += rt_mutex_lock_killable(m);
	n += rt_mutex_timed_lock(m, &timeout, 0);
	n += rt_mutex_trylock(m);
	n += rt_mutex_is_locked(m);
	n += rt_mutex_owner(m) != NULL;
	lockdep_assert_held(m);
	rt_mutex_unlock(m);
	rt_mutex_destroy(m);
	return n;
}
