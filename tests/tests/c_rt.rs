//! Mutexes with priority inheritance from C: each name of the header, what tasks inherit, and misuse.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn mutexes_with_priority_inheritance_do_what_they_say() {
    meets("rt-forms", FORMS);
}

const FORMS: &str = r#"
//# forms: holds
#include <linux/rtmutex.h>
#include <linux/sched/prio.h>
#include <linux/lockdep.h>
static DEFINE_RT_MUTEX(outer$);
static struct rt_mutex state$;
INIT {
	struct hrtimer_sleeper timeout = { .timeout = 10 };

	rt_mutex_init(&state$);
	rt_mutex_lock(&state$);
	BUG_ON(!rt_mutex_is_locked(&state$) || rt_mutex_owner(&state$) != current);
	lockdep_assert_held(&state$);
	BUG_ON(lockdep_is_held(&outer$));
	BUG_ON(rt_mutex_trylock(&state$));
	BUG_ON(rt_mutex_lock_interruptible(&state$, 1) != -EDEADLK);
	rt_mutex_unlock(&state$);
	BUG_ON(rt_mutex_is_locked(&state$) || rt_mutex_owner(&state$));
	BUG_ON(rt_mutex_lock_interruptible(&state$));
	rt_mutex_unlock(&state$);
	BUG_ON(rt_mutex_lock_killable(&state$));
	rt_mutex_unlock(&state$);
	BUG_ON(rt_mutex_timed_lock(&state$, &timeout, 1));
	rt_mutex_unlock(&state$);
	BUG_ON(rt_mutex_timed_lock(&state$, NULL, 0));
	timeout.timeout = 0;
	BUG_ON(rt_mutex_timed_lock(&state$, &timeout, 0) != -ETIMEDOUT);
	rt_mutex_unlock(&state$);
	rt_mutex_lock(&outer$);
	rt_mutex_lock_nest_lock(&state$, &outer$);
	rt_mutex_unlock(&state$);
	rt_mutex_lock_nested(&state$, 1);
	rt_mutex_unlock(&state$);
	rt_mutex_unlock(&outer$);
	BUG_ON(!rt_mutex_trylock(&state$));
	rt_mutex_unlock(&state$);
	rt_mutex_destroy(&state$);
}
//# one at a time: holds
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(lock$);
static int count$;
A {
	rt_mutex_lock(&lock$);
	count$++;
	rt_mutex_unlock(&lock$);
}
B {
	rt_mutex_lock(&lock$);
	count$++;
	rt_mutex_unlock(&lock$);
}
EXIT {
	BUG_ON(count$ != 2);
}
//# a holder inherits: holds
#include <linux/rtmutex.h>
#include <linux/sched/prio.h>
static DEFINE_RT_MUTEX(lock$);
A {
	rt_mutex_lock(&lock$);
	BUG_ON(current->prio != DEFAULT_PRIO && current->prio != MAX_RT_PRIO);
	BUG_ON(current->normal_prio != DEFAULT_PRIO);
	rt_mutex_unlock(&lock$);
	BUG_ON(current->prio != DEFAULT_PRIO);
}
B {
	set_user_nice(current, MIN_NICE);
	rt_mutex_lock(&lock$);
	rt_mutex_unlock(&lock$);
}
//# a circle is told: holds
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(one$);
static DEFINE_RT_MUTEX(two$);
static int told$;
A {
	rt_mutex_lock(&one$);
	if (rt_mutex_lock_interruptible(&two$, 1) == 0)
		rt_mutex_unlock(&two$);
	rt_mutex_unlock(&one$);
}
B {
	rt_mutex_lock(&two$);
	if (rt_mutex_lock_interruptible(&one$, 1) == -EDEADLK)
		told$ = 1;
	else
		rt_mutex_unlock(&one$);
	rt_mutex_unlock(&two$);
}
//# a circle that nobody asks for: deadlock
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(one$);
static DEFINE_RT_MUTEX(two$);
A {
	rt_mutex_lock(&one$);
	rt_mutex_lock(&two$);
	rt_mutex_unlock(&two$);
	rt_mutex_unlock(&one$);
}
B {
	rt_mutex_lock(&two$);
	rt_mutex_lock(&one$);
	rt_mutex_unlock(&one$);
	rt_mutex_unlock(&two$);
}
//# said to be held: warn
#include <linux/rtmutex.h>
#include <linux/lockdep.h>
static DEFINE_RT_MUTEX(lock$);
INIT {
	lockdep_assert_held(&lock$);
}
//# locked twice: self-deadlock
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(lock$);
INIT {
	rt_mutex_lock(&lock$);
	rt_mutex_lock(&lock$);
}
//# never initialised: uninitialised-lock
#include <linux/rtmutex.h>
static struct rt_mutex lock$;
INIT {
	rt_mutex_lock(&lock$);
}
//# destroyed: uninitialised-lock
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(lock$);
INIT {
	rt_mutex_destroy(&lock$);
	rt_mutex_lock(&lock$);
}
//# unlocked while it is free: unlock-by-other
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(lock$);
INIT {
	rt_mutex_unlock(&lock$);
}
//# freed while it is held: warn
#include <linux/rtmutex.h>
INIT {
	struct rt_mutex *lock = kmalloc(sizeof(*lock), GFP_KERNEL | __GFP_NOFAIL);

	rt_mutex_init(lock);
	rt_mutex_lock(lock);
	kfree(lock);
}
//# freed by the next one: holds
#include <linux/rtmutex.h>
static struct rt_mutex *lock$;
static int used$;
INIT {
	lock$ = kmalloc(sizeof(*lock$), GFP_KERNEL | __GFP_NOFAIL);
	rt_mutex_init(lock$);
}
A {
	rt_mutex_lock(lock$);
	used$ = 1;
	rt_mutex_unlock(lock$);
}
B {
	int used;

	rt_mutex_lock(lock$);
	used = used$;
	rt_mutex_unlock(lock$);
	if (used) {
		kfree(lock$);
		lock$ = NULL;
	}
}
EXIT {
	kfree(lock$);
}
//# locked with preemption off: sleep-in-atomic
#include <linux/rtmutex.h>
static DEFINE_RT_MUTEX(lock$);
INIT {
	preempt_disable();
	rt_mutex_lock(&lock$);
}
"#;
